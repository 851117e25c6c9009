"""Plaid: bank and card accounts with their lines. https://plaid.com/docs/api/"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from integrations.census import Census, Listed, all_of
from integrations.errors import PayloadError, StaleCursor
from integrations.payload import Payload
from integrations.provider import (
    Api,
    Credentials,
    HostedLink,
    Outgoing,
    Page,
    Provider,
    RateLimit,
    Stream,
    Webhook,
    Window,
)
from integrations.providers.plaid import readings
from integrations.providers.plaid.faults import FAULTS
from integrations.providers.plaid.wire import events, key_id, read_error, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.census import Days

API_VERSION = "2020-09-14"
PAGE_SIZE = 500
MAX_PAGES = 400
RESTARTS = 3
#: Fixed for ever when the login is first used; Plaid's default would be 90.
DAYS_REQUESTED = 730


def pull_accounts(api: Api, window: Window) -> Iterator[Page]:
    """All accounts of the login with their balances. https://plaid.com/docs/api/accounts/#accountsget"""
    answer = Payload.of(api.post("/accounts/get", {}))
    accounts = list(answer.objects("accounts", required=True))
    yield Page(items=[_read_at(account, window) for account in accounts], cursor="")


def pull_transactions(api: Api, window: Window) -> Iterator[Page]:
    """Everything that changed since the cursor, held back until the whole loop is in.

    Plaid gives net changes: after a change under the reader the pages read so far may hold lines that no later answer
    takes back, so they are dropped and the loop starts again from its first cursor.
    https://plaid.com/docs/api/products/transactions/#transactionssync
    """
    for attempt in range(1, RESTARTS + 1):
        try:
            pages, cursor = _loop(api, window)
        except StaleCursor:
            if attempt == RESTARTS:
                raise
        else:
            break
    for number, items in enumerate(pages, 1):
        yield Page(items=items, cursor=cursor if number == len(pages) else None)


def _loop(api: Api, window: Window) -> tuple[list[list[dict[str, Any]]], str | None]:
    """(pages, the cursor to store; None while Plaid has nothing ready, told by an empty one)."""
    pages: list[list[dict[str, Any]]] = []
    cursor = window.cursor
    for _ in range(MAX_PAGES):
        body: dict[str, Any] = {"count": PAGE_SIZE, "options": {"include_original_description": True}}
        answer = Payload.of(api.post("/transactions/sync", {**body, "cursor": cursor} if cursor else body))
        pages.append(_items(answer, window))
        cursor = answer.text("next_cursor")
        if not answer.flag("has_more"):
            return pages, cursor or None
    raise PayloadError("$.has_more", f"still true after {MAX_PAGES} pages")


def list_lines(api: Api, days: Days) -> list[Listed]:
    """Lines by date from the older list, which tells its total. https://plaid.com/docs/api/products/transactions/#transactionsget"""
    span = {"start_date": days.first.isoformat(), "end_date": days.last.isoformat()}
    found: list[Listed] = []
    for _ in range(MAX_PAGES):
        options = {"count": PAGE_SIZE, "offset": len(found)}
        answer = Payload.of(api.post("/transactions/get", {**span, "options": options}))
        rows = list(answer.objects("transactions", required=True))
        found += map(_told, rows)
        told = answer.integer("total_transactions")
        if len(found) >= told or not rows:
            return all_of(found, told)
    raise PayloadError("$.total_transactions", f"still more after {MAX_PAGES} pages")


def _told(line: Payload) -> Listed:
    currency = line.text("iso_currency_code", "") if line.has("iso_currency_code") else ""
    amount = -line.minor("amount", currency) if currency else None
    return Listed(readings.transaction_id(line), line.text("date"), amount, currency)


def _items(answer: Payload, window: Window) -> list[dict[str, Any]]:
    """Added and modified lines as they are; a removed one is only its ids, to which the time of reading is added."""
    changed = [dict(item.data) for name in ("added", "modified") for item in answer.objects(name, required=True)]
    return [*changed, *(_read_at(item, window) for item in answer.objects("removed", required=True))]


def _read_at(item: Payload, window: Window) -> dict[str, Any]:
    return {**item.data, "read_at": window.now.astimezone(UTC).isoformat()}


def link_body(reference: str, return_url: str, access_token: str) -> dict[str, Any]:
    """The request that opens the hosted page; with an access token it mends that login (update mode, no products).

    https://plaid.com/docs/link/hosted-link/ · https://plaid.com/docs/link/update-mode/
    """
    body: dict[str, Any] = {
        "client_name": "Tieout",
        "language": "en",
        "country_codes": ["US"],
        "user": {"client_user_id": reference},
        "hosted_link": {"completion_redirect_uri": return_url, "is_mobile_app": False},
    }
    if access_token:
        return {**body, "access_token": access_token}
    return {**body, "products": ["transactions"], "transactions": {"days_requested": DAYS_REQUESTED}}


def authorise(request: Outgoing, credentials: Credentials) -> None:
    """App credentials in headers, so that they are in no body; the access token where the call is about a login."""
    request.headers["PLAID-CLIENT-ID"] = credentials.client_id
    request.headers["PLAID-SECRET"] = credentials.secret
    if request.json is not None and credentials.access:
        request.json["access_token"] = credentials.access


def whoami(api: Api) -> tuple[str, str]:
    item = Payload.of(api.post("/item/get", {})).object("item")
    name = item.text("institution_name", "") or item.text("institution_id", "")
    return item.text("item_id"), name or item.text("item_id")


PROVIDER = Provider(
    slug="plaid",
    name="Plaid",
    category="bank",
    base_urls={"api": "https://production.plaid.com"},
    auth=HostedLink(
        create_path="/link/token/create",
        result_path="/link/token/get",
        exchange_path="/item/public_token/exchange",
        body=link_body,
        remove_path="/item/remove",
    ),
    headers={"Plaid-Version": API_VERSION},
    rate=RateLimit(requests=40, seconds=60, concurrent=1),
    webhook=Webhook(verify=verify, events=events, key_path="/webhook_verification_key/get", key_id=key_id),
    read_error=read_error,
    faults=FAULTS,
    authorise=authorise,
    whoami=whoami,
    streams=(
        Stream(
            name="accounts",
            label="Accounts and balances",
            pull=pull_accounts,
            to_records=readings.read_account,
            identify=readings.account_id,
            recognise=readings.is_account,
            version=readings.account_version,
            duty="prove",
            reference="https://plaid.com/docs/api/accounts/#accountsget",
            order=10,
            envelope=("accounts",),
        ),
        Stream(
            name="transactions",
            label="Bank and card lines",
            pull=pull_transactions,
            census=Census(("date",), list_lines),
            to_records=readings.read_transaction,
            identify=readings.transaction_id,
            recognise=readings.is_transaction,
            reference="https://plaid.com/docs/api/products/transactions/#transactionssync",
            envelope=("added", "modified", "removed"),
        ),
    ),
    notes=(
        "Linking the same bank anew makes new account and transaction ids: mend a login instead. "
        "Pending lines are shown and never booked."
    ),
)
