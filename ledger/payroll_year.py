"""A year of payroll for its returns: registers beside what was filed and what the books hold; contractors beside theirs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Sum

from clients import audit
from integrations.models import Connection, Fact
from ledger import accruals, contractors, mapping, payroll_deposits, payroll_proof
from ledger.core.futa import Form940, form_940
from ledger.core.payroll_deposits import by_month, carried, last_of, return_due
from ledger.core.payroll_forms import BOXES, LINES_940, LINES_941
from ledger.core.payroll_returns import Form941, PayrollYear, payroll_year
from ledger.core.payroll_tax import TAX_YEARS
from ledger.core.rules import Unbookable, payroll_lines
from ledger.models import Account, FiledReturn, JournalLine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client, User
    from integrations.records import PayrollRun
    from ledger.contractors import Contractor
    from ledger.core.payroll_deposits import Settled
    from ledger.payroll_deposits import Deposited, YearDeposits

#: Forms that can be typed as filed, with their lines.
FORMS = {"941": LINES_941, "940": LINES_940, "W-3": BOXES}
#: Roles whose accounts the registers' cost stands on.
COST_ROLES = ("wages", "er-tax-expense", "benefit-expense")


class ReturnError(ValueError):
    """A filed return that cannot be kept: an unknown form, year, line or amount."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a return: what the registers make (``low`` to ``high``) and what was filed (None: not filed or not typed)."""

    number: str
    label: str
    low: int
    high: int
    filed: int | None

    @property
    def difference(self) -> int:
        """Filed − registers, to the nearer bound; 0 where nothing was filed."""
        if self.filed is None or self.low <= self.filed <= self.high:
            return 0
        return self.filed - (self.low if self.filed < self.low else self.high)


@dataclass(frozen=True, slots=True)
class QuarterProof:
    """A quarter: its lines, the return as filed, its liabilities by pay day (Schedule B) and what was deposited of each period."""

    form: Form941
    lines: tuple[Line, ...]
    filed: FiledReturn | None
    days: Mapping[date, int]
    periods: tuple[Settled, ...]

    @property
    def number(self) -> int:
        return self.form.quarter

    @property
    def ends_on(self) -> date:
        return last_of((self.form.year, self.form.quarter))

    @property
    def due_on(self) -> date:
        return return_due((self.form.year, self.form.quarter))

    @property
    def off(self) -> int:
        return sum(abs(line.difference) for line in self.lines)


@dataclass(frozen=True, slots=True)
class UnemploymentProof:
    """The year's Form 940: its lines, the return as filed, and its deposits. ``held`` is what the registers hold by quarter."""

    form: Form940
    lines: tuple[Line, ...]
    filed: FiledReturn | None
    deposited: Deposited

    @property
    def due_on(self) -> date:
        """January 31 of the next year (February 10 where all was deposited in time), on a business day."""
        return return_due((self.form.year, 4))

    @property
    def held(self) -> int:
        return sum(self.form.held)

    @property
    def off(self) -> int:
        return sum(abs(line.difference) for line in self.lines)


@dataclass(frozen=True, slots=True)
class CostLine:
    """An account of payroll cost: the registers' sum and the books', accruals left out, from the cut-over to a day of the year."""

    account: Account
    register: int
    ledger: int

    @property
    def difference(self) -> int:
        return self.ledger - self.register


@dataclass(frozen=True, slots=True)
class YearProof:
    """Everything of a payroll year."""

    year: int
    quarters: tuple[QuarterProof, ...]
    unemployment: UnemploymentProof
    deposits: YearDeposits
    boxes: tuple[Line, ...]
    from_941s: Mapping[str, int]
    w3: FiledReturn | None
    costs: tuple[CostLine, ...]
    payees: tuple[Contractor, ...]
    unread: tuple[str, ...]
    runs: int

    @property
    def differing(self) -> int:
        """Lines of filed returns and accounts of payroll cost that differ from the registers."""
        lines = [*(line for one in self.quarters for line in one.lines), *self.unemployment.lines, *self.boxes]
        return sum(bool(one.difference) for one in lines) + sum(bool(one.difference) for one in self.costs)


def prove(client: Client, year: int, *, through: date | None = None) -> YearProof:
    """The year's returns, deposits and costs, to a day; without one to the end of the month in which the last returns are due.

    Raises KeyError for a year whose parameters are not known.
    """
    every = payroll_proof.runs(client)
    paid_through = through or date(year + 1, 1, 31)
    last = min(paid_through, date(year, 12, 31))
    known = [(fact, run) for fact, run in every if run.booked_on.year == year and run.booked_on <= last]
    read: PayrollYear = payroll_year([run for _, run in known], year)
    filed = {
        (one.form, one.quarter): one
        for one in FiledReturn.objects.filter(client=client, year=year).select_related("typed_by")
    }
    w3, f940 = filed.get((FiledReturn.Form.W3, 0)), filed.get((FiledReturn.Form.F940, 0))
    form = form_940(read, f940.lines if f940 else None)
    deposits = payroll_deposits.deposited(client, known, read, form, every=every, through=paid_through)
    return YearProof(
        year,
        tuple(_quarter(form, filed.get((FiledReturn.Form.F941, form.quarter)), deposits) for form in read.quarters),
        _unemployment(form, f940, deposits),
        deposits,
        tuple(_box(number, amount, read, w3) for number, amount in read.boxes().items()),
        read.from_941s(),
        w3,
        tuple(_costs(client, known, year, last)),
        tuple(contractors.contractors_of(client, year, last)),
        read.unread,
        len(known),
    )


