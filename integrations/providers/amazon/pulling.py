"""How Amazon's lists are read: settlement reports as they appear, and days again where Amazon is late with its own events.

Reports are kept for 90 days; an older settlement comes as a file. ``nextToken`` goes alone for reports, with everything else
repeated for finances. https://developer-docs.amazon.com/sp-api/docs/reports-api-v2021-06-30-use-case-guide
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError, Refused, RetryLater
from integrations.payload import Payload
from integrations.provider import Page
from integrations.providers.amazon.readings import LOST, WAITING, is_report
from integrations.providers.amazon.settlement import REPORT, report_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.provider import Api, Window

REPORTS, DOCUMENTS = "/reports/2021-06-30/reports", "/reports/2021-06-30/documents"
TRANSACTIONS, BALANCES = "/finances/2024-06-19/transactions", "/finances/2024-06-19/balances"
PAYOUTS, MARKETS = "/finances/transfers/2024-06-01/payouts", "/sellers/v1/marketplaceParticipations"
MOST, MAX_PAGES = 100, 400
#: How long reports are kept, and how far below the newest one a new one may still appear.
KEPT, REPORTS_AGAIN = timedelta(days=89), timedelta(days=3)
#: Events of the last 48 hours may be missing: a week is read again. A question is of at most 180 days.
AGAIN, SPAN = timedelta(days=7), timedelta(days=179)
#: What is asked for must be two minutes in the past.
SETTLED = timedelta(minutes=3)
#: Payouts change until they are paid, a week or two after they began.
PAYOUTS_AGAIN = timedelta(days=30)


def whoami(api: Api) -> tuple[str, str]:
    """The sign-in names the seller; this proves that the grant works and gives the store's name.

    https://developer-docs.amazon.com/sp-api/reference/getmarketplaceparticipations
    """
    stores = [one.text("storeName", "") for one in Payload.of(api.get(MARKETS)).objects("payload")]
    return api.account_id, next(filter(None, stores), api.account_id)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


# ---- settlements ---------------------------------------------------------------------------------------------------------


def pull_settlements(api: Api, window: Window) -> Iterator[Page]:
    """Every settlement report that is new, a page and a step of the cursor each.

    The cursor is (when the newest report was made, the reports made near it that are here). One that is still being made is
    waited for: the cursor stays before it.
    """
    begin, _, here = window.cursor.partition(" ")
    known = dict.fromkeys(filter(None, here.split(",")))
    since = Payload({"cursor": begin}).instant("cursor") - REPORTS_AGAIN if begin else window.begin
    waits = False
    for report in sorted(_reports(api, since, window.now), key=lambda one: one.instant("createdTime")):
        number, status, made = report.text("reportId"), report.text("processingStatus"), report.instant("createdTime")
        if number in known or _is_before(report, window.since):
            continue
        waits = waits or status in WAITING
        if status in WAITING:
            continue
        items = [report.data] if status in LOST else _document(api, report)
        known[number] = None
        begin = begin if waits else stamp(made)
        yield Page(items=items, cursor=f"{begin} {','.join(list(known)[-MOST:])}" if begin else None)
    yield Page(items=[], cursor=f"{begin} {','.join(list(known)[-MOST:])}" if begin else None)


def _reports(api: Api, since: datetime, now: datetime) -> list[Payload]:
    """The reports made since; where Amazon refuses to look that far back, those it keeps."""
    said = {"reportTypes": REPORT, "pageSize": str(MOST), "createdSince": stamp(since)}
    try:
        answer = Payload.of(api.get(REPORTS, said))
    except Refused:
        if since > now - KEPT:
            raise
        answer = Payload.of(api.get(REPORTS, {**said, "createdSince": stamp(now - KEPT)}))
    found = list(answer.objects("reports", required=True))
    for _ in range(MAX_PAGES):
        token = answer.text("nextToken", "")
        if not token:
            return [one for one in found if is_report(one.data)]
        # The token holds what was asked for: with any other parameter the request fails.
        answer = Payload.of(api.get(REPORTS, {"nextToken": token}))
        found += answer.objects("reports", required=True)
    raise PayloadError("$.nextToken", f"still a next page after {MAX_PAGES}")


def _is_before(report: Payload, since: date) -> bool:
    """Whether all that a report tells was before the books begin."""
    return report.has("dataEndTime") and report.instant("dataEndTime") < datetime.combine(since, time(), UTC)


def _document(api: Api, report: Payload) -> list[dict[str, Any]]:
    """The settlement in a report's document, whose address works for five minutes: one that ran out is asked for anew."""
    path = f"{DOCUMENTS}/{report.text('reportDocumentId')}"
    for _ in range(2):
        address = Payload.of(api.get(path)).text("url")
        try:
            return report_objects(api.fetch(address))
        except RetryLater:
            continue
    raise RetryLater("the address of a settlement report ran out before it was read", retry_after=60)


# ---- finances ------------------------------------------------------------------------------------------------------------


def _listed(api: Api, path: str, said: dict[str, str], name: str, envelope: str = "") -> Iterator[list[Payload]]:
    """Pages of a list; the token goes with everything that was asked. A page may be empty and not be the last."""
    token = ""
    for _ in range(MAX_PAGES):
        answer = Payload.of(api.get(path, {**said, **({"nextToken": token} if token else {})}))
        answer = answer.object(envelope) if envelope else answer
        yield list(answer.objects(name))
        token = answer.text("nextToken", "")
        if not token:
            return
    raise PayloadError("$.nextToken", f"still a next page after {MAX_PAGES}")


def pull_transactions(api: Api, window: Window) -> Iterator[Page]:
    """Transactions by the day they were posted, the last week again. The cursor is how far was asked."""
    begin = window.reached - AGAIN if window.cursor else window.begin
    last = window.now - SETTLED
    while begin < last:
        end = min(begin + SPAN, last)
        said = {"postedAfter": stamp(begin), "postedBefore": stamp(end)}
        for page in _listed(api, TRANSACTIONS, said, "transactions", "payload"):
            yield Page(items=[one.data for one in page])
        yield Page(items=[], cursor=stamp(end))
        begin = end


def pull_payouts(api: Api, window: Window) -> Iterator[Page]:
    """Payouts by the day they began, a month of them again, until they are paid."""
    begin = window.reached - PAYOUTS_AGAIN if window.cursor else window.begin
    for page in _listed(api, PAYOUTS, {"createdAfter": stamp(begin)}, "payouts"):
        yield Page(items=[one.data for one in page])
    yield Page(items=[], cursor=stamp(window.now))


def pull_balances(api: Api, window: Window) -> Iterator[Page]:
    """What was held at the end of each month, the last two again: what is held meanwhile no settlement has told of yet."""
    begin = window.reached_on
    ends = _month_ends(begin, window.now.date())
    for end in ends:
        for page in _listed(api, BALANCES, {"balanceType": "TOTAL", "asOfDate": end.isoformat()}, "balances"):
            yield Page(items=[one.data for one in page])
    yield Page(items=[], cursor=(ends[-2] if len(ends) > 1 else begin).isoformat())


def _month_ends(begin: date, today: date) -> list[date]:
    """The last days of months that are over, from the month of ``begin`` on."""
    found, first = [], begin.replace(day=1)
    while (following := (first + timedelta(days=32)).replace(day=1)) <= today:
        found.append(following - timedelta(days=1))
        first = following
    return found
