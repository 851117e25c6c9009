"""Stripe: card payments, their fees, and payouts to the bank. https://docs.stripe.com/api"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.provider import Api, OAuth2, Page, Provider, RateLimit, Stream, Webhook, Window
from integrations.providers.stripe import standing
from integrations.providers.stripe.faults import FAULTS
from integrations.providers.stripe.readings import read_balance_transaction, row_version
from integrations.providers.stripe.wire import events, read_error, verify
from integrations.recognising import id_of
from integrations.windows import earliest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

API_VERSION = "2026-10-28.endive"
PAGE_SIZE = 100
MAX_PAGES = 2000

#: Rows become visible a little after their ``created``.
OVERLAP = timedelta(hours=1)
#: A long history is read in slices, oldest first, so that a pull that breaks off keeps what it has.
SLICE = timedelta(days=31)
#: Payouts still change: to paid, or to failed, some of them weeks later.
PAYOUTS_CHANGE = timedelta(days=45)
DISPUTES_CHANGE = timedelta(days=180)


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _since(window: Window, back: timedelta) -> int:
    """Where a stream of changing objects is read from: so far before the last pull, or before the cut-over."""
    last = datetime.fromtimestamp(_cursor(window), UTC) if window.cursor else earliest(window.since)
    return _epoch(last - back)


def _cursor(window: Window) -> int:
    if not window.cursor.isascii() or not window.cursor.isdigit():
        raise PayloadError("$.cursor", "a Stripe cursor is Unix seconds")
    return int(window.cursor)


def _pages(api: Api, path: str, params: Mapping[str, str | Sequence[str]]) -> Iterator[tuple[list[Payload], bool]]:
    """(objects, whether this was the last page), newest first as Stripe gives them."""
    after: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        answer = Payload.of(api.get(path, {**params, "limit": str(PAGE_SIZE), **after}))
        objects = list(answer.objects("data", required=True))
        more = answer.flag("has_more") and bool(objects)
        yield objects, not more
        if not more:
            return
        after = {"starting_after": objects[-1].text("id")}
    raise PayloadError("$.has_more", f"still true after {MAX_PAGES} pages")


def _slices(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Inclusive bounds that cover start to end without a gap."""
    width = int(SLICE.total_seconds())
    lower = min(start, end)
    while lower + width < end:
        yield lower, lower + width - 1
        lower += width
    yield lower, end


def pull_balance_transactions(api: Api, window: Window) -> Iterator[Page]:
    """The balance's rows with what is behind them. The cursor is the newest ``created`` seen, moved slice by slice.

    https://docs.stripe.com/api/balance_transactions/list
    """
    overlap = int(OVERLAP.total_seconds())
    newest = _cursor(window) if window.cursor else _epoch(earliest(window.since)) + overlap
    end = _epoch(window.now)
    for lower, upper in _slices(newest - overlap, end):
        params = {
            "created[gte]": str(lower),
            "created[lte]": str(upper),
            "expand[]": ["data.source", "data.source.charge"],
        }
        for objects, last in _pages(api, "/v1/balance_transactions", params):
            newest = max([newest, *(row.integer("created") for row in objects)])
            if last and upper < end:
                newest = max(newest, upper)
            yield Page(items=[row.data for row in objects], cursor=str(newest) if last else None)


def pull_payouts(api: Api, window: Window) -> Iterator[Page]:
    """Payouts, the last 45 days of them again each time. https://docs.stripe.com/api/payouts/list"""
    params = {"created[gte]": str(_since(window, PAYOUTS_CHANGE)), "created[lte]": str(_epoch(window.now))}
    for objects, last in _pages(api, "/v1/payouts", params):
        yield Page(items=[payout.data for payout in objects], cursor=str(_epoch(window.now)) if last else None)


def pull_disputes(api: Api, window: Window) -> Iterator[Page]:
    """Disputes, and for closed ones the event that tells the day (kept 30 days). A lost one goes in with its event.

    https://docs.stripe.com/api/disputes/list · https://docs.stripe.com/api/events/list
    """
    closings = _closings(api)
    now = _epoch(window.now)
    params = {"created[gte]": str(_since(window, DISPUTES_CHANGE)), "created[lte]": str(now)}
    for objects, last in _pages(api, "/v1/disputes", params):
        items = [_with_its_closing(dispute, closings).data for dispute in objects]
        late = [event.data for event in closings.values()] if last else []
        yield Page(items=[*items, *late], cursor=str(now) if last else None)