def _quarter(form: Form941, filed: FiledReturn | None, deposits: YearDeposits) -> QuarterProof:
    said, quarter = filed.lines if filed else {}, (form.year, form.quarter)
    lines = []
    for number, amount in form.lines().items():
        high = form.wages_high if number == "2" else amount
        lines.append(_line(LINES_941, number, amount, high, said))
    paid = deposits.of_941.paid(quarter)
    most = paid + deposits.undivided_in(quarter) + deposits.unproven.get(quarter, 0)
    lines += _paid_lines(LINES_941, form.line_10, paid, most, said)
    for at, amount in enumerate(by_month(form.days, quarter), 1):
        lines.append(_line(LINES_941, f"16 month {at}", amount, amount, said))
    periods = tuple(one for one in deposits.of_941.periods if one.due.quarter == quarter)
    return QuarterProof(form, tuple(lines), filed, carried(form.days), periods)


def _unemployment(form: Form940, filed: FiledReturn | None, deposits: YearDeposits) -> UnemploymentProof:
    said = filed.lines if filed else {}
    made = form.lines()
    paid = deposits.of_940.total
    before = [_line(LINES_940, number, made[number], made[number], said) for number in LINES_940 if number in made]
    at = next(place for place, line in enumerate(before) if line.number == "16a")
    most = paid + sum(one.amount for one in deposits.undivided)
    lines = (*before[:at], *_paid_lines(LINES_940, form.line_12, paid, most, said), *before[at:])
    return UnemploymentProof(form, lines, filed, deposits.of_940)


def _paid_lines(names: Mapping[str, str], tax: int, paid: int, most: int, said: Mapping[str, int]) -> list[Line]:
    """Lines 13 to 15 of either form: deposits between what is known and what may be, and what follows from them."""
    return [
        _line(names, "13", paid, most, said),
        _line(names, "14", max(tax - most, 0), max(tax - paid, 0), said),
        _line(names, "15", max(paid - tax, 0), max(most - tax, 0), said),
    ]


def _line(names: Mapping[str, str], number: str, low: int, high: int, said: Mapping[str, int]) -> Line:
    return Line(number, names[number], min(low, high), max(low, high), said.get(number))


def _box(number: str, amount: int, read: PayrollYear, filed: FiledReturn | None) -> Line:
    high = sum(form.wages_high for form in read.quarters) if number == "1" else amount
    return Line(number, BOXES[number], min(amount, high), max(amount, high), filed.lines.get(number) if filed else None)


def _costs(client: Client, known: list[tuple[Fact, PayrollRun]], year: int, last: date) -> list[CostLine]:
    """By account, what the registers cost beside what the books hold; accruals go and come back, and are left out."""
    first = max(date(year, 1, 1), client.cut_over_on or date(year, 1, 1))
    version = mapping.load(client.pk).on(last)
    ids = mapping.accounts_by_roles(client.pk, COST_ROLES, last)
    if version is None or not known or not ids:
        return []
    providers = dict(Connection.objects.filter(client=client).values_list("pk", "provider"))
    register: dict[int, int] = defaultdict(int)
    for fact, run in known:
        if run.booked_on < first:
            continue
        provider, sign = providers[fact.connection_id], -1 if run.reverses else 1
        try:
            lines = payroll_lines(run, provider=provider)
        except Unbookable:
            continue  # it is not booked either; its own proof says why
        for line in lines:
            account = version.account_for(line, provider)
            if account in ids:
                register[account] += sign * line.raw
    booked = JournalLine.objects.filter(client=client, account_id__in=ids, booked_on__range=(first, last)).exclude(
        entry__purpose__in=accruals.PURPOSES
    )
    ledger = {
        row["account_id"]: row["debit"] - row["credit"]
        for row in booked.values("account_id").annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor")).order_by()
    }
    accounts = Account.objects.filter(client=client, pk__in=ids).order_by("number", "name")
    found = [CostLine(account, register[account.pk], ledger.get(account.pk, 0)) for account in accounts]
    return [line for line in found if line.register or line.ledger]


def keep_return(
    client: Client, form: str, year: int, quarter: int, *, lines: Mapping[str, int], filed_on: date | None, by: User
) -> FiledReturn:
    """Keep a return as it was filed; the same form and period again replaces it. Raises ReturnError."""
    names = FORMS.get(form)
    if names is None or year not in TAX_YEARS or not (1 <= quarter <= 4 if names is LINES_941 else quarter == 0):
        raise ReturnError("There is no such return.")
    if not lines or set(lines) - set(names):
        raise ReturnError("Type at least one line of the return.")
    if filed_on is None:
        raise ReturnError("Say when it was filed.")
    if filed_on.year not in (year, year + 1, year + 2):
        raise ReturnError("It cannot have been filed on that day.")
    row, _ = FiledReturn.objects.update_or_create(
        client=client,
        form=form,
        year=year,
        quarter=quarter,
        defaults={"lines": dict(lines), "filed_on": filed_on, "typed_by": by},
    )
    audit.record(client, by, "return.typed", str(row), {"lines": dict(lines), "filed_on": str(filed_on)})
    return row
