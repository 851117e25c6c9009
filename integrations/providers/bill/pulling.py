"""What is read of BILL, page by page. Lists leave out what is archived, so that is asked for by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.census import Census, Listed
from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.provider import Api, Page, Window
from integrations.providers.bill.readings import PULLED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from integrations.census import Days

BILLS, CREDITS, PAYMENTS = "/v3/bills", "/v3/vendor-credits", "/v3/payments"
#: The passes over a list, by whether they ask for what is archived: payments cannot be.
LIVING, ARCHIVED_TOO = (False,), (False, True)
PAGE_SIZE = 100
MAX_PAGES = 1000
#: Changes become visible a little after their ``updatedTime``.
OVERLAP = timedelta(hours=1)
#: A payment that is funded late, or not after all, changes the sum taken on its process date.
FUNDINGS_CHANGE = timedelta(days=45)

_LISTS = ("chart-of-accounts", "departments", "locations", "accounting-classes")


def census(path: str, made: tuple[str, ...], passes: tuple[bool, ...]) -> Census:
    """BILL gives no number with its lists: what it lists by creation is counted, the archived ones too."""

    def listed(api: Api, days: Days) -> Iterator[Listed]:
        filters = f'createdTime:gte:"{_stamp(days.begin)}",createdTime:lt:"{_stamp(days.end)}"'
        for archived in passes:
            said = f"{filters},archived:eq:true" if archived else filters
            for objects, _ in _pages(api, path, {"filters": said, "sort": "createdTime:asc"}):
                yield from (Listed(one.text("id"), one.text("createdTime")) for one in objects)

    return Census(made, listed, is_told=False)


def pull_bills(api: Api, window: Window) -> Iterator[Page]:
    """Bills changed since, the archived ones too, each with the names its marks stand for."""
    names = _names(api)
    yield from _changed(api, window, BILLS, lambda bill: {"bill": bill, "names": _used(bill, names)}, ARCHIVED_TOO)


def pull_credits(api: Api, window: Window) -> Iterator[Page]:
    """Vendor credits changed since. https://developer.bill.com/reference/listvendorcredits"""
    names = _names(api)
    yield from _changed(
        api, window, CREDITS, lambda one: {"vendorCredit": one, "names": _used(one, names)}, ARCHIVED_TOO
    )


def pull_payments(api: Api, window: Window) -> Iterator[Page]:
    """Payments changed since: each change of status moves ``updatedTime``."""
    yield from _changed(api, window, PAYMENTS, dict, LIVING)


def pull_fundings(api: Api, window: Window) -> Iterator[Page]:
    """The sums taken from each bank account on each process date of the last weeks. BILL lists payments only."""
    today = window.now.astimezone(UTC).date()
    first = max(window.since, window.reached_on - FUNDINGS_CHANGE)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    filters = f"processDate:gte:{first.isoformat()},processDate:lte:{today.isoformat()}"
    for payments, _ in _pages(api, PAYMENTS, {"filters": filters, "sort": "processDate:asc"}):
        for payment in payments:
            _gather(found, payment)
    yield Page(items=[{"pull": one} for one in found.values()], cursor=today.isoformat())


def _gather(found: dict[tuple[str, str], dict[str, Any]], payment: Payload) -> None:
    """Into the sum of its day and account, if BILL took money from a bank for it."""
    funding = payment.object_or_none("funding")
    account = funding.object_or_none("fundingAccount") if funding is not None else None
    if account is None or account.text("type") != "BANK_ACCOUNT" or payment.text("singleStatus") not in PULLED:
        return
    day, mark = payment.text("processDate")[:10], account.text("id")
    one = found.setdefault((day, mark), {"processDate": day, "fundingAccount": dict(account.data), "payments": []})
    one["payments"].append({"id": payment.text("id"), "amount": payment.raw("amount")})


# ---- lists ---------------------------------------------------------------------------------------------------------------


def _changed(
    api: Api,
    window: Window,
    path: str,
    wrap: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    passes: tuple[bool, ...],
) -> Iterator[Page]:
    """Everything changed since the cursor, an hour of it again; the cursor is the newest ``updatedTime`` seen."""
    since = window.reached if window.cursor else window.begin
    newest = since
    filters = f'updatedTime:gte:"{_stamp(since - OVERLAP)}"'
    for place, archived in enumerate(passes, 1):
        said = f"{filters},archived:eq:true" if archived else filters
        for objects, last in _pages(api, path, {"filters": said, "sort": "updatedTime:asc"}):
            newest = max([newest, *(one.instant("updatedTime") for one in objects)])
            done = last and place == len(passes)
            yield Page(items=[wrap(one.data) for one in objects], cursor=_stamp(newest) if done else None)


def _pages(api: Api, path: str, params: Mapping[str, str]) -> Iterator[tuple[list[Payload], bool]]:
    """(objects, whether this was the last page). Filters and sort stay the same while the token moves on."""
    page: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        answer = Payload.of(api.get(path, {**params, "max": str(PAGE_SIZE), **page}))
        token = answer.text("nextPage", "")
        yield list(answer.objects("results", required=True)), not token
        if not token:
            return
        page = {"page": token}
    raise PayloadError("$.nextPage", f"still there after {MAX_PAGES} pages")


def _names(api: Api) -> dict[str, str]:
    """Names of accounts, departments, locations and classes by BILL's ids.

    https://developer.bill.com/reference/listclassificationchartofaccounts
    """
    return {
        one.text("id"): one.text("name", "")
        for kind in _LISTS
        for objects, _ in _pages(api, f"/v3/classifications/{kind}", {})
        for one in objects
    }


def _used(thing: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """The names a bill or credit needs, so that it changes only when one of those does."""
    document = Payload.of(thing)
    places = [document, *document.objects("billLineItems"), *document.objects("vendorCreditLineItems")]
    marked = [marks for place in places if (marks := place.object_or_none("classifications")) is not None]
    used = {marks.text(kind, "") for marks in marked for kind in marks.data}
    return {mark: names[mark] for mark in sorted(used & names.keys())}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
