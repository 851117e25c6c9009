"""A report's parameters as read from the query string: dates, basis, filters, columns."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.quickbooks.faults import QuickBooksFault
from integrations.sandbox.quickbooks.rendering import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Both dates are included; `basis` is Accrual or Cash; `time` is the moment of the answer in company time."""

    name: str
    since: date
    until: date
    basis: str
    time: str
    zone: ZoneInfo
    parameters: Mapping[str, str]
    macro: str = ""
    currency: str = "USD"

    def ids(self, parameter: str) -> frozenset[str]:
        """The ids a filter names, empty when the filter is absent."""
        return frozenset(part for part in self.parameters.get(parameter, "").split(",") if part)


def month_end(on: date) -> date:
    return on.replace(day=calendar.monthrange(on.year, on.month)[1])


def read_request(
    name: str,
    parameters: Mapping[str, str],
    zone: ZoneInfo,
    now: datetime,
    company_basis: str,
    home_currency: str = "USD",
) -> ReportRequest:
    """Without dates a report covers this fiscal year to date, without a method it follows the company's preference."""
    today = now.astimezone(zone).date()
    macro = parameters.get("date_macro", "")
    since, until = _macro(macro, today)
    until = _date(parameters, "end_date") or _date(parameters, "report_date") or until
    given = _date(parameters, "start_date")
    since = given or min(since, until.replace(month=1, day=1) if until < since else since)
    if since > until:
        raise QuickBooksFault("2010", f"start_date {since} is after end_date {until}", element="start_date")
    basis = parameters.get("accounting_method") or company_basis
    if basis not in {"Accrual", "Cash"}:
        raise QuickBooksFault("2170", f"accounting_method {basis}", element="accounting_method")
    return ReportRequest(name, since, until, basis, stamp(now, zone), zone, parameters, macro, home_currency)


def _date(parameters: Mapping[str, str], name: str) -> date | None:
    text = parameters.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise QuickBooksFault("2010", f"Invalid date {text} for {name}", element=name) from error


def _macro(macro: str, today: date) -> tuple[date, date]:
    first = today.replace(day=1)
    year = today.replace(month=1, day=1)
    last_month_end = first - timedelta(days=1)
    known = {
        "": (year, today),
        "today": (today, today),
        "this month": (first, month_end(today)),
        "this month-to-date": (first, today),
        "last month": (last_month_end.replace(day=1), last_month_end),
        "this fiscal year": (year, date(today.year, 12, 31)),
        "this calendar year": (year, date(today.year, 12, 31)),
        "this fiscal year-to-date": (year, today),
        "this calendar year-to-date": (year, today),
        "last fiscal year": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        "last calendar year": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        "all": (date(2000, 1, 1), date(today.year, 12, 31)),
    }
    found = known.get(macro.lower())
    if found is None:
        raise QuickBooksFault("2170", f"date_macro {macro}", element="date_macro")
    return found
