"""Keeping our copy equal to the company file: one full read by entity, then the change feed, deletions included.

The cursor is the server's own ``time``. While a full read runs it is JSON that says where to go on; a feed missed for
longer than it reaches back is read whole again, and then every id that still exists is named.
https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.errors import StaleCursor
from integrations.payload import Payload
from integrations.provider import Page
from integrations.providers.quickbooks_online import wire
from integrations.providers.quickbooks_online.entities import ACCOUNT, CUSTOMER, DOCUMENTS, VENDOR, Entity
from integrations.providers.quickbooks_online.lists import month_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from integrations.provider import Api, Window

PAGE_ROWS = 1000
INACTIVE_TOO = "Active IN (true, false)"
#: The feed answers with at most this many objects; that many may mean that some were cut.
FEED_LIMIT = 1000
OVERLAP = timedelta(minutes=10)
FEED_REACH = timedelta(days=25)
#: How often rows may shift under a full read of one entity before the pull gives up.
READS = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a full read stands: ``began`` is the server time at its start, the next cursor once it is done; ``last`` is the
    id of the row before ``position``.
    """

    began: str
    entity: int = 0
    position: int = 1
    last: str = ""
    again: bool = False

    def dump(self) -> str:
        return json.dumps([self.began, self.entity, self.position, self.last, self.again])

    @classmethod
    def load(cls, cursor: str) -> Reading | None:
        return cls(*json.loads(cursor)) if cursor.startswith("[") else None


def pull_company(api: Api, window: Window) -> Iterator[Page]:
    """CompanyInfo and Preferences as one object; no cursor, two small calls."""
    del window
    info = Payload.of(wire.get(api, f"companyinfo/{api.account_id}")).object("CompanyInfo")
    preferences = Payload.of(wire.get(api, "preferences")).object("Preferences")
    yield Page(items=[{"CompanyInfo": info.data, "Preferences": preferences.data}])


def pull_accounts(api: Api, window: Window) -> Iterator[Page]:
    return _pull_list(api, window, ACCOUNT)


def pull_vendors(api: Api, window: Window) -> Iterator[Page]:
    return _pull_list(api, window, VENDOR)


def pull_customers(api: Api, window: Window) -> Iterator[Page]:
    return _pull_list(api, window, CUSTOMER)


def _pull_list(api: Api, window: Window, entity: Entity) -> Iterator[Page]:
    """A list whole, then by the feed; with the first pull of a day its ids, so that none the feed forgot is missed."""
    yield from _pull(api, window, (entity,), _inactive_too)
    is_whole = not window.cursor or Reading.load(window.cursor) is not None
    if is_whole or window.reached.astimezone(UTC).date() < window.now.astimezone(UTC).date():
        yield Page(items=(), only=frozenset(_every_id(api, (entity,))), only_pulled=True, buries=False)


def pull_documents(api: Api, window: Window) -> Iterator[Page]:
    """A full read begins with the fiscal year of the cut-over; the feed then brings older documents that change."""

    def since_fiscal_year() -> str:
        return f"TxnDate >= '{_fiscal_year_start(api, window.since).isoformat()}'"

    return _pull(api, window, DOCUMENTS, since_fiscal_year, accounts=KnownAccounts(api))


def _inactive_too() -> str:
    return INACTIVE_TOO


def _fiscal_year_start(api: Api, day: date) -> date:
    info = Payload.of(wire.get(api, f"companyinfo/{api.account_id}")).object("CompanyInfo")
    month = month_number(info, "FiscalYearStartMonth")
    return day.replace(year=day.year - (day.month < month), month=month, day=1)


# ---- the accounts of which a company has one -----------------------------------------------------------------------------

_NEEDS = {
    "Bill": (("APAccountRef", "payable"),),
    "VendorCredit": (("APAccountRef", "payable"),),
    "BillPayment": (("APAccountRef", "payable"),),
    "Invoice": (("ARAccountRef", "receivable"),),
    "CreditMemo": (("ARAccountRef", "receivable"),),
    "Payment": (("ARAccountRef", "receivable"), ("DepositToAccountRef", "undeposited")),
    "SalesReceipt": (("DepositToAccountRef", "undeposited"),),
    "RefundReceipt": (("DepositToAccountRef", "undeposited"),),
    "Deposit": (("", "undeposited"),),
}
_ROLE_TYPES = {"payable": "Accounts Payable", "receivable": "Accounts Receivable"}


