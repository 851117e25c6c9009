"""Gusto: payroll runs and payments to contractors. https://docs.gusto.com/embedded-payroll"""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Any

from integrations.census import Census, Listed, all_of
from integrations.errors import PayloadError
from integrations.headers import header
from integrations.payload import Payload
from integrations.provider import (
    Api,
    ClientCredentials,
    OAuth2,
    Page,
    Provider,
    RateLimit,
    Stream,
    Webhook,
    Window,
)
from integrations.providers.gusto import readings
from integrations.providers.gusto.wire import confirm, events, greeting, read_error, subscribe, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.census import Days

API_VERSION = "2025-06-15"
PAGE_SIZE = 100
SMALLEST_PAGE = 25
MAX_PAGES = 200

#: A list answers for a year at most.
YEAR = timedelta(days=364)
#: Off-cycle runs are found by their pay period, which may lie well before the check date.
LEAD = timedelta(days=31)
#: Runs are processed some days before they are paid.
AHEAD = timedelta(days=45)
#: A processed run can still be reversed, cancelled or delayed.
STILL_CHANGES = timedelta(days=60)


def _is_last(count: int, first: int) -> bool:
    """A page is the last if it is short of the first, or of the smallest page Gusto makes whatever ``per`` was asked for."""
    return count < SMALLEST_PAGE or count < first


def _list(api: Api, path: str, params: Mapping[str, str]) -> Iterator[list[Payload]]:
    """Pages of a bare list. Gusto's lists without paging give everything each time: once is enough."""
    for objects, _count in _counted(api, path, params):
        yield objects


def _counted(api: Api, path: str, params: Mapping[str, str]) -> Iterator[tuple[list[Payload], int]]:
    """Pages of a bare list, each with how many there are in all; -1 where the list does not say (it is without paging).

    https://docs.gusto.com/embedded-payroll/docs/pagination
    """
    first: list[Payload] = []
    for number in range(1, MAX_PAGES + 1):
        found, headers = api.get_with_headers(path, {**params, "page": str(number), "per": str(PAGE_SIZE)})
        objects = list(Payload({"list": found}).objects("list", required=True))
        if first and objects and objects[0].data == first[0].data:
            return
        first = first or objects
        count = header(headers, "X-Total-Count")
        yield objects, int(count) if count.isdecimal() else -1
        if _is_last(len(objects), len(first)):
            return
    raise PayloadError("$", f"no end after {MAX_PAGES} pages")


def _windows(window: Window) -> Iterator[tuple[date, date]]:
    """Spans of check dates to ask for, from the cut-over or a while before the last pull."""
    start = max(window.since - LEAD, window.reached_on - STILL_CHANGES)
    return _years(start, window.now.astimezone(UTC).date() + AHEAD)