def _closings(api: Api) -> dict[str, Payload]:
    """The latest closing event of each dispute that was lost; Stripe keeps events for 30 days."""
    params = {"type": "charge.dispute.closed"}
    found: dict[str, Payload] = {}
    for objects, _ in _pages(api, "/v1/events", params):
        for event in objects:
            dispute = standing.dispute_in(event)
            if dispute.text("status") == "lost":
                found.setdefault(dispute.text("id"), event)
    return found


def _with_its_closing(dispute: Payload, closings: dict[str, Payload]) -> Payload:
    """Taken out of ``closings``, so that what remains there are disputes older than the list."""
    event = closings.pop(dispute.text("id"), None)
    return event if event is not None and dispute.text("status") == "lost" else dispute


def pull_balance(api: Api, window: Window) -> Iterator[Page]:
    """The balance of this moment. https://docs.stripe.com/api/balance/balance_retrieve"""
    answer = Payload.of(api.get("/v1/balance"))
    yield Page(items=[{**answer.data, "read_at": window.now.astimezone(UTC).isoformat()}], cursor="")


def whoami(api: Api) -> tuple[str, str]:
    account = Payload.of(api.get("/v1/account"))
    profile = account.object_or_none("business_profile")
    return account.text("id"), (profile.text("name", "") if profile else "") or account.text("id")


def _is(name: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda raw: raw.get("object") == name


PROVIDER = Provider(
    slug="stripe",
    name="Stripe",
    category="processor",
    base_urls={
        "api": "https://api.stripe.com",
        "authorize": "https://connect.stripe.com",
        "token": "https://connect.stripe.com",
    },
    auth=OAuth2(
        authorize_url="/oauth/authorize",
        token_url="/oauth/token",  # noqa: S106 (a path)
        revoke_url="/oauth/deauthorize",
        scopes=("read_only",),
        client_auth="form",
        rotates=False,
        refreshes=False,
        account_key="stripe_user_id",
        account_in="token",
    ),
    headers={"Stripe-Version": API_VERSION},
    rate=RateLimit(requests=20, seconds=1),
    webhook=Webhook(verify=verify, events=events),
    read_error=read_error,
    faults=FAULTS,
    whoami=whoami,
    descriptors=("STRIPE", "STRIPE TRANSFER", "STRIPE PAYOUT"),
    streams=(
        Stream(
            name="balance_transactions",
            label="Sales, refunds, fees and payouts",
            pull=pull_balance_transactions,
            to_records=read_balance_transaction,
            identify=id_of,
            recognise=_is("balance_transaction"),
            version=row_version,
            reference="https://docs.stripe.com/api/balance_transactions",
            scopes=("read_only",),
            envelope=("data",),
        ),
        Stream(
            name="disputes",
            label="Disputes",
            pull=pull_disputes,
            to_records=standing.read_dispute,
            identify=standing.dispute_id,
            recognise=standing.is_dispute,
            version=standing.dispute_version,
            reference="https://docs.stripe.com/api/disputes",
            scopes=("read_only",),
            envelope=("data",),
        ),
        Stream(
            name="payouts",
            label="Payouts and their arrival",
            pull=pull_payouts,
            to_records=standing.read_payout,
            identify=id_of,
            recognise=_is("payout"),
            duty="prove",
            reference="https://docs.stripe.com/api/payouts",
            scopes=("read_only",),
            envelope=("data",),
        ),
        Stream(
            name="balance",
            label="Balance held",
            pull=pull_balance,
            to_records=standing.read_balance,
            identify=standing.balance_id,
            recognise=_is("balance"),
            duty="prove",
            reference="https://docs.stripe.com/api/balance",
            scopes=("read_only",),
        ),
    ),
    notes=(
        "Tax and tips are known from charge metadata only (tax_cents, tip_cents; channel for the income account). "
        "Connect platforms' own movements are put before a person. Manual payouts are proved by the balance."
    ),
)