class KnownAccounts:
    """Payloads leave out the payable, receivable and undeposited-funds account. Where the company has exactly one of a kind
    (inactive ones counted) there is nothing to guess: it is put beside the document. Read once a pull, and only if needed.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._ids: dict[str, str] | None = None

    def beside(self, item: dict[str, Any]) -> dict[str, Any]:
        """The item with ``accounts`` beside it when its document leaves one out that is known."""
        key, body = next((key, value) for key, value in item.items() if isinstance(value, dict))
        lacking = [role for field, role in _NEEDS.get(key, ()) if not body.get(field)]
        if body.get("status") == "Deleted" or not lacking:
            return item
        if key == "Deposit" and not any("LinkedTxn" in line for line in body.get("Line") or ()):
            return item
        known = {role: self._known()[role] for role in lacking if role in self._known()}
        return {**item, "accounts": known} if known else item

    def _known(self) -> dict[str, str]:
        if self._ids is None:
            rows = [row for page in wire.query_all(self._api, ACCOUNT, INACTIVE_TOO) for row in page]
            found: dict[str, list[str]] = {"payable": [], "receivable": [], "undeposited": []}
            for row in rows:
                for role, kind in _ROLE_TYPES.items():
                    if row.get("AccountType") == kind:
                        found[role].append(str(row["Id"]))
                if row.get("AccountSubType") == "UndepositedFunds":
                    found["undeposited"].append(str(row["Id"]))
            self._ids = {role: ids[0] for role, ids in found.items() if len(ids) == 1}
        return self._ids


# ---- full read, then the feed --------------------------------------------------------------------------------------------


def _pull(
    api: Api,
    window: Window,
    entities: tuple[Entity, ...],
    where: Callable[[], str],
    accounts: KnownAccounts | None = None,
) -> Iterator[Page]:
    reading = Reading.load(window.cursor) if window.cursor else Reading(began="")
    if reading is None and window.now - datetime.fromisoformat(window.cursor) > FEED_REACH:
        reading = Reading(began="", again=True)
    if reading is None:
        items, time = changes(api, entities, datetime.fromisoformat(window.cursor) - OVERLAP)
        if items is not None:
            yield Page(items=_known(items, accounts), cursor=time or None)
            return
        reading = Reading(began="", again=True)
    yield from _read_all(api, entities, where(), reading, accounts)


def _known(items: Iterable[dict[str, Any]], accounts: KnownAccounts | None) -> list[dict[str, Any]]:
    return [accounts.beside(item) if accounts else item for item in items]


def _read_all(
    api: Api, entities: tuple[Entity, ...], where: str, reading: Reading, accounts: KnownAccounts | None
) -> Iterator[Page]:
    if not reading.began:
        reading = replace(reading, began=wire.server_time(api))
    for index in range(reading.entity, len(entities)):
        at = reading if index == reading.entity else replace(reading, position=1, last="")
        for page in _read_entity(api, entities[index], where, at):
            items = _known(({entities[index].json_key: row} for row in page.rows), accounts)
            at = replace(reading, entity=index, position=page.position, last=page.last)
            yield Page(items=items, cursor=at.dump())
    only = frozenset(_every_id(api, entities)) if reading.again else None
    yield Page(items=(), cursor=reading.began, only=only)


@dataclass(frozen=True, slots=True)
class _Rows:
    """New rows of one page, and where the next one begins."""

    rows: list[dict[str, Any]]
    position: int
    last: str


def _read_entity(api: Api, entity: Entity, where: str, at: Reading) -> Iterator[_Rows]:
    """Pages by position in the order of ids. Every page begins with the last row of the one before: where another row
    stands there, rows have moved up and some were skipped, so the entity is read again from its start.
    """
    position, last = at.position, at.last
    for _ in range(READS):
        while True:
            rows, _time = wire.query(api, entity, where, start=position - bool(last), rows=PAGE_ROWS)
            if last and (not rows or rows[0].get("Id") != last):
                break
            fresh = rows[1:] if last else rows
            position, last = position + len(fresh), str(fresh[-1]["Id"]) if fresh else last
            yield _Rows(fresh, position, last)
            if len(rows) < PAGE_ROWS:
                break
        if wire.count(api, entity, where) == position - 1:
            return
        position, last = 1, ""
    raise StaleCursor(f"{entity.name} rows kept moving while they were read")


def _every_id(api: Api, entities: tuple[Entity, ...]) -> Iterator[str]:
    for entity in entities:
        where = INACTIVE_TOO if entity in {ACCOUNT, VENDOR, CUSTOMER} else ""
        for page in wire.query_all(api, entity, where, fields="Id"):
            for row in page:
                yield row["Id"] if entity is ACCOUNT else f"{entity.name}:{row['Id']}"


def changes(api: Api, entities: tuple[Entity, ...], since: datetime) -> tuple[list[dict[str, Any]] | None, str]:
    """What changed since an instant, and the server's time. None instead of items if one entity alone fills an answer.

    The feed has a start and no end, so a full answer is narrowed by entity: each half is asked again.
    """
    answer = wire.get(
        api, "cdc", {"entities": ",".join(entity.name for entity in entities), "changedSince": since.isoformat()}
    )
    items = wire.feed_items(answer)
    time = Payload.of(answer).text("time")
    if len(items) < FEED_LIMIT:
        return items, time
    if len(entities) == 1:
        return None, time
    half = len(entities) // 2
    found: list[dict[str, Any]] = []
    for part in (entities[:half], entities[half:]):
        some, _later = changes(api, part, since)
        if some is None:
            return None, time
        found += some
    return found, time