def _years(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Spans of at most a year each."""
    while start <= end:
        yield start, min(start + YEAR, end)
        start += YEAR + timedelta(days=1)


def _today(window: Window) -> str:
    return window.now.astimezone(UTC).date().isoformat()


def pull_payrolls(api: Api, window: Window) -> Iterator[Page]:
    """Processed runs of every type with a check date from the cut-over on, each asked for in full.

    The list hides off-cycle runs, everything older than six months, and totals, unless it is asked for them.
    https://docs.gusto.com/embedded-payroll/reference/get-v1-companies-company_id-payrolls
    """
    base = f"/v1/companies/{api.account_id}"
    employees = _employees(api, base)
    undone = _undone(api, base)
    for start, end in _windows(window):
        params = {**_processed(start, end), "include": "totals,payroll_status_meta,reversals"}
        for listed in _list(api, f"{base}/payrolls", params):
            wanted = [one for one in listed if one.flag("processed") and one.day("check_date") >= window.since]
            yield Page(items=[_in_full(api, base, one, employees, undone) for one in wanted])
    yield Page(items=[], cursor=_today(window))


def _processed(start: date, end: date) -> dict[str, str]:
    """Runs of every type, by check date; off-cycle ones by their pay period whatever is asked."""
    return {
        "processing_statuses": "processed",
        "payroll_types": "regular,off_cycle,external",
        "date_filter_by": "check_date",
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
    }


def list_payrolls(api: Api, days: Days) -> Iterator[Listed]:
    """Every processed run with a check date of the days, from lists as long as Gusto says."""
    for start, end in _years(days.first - LEAD, days.last + AHEAD):
        found: list[Payload] = []
        told = 0
        for page, count in _counted(api, f"/v1/companies/{api.account_id}/payrolls", _processed(start, end)):
            found, told = found + page, max(told, count)
        for one in all_of(found, told) if told else found:
            if one.flag("processed") and days.first <= one.day("check_date") <= days.last:
                yield Listed(readings.payroll_id(one), one.text("check_date"))


def _in_full(
    api: Api, base: str, listed: Payload, employees: Mapping[str, dict[str, Any]], undone: Mapping[str, str]
) -> dict[str, Any]:
    """The run with every employee's pay (a hundred a page), what the employees' own data adds, and the run it undoes."""
    uuid = readings.payroll_id(listed)
    include = "taxes,benefits,deductions,totals,payroll_status_meta"
    run: dict[str, Any] = {}
    pays: dict[str, Any] = {}
    first = 0
    for number in range(1, MAX_PAGES + 1):
        params = {"include": include, "page": str(number), "per": str(PAGE_SIZE)}
        answer = Payload.of(api.get(f"{base}/payrolls/{uuid}", params))
        page = {one.text("employee_uuid"): one.data for one in answer.objects("employee_compensations", required=True)}
        is_new = bool(page.keys() - pays.keys())
        run, first, pays = run or dict(answer.data), first or len(page), {**page, **pays}
        if not is_new or _is_last(len(page), first):
            break
    paid = [employees[employee] for employee in pays if employee in employees]
    full = {"payroll_status_meta": listed.data.get("payroll_status_meta"), **run}
    reverses = {"reverses": undone[uuid]} if uuid in undone else {}
    return {**full, "employee_compensations": list(pays.values()), "employees": paid, **reverses}


def _employees(api: Api, base: str) -> dict[str, dict[str, Any]]:
    """Name, department and garnishments by employee; nothing else of what Gusto tells of people is kept."""
    found: dict[str, dict[str, Any]] = {}
    for page in _list(api, f"{base}/employees", {}):
        for one in page:
            kept = {name: one.data.get(name) for name in ("uuid", "first_name", "last_name", "department")}
            garnishments = [
                {name: item.data.get(name) for name in ("description", "court_ordered", "garnishment_type")}
                for item in one.objects("garnishments")
            ]
            found[one.text("uuid")] = {**kept, "garnishments": garnishments}
    return found


def _undone(api: Api, base: str) -> dict[str, str]:
    """The run each reversing run undoes."""
    pages = _list(api, f"{base}/payroll_reversals", {})
    return {
        one.text("reversal_payroll_uuid"): one.text("reversed_payroll_uuid")
        for page in pages
        for one in page
        if one.has("reversal_payroll_uuid")
    }


def pull_reversals(api: Api, window: Window) -> Iterator[Page]:
    """All of them; they are few. https://docs.gusto.com/embedded-payroll/reference/get-v1-companies-company_id-payroll_reversals"""
    there: list[str] = []
    for page in _list(api, f"/v1/companies/{api.account_id}/payroll_reversals", {}):
        there += [readings.reversal_id(one) for one in page]
        yield Page(items=[one.data for one in page])
    yield Page(items=[], cursor=_today(window), only=frozenset(there), only_pulled=True)


def pull_contractor_payments(api: Api, window: Window) -> Iterator[Page]:
    """Payments dated from the cut-over on, one by one, with the contractor's name and department beside each.

    https://docs.gusto.com/embedded-payroll/reference/get-v1-companies-company_id-contractor_payments
    """
    base = f"/v1/companies/{api.account_id}"
    who = {one.text("uuid"): _contractor(one) for page in _list(api, f"{base}/contractors", {}) for one in page}
    for start, end in _windows(window):
        payments = [
            {**payment.data, "contractor": who.get(payment.text("contractor_uuid"))}
            for payment in _contractor_payments(api, start, end)
            if payment.day("date") >= window.since
        ]
        yield Page(items=payments)
    yield Page(items=[], cursor=_today(window))


def _contractor_payments(api: Api, start: date, end: date) -> Iterator[Payload]:
    """Every payment of a span of days, whoever it went to; the list has no pages."""
    params = {"start_date": start.isoformat(), "end_date": end.isoformat()}
    answer = Payload.of(api.get(f"/v1/companies/{api.account_id}/contractor_payments", params))
    for one in answer.objects("contractor_payments", required=True):
        yield from one.objects("payments", required=True)


def list_contractor_payments(api: Api, days: Days) -> Iterator[Listed]:
    """Every payment dated within the days. Gusto tells their sum and no number of them."""
    for start, end in _years(days.first, days.last):
        for payment in _contractor_payments(api, start, end):
            yield Listed(readings.contractor_payment_id(payment), payment.text("date"))


def _contractor(one: Payload) -> dict[str, str | bool | None]:
    """What a payment needs of its contractor; of the taxpayer number only whether there is one.

    https://docs.gusto.com/embedded-payroll/reference/get-v1-companies-company_id-contractors
    """
    person = f"{one.text('first_name', '')} {one.text('last_name', '')}".strip()
    numbers = [one.flag(name) for name in ("has_ssn", "has_ein") if one.has(name)]
    return {
        "name": one.text("business_name", "") or person,
        "department": one.text("department", ""),
        "has_tax_number": any(numbers) if numbers else None,
    }


def whoami(api: Api) -> tuple[str, str]:
    """A grant is for one company. https://docs.gusto.com/embedded-payroll/reference/get-v1-token-info"""
    company = Payload.of(api.get("/v1/token_info")).object("resource").text("uuid")
    told = Payload.of(api.get(f"/v1/companies/{company}"))
    return company, told.text("trade_name", "") or told.text("name")


PROVIDER = Provider(
    slug="gusto",
    name="Gusto",
    category="payroll",
    base_urls={
        "api": "https://api.gusto.com",
        "authorize": "https://api.gusto.com",
        "token": "https://api.gusto.com",
    },
    auth=OAuth2(
        authorize_url="/oauth/authorize",
        token_url="/oauth/token",  # noqa: S106 (a path)
        client_auth="json",
        rotates=True,
        account_in="call",
    ),
    headers={"X-Gusto-API-Version": API_VERSION},
    rate=RateLimit(requests=180, seconds=60),
    webhook=Webhook(verify=verify, events=events, greeting=greeting, confirm=confirm, subscribe=subscribe),
    app_grant=ClientCredentials(
        token_url="/oauth/token",  # noqa: S106 (a path)
        client_auth="json",
        token_extra={"grant_type": "system_access"},
    ),
    read_error=read_error,
    whoami=whoami,
    descriptors=("GUSTO", "GUSTO NET PAY", "GUSTO TAX", "ZENPAYROLL"),
    streams=(
        Stream(
            name="payrolls",
            label="Payroll runs",
            pull=pull_payrolls,
            census=Census(("check_date",), list_payrolls, late=STILL_CHANGES),
            to_records=readings.read_payroll,
            identify=readings.payroll_id,
            recognise=readings.is_payroll,
            version=readings.payroll_version,
            reference="https://docs.gusto.com/embedded-payroll/reference/get-v1-companies-company_id-payrolls",
            every_minutes=180,
            scopes=("companies:read", "payrolls:read", "employees:read"),
        ),
        Stream(
            name="contractor_payments",
            label="Contractor payments",
            pull=pull_contractor_payments,
            census=Census(("**", "date"), list_contractor_payments, is_told=False, late=STILL_CHANGES),
            to_records=readings.read_contractor_payments,
            identify=readings.contractor_payment_id,
            recognise=readings.is_contractor_payment,
            version=readings.contractor_payment_version,
            reference="https://docs.gusto.com/embedded-payroll/reference/get-v1-companies-company_id-contractor_payments",
            every_minutes=180,
            scopes=("payrolls:read", "contractors:read"),
        ),
        Stream(
            name="reversals",
            label="Payroll reversals",
            pull=pull_reversals,
            to_records=readings.read_reversal,
            identify=readings.reversal_id,
            recognise=readings.is_reversal,
            duty="prove",
            reference="https://docs.gusto.com/embedded-payroll/reference/get-v1-companies-company_id-payroll_reversals",
            every_minutes=360,
            scopes=("payrolls:read",),
        ),
    ),
    notes=(
        "A refresh token works once: losing its answer means connecting again. External payrolls are history and are not "
        "booked. Departments are those of the employees when the run is first read."
    ),
)
