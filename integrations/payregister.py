"""The payroll register as a table of one row an employee, whichever system exported it, and as the facts it makes. Pure.

A system's ``Columns`` say where a row has what; ``runs`` makes the neutral register of each pay run from the rows, and
``read_run`` reads that register as a PayrollRun once it keeps its identity, employee by employee:
gross + reimbursements − taxes − deductions − garnishments = net pay. Money in the neutral register is decimal text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.money import to_major
from integrations.records import PayItem, PayrollRun, Payslip, Record, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from integrations.payload import Payload
    from integrations.tables import Row, Table

#: The lists of money a register row can have.
LISTS = (
    "earnings",
    "reimbursements",
    "employeeTaxes",
    "employerTaxes",
    "employeeDeductions",
    "employerContributions",
    "garnishments",
)
#: Columns that say nothing of the run's money: hours, bases of taxes, totals that are compared elsewhere.
NOTHING = ("", "")
GROSS_PAY = "Gross pay"
_MONEY = re.compile(r"[-($]*\d[\d,]*\.\d\d\)?")
_GARNISHED = re.compile(r"(?i)\b(child support|support|garnish\w*|levy|levies|lien|writ)\b")
_BENEFIT = re.compile(
    r"(?i)(\b(health|medical|dental|vision|insurance|retirement|pension|roth|hsa|fsa|life|ltd|std)\b|\b40[13]\(?[kb]\b|\b457)"
)
_HISTORY = frozenset(["external", "transition"])


def deduction_kind(name: str) -> str:
    """What a deduction of this name is for: ``garnishment``, ``benefit``, or ``other`` where the name does not say."""
    if _GARNISHED.search(name):
        return "garnishment"
    return "benefit" if _BENEFIT.search(name) else "other"


# ---- rows to runs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """Where a system's register has what, by column; of alternatives the first that the file has.

    ``part`` says of a column of money which list of the register it is of and how the item is called: NOTHING for what is
    no money of the run, None for a column nobody knows, which is then named if it holds money. ``totals`` are columns that
    repeat the sum of a list. ``group`` and ``number`` tell runs of one pay date apart.
    """

    provider: str
    pay_date: str
    starts: str
    ends: str
    employee: tuple[str, ...]
    name: tuple[str, ...]
    department: tuple[str, ...]
    gross: str
    net: str
    part: Callable[[str], tuple[str, str] | None]
    group: str = ""
    number: str = ""
    cheque: str = ""
    kind: str = ""
    totals: tuple[tuple[str, str], ...] = ()

    def known(self, headers: Iterable[str]) -> bool:
        """Whether a header row is of such a file."""
        there = set(headers)
        return {self.pay_date, self.starts, self.ends, self.gross, self.net} <= there and bool(
            there.intersection(self.employee)
        )


def run_id(group: str, pay_date: str, ends: str, number: str) -> str:
    """The identity of a run by what register and API both say of it; ``number`` is '1' for a date's first run."""
    return ":".join(filter(None, (group, pay_date, ends, number or "1")))


def runs(table: Table, columns: Columns) -> Iterator[dict[str, Any]]:
    """The neutral register of each run in the file, in its order. Raises PayloadError naming line and column."""
    found: dict[str, dict[str, Any]] = {}
    for row in table.rows:
        if not row.has(columns.pay_date):
            continue  # a line of totals below the employees
        day, starts, ends = (
            row.day(name, "MDY").isoformat() for name in (columns.pay_date, columns.starts, columns.ends)
        )
        key = run_id(row.text(columns.group, ""), day, ends, row.text(columns.number, ""))
        run = found.setdefault(
            key,
            {
                "provider": columns.provider,
                "runId": key,
                "runType": _kind(row, columns),
                "checkDate": day,
                "periodStart": starts,
                "periodEnd": ends,
                "employees": [],
            },
        )
        run["employees"].append(_employee(row, columns))
    yield from found.values()


def _kind(row: Row, columns: Columns) -> str:
    """As the file says it; else a later run of the same date is an extra one."""
    if row.has(columns.kind):
        return row.text(columns.kind).lower().replace("-", "_").replace(" ", "_")
    return "regular" if row.text(columns.number, "1").lstrip("0") in {"", "1"} else "off_cycle"


def _first(row: Row, names: tuple[str, ...]) -> str:
    return next((row.text(name) for name in names if row.has(name)), "")


def _employee(row: Row, columns: Columns) -> dict[str, Any]:
    key = next((name for name in columns.employee if name in row.cells), columns.employee[0])
    lists: dict[str, list[dict[str, str]]] = {name: [] for name in LISTS}
    unread = []
    fixed = {columns.gross, columns.net, columns.cheque, *columns.employee, *columns.name, *columns.department}
    for column, cell in row.cells.items():
        if not cell or column in fixed or column in {name for _, name in columns.totals}:
            continue
        part = columns.part(column)
        if part is None and _MONEY.fullmatch(cell) and row.amount(column):
            unread.append(column)
        elif part is not None and part != NOTHING and row.amount(column):
            lists[part[0]].append({"code": part[1], "amount": _text(row.amount(column))})
    found: dict[str, Any] = {
        "employeeKey": row.text(key),
        "name": _first(row, columns.name),
        "department": _first(row, columns.department),
        "paymentMethod": "check" if row.has(columns.cheque) else "direct_deposit",
        "grossWages": _text(row.amount(columns.gross)),
        "netPay": _text(row.amount(columns.net)),
        **{name: items for name, items in lists.items() if items},
    }
    problems = [f"column {column!r} is not known" for column in unread] + list(_totals(row, columns, lists))
    return found | ({"problems": problems} if problems else {})


def _totals(row: Row, columns: Columns, lists: Mapping[str, list[dict[str, str]]]) -> Iterator[str]:
    for name, column in columns.totals:
        summed = sum((Decimal(item["amount"]) for item in lists[name]), Decimal(0))
        if row.has(column) and row.amount(column) != summed:
            yield f"{column} is {row.amount(column)}, its columns come to {summed}"


def _text(amount: Decimal) -> str:
    return format(amount, "f")


# ---- runs to facts -------------------------------------------------------------------------------------------------------


class BrokenRegister(Exception):  # noqa: N818
    """A run that contradicts itself or says what nobody knows; the message names the employee's key and the difference."""


def must_equal(told: int, worked_out: int, identity: str, currency: str) -> None:
    """Raises BrokenRegister unless both are the same, minor units."""
    if told != worked_out:
        said = to_major(told, currency), to_major(worked_out, currency), to_major(worked_out - told, currency)
        raise BrokenRegister(f"{identity}: {said[1]:,} against {said[0]:,}, difference {said[2]:,}")


def is_run(raw: Mapping[str, Any], provider: str) -> bool:
    """Whether a payload is a neutral register of this system."""
    return raw.get("provider") == provider and "runId" in raw and "employees" in raw


def read_run(payload: Payload, currency: str, *, system: str) -> Record:
    """The run, booked on its check date, or an Unknown that names what does not tie. Amounts in minor units of ``currency``."""
    common: dict[str, Any] = {
        "external_id": payload.text("runId"),
        "booked_on": payload.day("checkDate"),
        "currency": currency,
    }
    kind = payload.text("runType", "regular")
    rows = list(payload.objects("employees", required=True))
    amount = sum(row.minor("grossWages", currency) for row in rows)
    if kind not in {"regular", "off_cycle", *_HISTORY}:
        return Unknown(**common, what=f"a {system} run of type {kind!r}", amount=amount)
    try:
        slips = tuple(_slip(row, currency) for row in rows)
    except BrokenRegister as broken:
        return Unknown(**common, what=f"the {system} register does not tie: {broken}", amount=amount)
    return PayrollRun(
        **common,
        period_start=payload.day("periodStart"),
        period_end=payload.day("periodEnd"),
        kind=kind,
        payslips=slips,
        history=kind in _HISTORY,
    )


def _slip(row: Payload, currency: str) -> Payslip:
    key = row.text("employeeKey")
    for problem in row.data.get("problems") or ():
        raise BrokenRegister(f"employee {key}: {problem}")
    lists = {name: _items(row, name, currency) for name in LISTS}
    gross, net = row.minor("grossWages", currency), row.minor("netPay", currency)
    earned = lists["earnings"] or tuple(PayItem(name=GROSS_PAY, amount=gross) for _ in range(bool(gross)))
    wages, spent = total(earned), total(lists["reimbursements"])
    if gross != wages + spent:  # some systems count what they give back into the gross pay
        must_equal(gross, wages, f"employee {key}: earnings = gross pay", currency)
    deducted = tuple(
        PayItem(name=item.name, amount=item.amount, kind=deduction_kind(item.name))
        for item in lists["employeeDeductions"]
    )
    garnished = tuple(PayItem(name=item.name, amount=item.amount, kind="garnishment") for item in lists["garnishments"])
    off = total(lists["employeeTaxes"]) + total(deducted) + total(garnished)
    identity = f"employee {key}: gross + reimbursements − taxes − deductions = net pay"
    must_equal(net, wages + spent - off, identity, currency)
    method = row.text("paymentMethod", "direct_deposit")
    if method not in {"direct_deposit", "check"}:
        raise BrokenRegister(f"employee {key}: payment method {method!r}")
    return Payslip(
        employee_id=key,
        employee=row.text("name", "") or key,
        department=row.text("department", ""),
        net_pay=net,
        by_check=method == "check",
        earnings=earned,
        employee_taxes=lists["employeeTaxes"],
        employer_taxes=lists["employerTaxes"],
        deductions=(*deducted, *garnished),
        contributions=lists["employerContributions"],
        reimbursements=lists["reimbursements"],
    )


def _items(row: Payload, name: str, currency: str) -> tuple[PayItem, ...]:
    found = (PayItem(name=item.text("code"), amount=item.minor("amount", currency)) for item in row.objects(name))
    return tuple(item for item in found if item.amount)


def total(items: Iterable[PayItem]) -> int:
    return sum(item.amount for item in items)
