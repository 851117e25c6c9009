"""Which employment taxes were deposited: what the registers owe by pay day beside what left the bank for them.

What a payroll service pulls for a run's taxes it deposits under the client's number; what the client deposits itself stands in
the books as a payment from a bank account on the accounts of those taxes. A payment on an account that holds other taxes too
counts where it is just what was due, and is named as undivided elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from integrations.models import Connection
from ledger import bank_position, mapping, payroll_pulls
from ledger.core.payroll_deposits import (
    Kind,
    Payment,
    Quarter,
    Settled,
    kind_of,
    last_of,
    lookback,
    quarter_of,
    schedule,
    settle,
)
from ledger.core.payroll_returns import of_940, of_941, payroll_year
from ledger.core.payroll_tax import TAX_YEARS
from ledger.core.period import Month
from ledger.core.rules import Unbookable, payroll_lines
from ledger.models import FiledReturn, JournalEntry, JournalLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clients.models import Client
    from integrations.models import Fact
    from integrations.records import PayrollRun
    from ledger.core.futa import Form940
    from ledger.core.payroll_deposits import Due
    from ledger.core.payroll_returns import PayrollYear, RunFigures
    from ledger.payroll_pulls import PullLine

Runs = list[tuple["Fact", "PayrollRun"]]
TAX_ROLES = ("ee-tax-payable", "er-tax-payable")


class LookbackQuarter(NamedTuple):
    """A quarter of the lookback period: line 12 (None: not known) and where it is from."""

    quarter: Quarter
    amount: int | None
    source: Literal["filed", "registers", ""]


class Deposit(NamedTuple):
    """Money that left for employment taxes; ``entry_id`` is its entry, None where only the bank's line shows it."""

    paid_on: date
    amount: int
    for_day: date | None
    entry_id: int | None
    is_pull: bool


@dataclass(slots=True)
class Deposited:
    """The deposit periods of one return with what paid them; ``rest``: what payments left over, by quarter of payment."""

    periods: list[Settled] = field(default_factory=list)
    deposits: list[Deposit] = field(default_factory=list)
    rest: dict[Quarter, int] = field(default_factory=dict)

    def paid(self, quarter: Quarter) -> int:
        return sum(one.paid for one in self.periods if one.due.quarter == quarter) + self.rest.get(quarter, 0)

    @property
    def total(self) -> int:
        return sum(one.paid for one in self.periods) + sum(self.rest.values())

    def of(self, period: Settled) -> list[Deposit]:
        """The payments of a period, each once."""
        return [self.deposits[number] for number in dict.fromkeys(period.payments)]


@dataclass(frozen=True, slots=True)
class YearDeposits:
    """``kind``: the depositor's schedule, None where the lookback period does not tell; the periods are then the monthly ones.

    ``unproven``: liabilities by quarter of pay days before the cut-over, whose deposits are not in these books.
    """

    kind: Kind | None
    lookback: tuple[LookbackQuarter, ...]
    of_941: Deposited
    of_940: Deposited
    undivided: tuple[Deposit, ...]
    unproven: Mapping[Quarter, int]

    def undivided_in(self, quarter: Quarter) -> int:
        return sum(one.amount for one in self.undivided if quarter_of(one.paid_on) == quarter)

    def overdue(self, on: date) -> list[Settled]:
        return [one for one in (*self.of_941.periods, *self.of_940.periods) if one.is_overdue(on)]


def deposited(
    client: Client, known: Runs, read: PayrollYear, form_940: Form940, *, every: Runs, through: date
) -> YearDeposits:
    """A year's deposits up to a day. ``known``: the year's runs in the order of ``read``; ``every``: all runs known."""
    taxes = _taxes(client, every)
    back = tuple(LookbackQuarter(one, *taxes.get(one, (None, ""))) for one in lookback(read.year))
    had_next_day = any(due.rule == "next day" for due in _dues_of(every, read.year - 1))
    kind = kind_of(read.year, {one: amount for one, (amount, _) in taxes.items()}, had_next_day=had_next_day)
    since = client.cut_over_on or date.min
    days, unproven = _days(read, since)
    first = quarter_of(min(days)) if days else (read.year, 1)
    before, _source = taxes.get(_previous(first), (None, ""))
    dues = schedule(days, kind or "monthly", before=before)
    pulled = payroll_pulls.of_runs(client, known, through=through)
    of_941, of_940_ = _pulled(known, read.runs, pulled, since)
    accounts = _accounts(client, known, through)
    paid = _Books(client, accounts, pulled, read.year, through).payments()
    of_941 += paid["941"]
    of_940_ += paid["940"]
    first_return = _settled(dues, of_941)
    futa_dues = [due for due in form_940.dues if due.last >= since]
    second_return = _settled(futa_dues, of_940_)
    left = [one for one in paid[""] if not _meets(one, first_return, days) and not _meets(one, second_return, {})]
    return YearDeposits(kind, back, first_return, second_return, tuple(left), unproven)


def _taxes(client: Client, every: Runs) -> dict[Quarter, tuple[int, Literal["filed", "registers", ""]]]:
    """Line 12 by quarter: as filed, else as the registers make it where they hold the whole quarter."""
    found: dict[Quarter, tuple[int, Literal["filed", "registers", ""]]] = {}
    starts = client.cut_over_on
    if every and starts is not None:
        for year in sorted({run.booked_on.year for _, run in every} & set(TAX_YEARS)):
            for form in payroll_year([run for _, run in every], year).quarters:
                quarter = (year, form.quarter)
                if starts <= date(year, 3 * form.quarter - 2, 1) and every[0][1].booked_on <= last_of(quarter):
                    found[quarter] = (form.line_10, "registers")
    filed = FiledReturn.objects.filter(client=client, form=FiledReturn.Form.F941)
    for year, number, lines in filed.values_list("year", "quarter", "lines"):
        if "12" in lines:
            found[year, number] = (lines["12"], "filed")
    return found


def _dues_of(every: Runs, year: int) -> list[Due]:
    """A year's deposits by the monthly schedule: enough to see a next-day one."""
    if year not in TAX_YEARS:
        return []
    read = payroll_year([run for _, run in every], year)
    return schedule({day: amount for form in read.quarters for day, amount in form.days.items()}, "monthly")


def _days(read: PayrollYear, since: date) -> tuple[dict[date, int], dict[Quarter, int]]:
    """Liabilities by pay day from the cut-over on; those before it by quarter."""
    days: dict[date, int] = {}
    unproven: dict[Quarter, int] = defaultdict(int)
    for form in read.quarters:
        for day, amount in form.days.items():
            if day < since:
                unproven[read.year, form.quarter] += amount
            elif amount:
                days[day] = amount
    return days, dict(unproven)


def _previous(quarter: Quarter) -> Quarter:
    year, number = quarter
    return (year, number - 1) if number > 1 else (year - 1, 4)


def _pulled(
    known: Runs, figures: Sequence[RunFigures], pulled: Sequence[tuple[PullLine, ...]], since: date
) -> tuple[list[Deposit], list[Deposit]]:
    """What pulls took for each return: all of a run's, where its tax pull is at the bank and is what the register says."""
    of_941, of_940_ = [], []
    for (_fact, run), share, lines in zip(known, figures, pulled, strict=True):
        if run.booked_on < since:
            continue
        line = next((one for one in lines if one.kind == "tax"), None)
        expected = run.debit_on or run.booked_on
        if line is not None and line.arrived_on and line.arrived == line.amount and not line.unexplained:
            on, entry = line.arrived_on, line.entry_id
        elif run.tax_pull and expected < since:
            on, entry = expected, None  # pulled before the cut-over: in the opening balances
        else:
            continue
        if share.line_10:
            of_941.append(Deposit(on, share.line_10, run.booked_on, entry, is_pull=True))
        if share.futa_held:
            of_940_.append(Deposit(on, share.futa_held, run.booked_on, entry, is_pull=True))
    return of_941, of_940_


def _accounts(client: Client, known: Runs, on: date) -> dict[int, str]:
    """Accounts of payroll taxes: ``941`` or ``940`` where they hold nothing else, '' where they hold several."""
    version = mapping.load(client.pk).on(on)
    providers = dict(Connection.objects.filter(client=client).values_list("pk", "provider"))
    held: dict[int, set[str]] = defaultdict(set)
    for fact, run in known if version else ():
        provider = providers[fact.connection_id]
        try:
            lines = payroll_lines(run, provider=provider)
        except Unbookable:
            continue  # it is not booked either; its own proof says why
        for line in lines:
            if line.role in TAX_ROLES and version and (account := version.account_for(line, provider)):
                held[account].add("941" if of_941(line.key) else "940" if of_940(line.key) else "")
    return {account: next(iter(kinds)) if len(kinds) == 1 else "" for account, kinds in held.items()}


class _Books:
    """Payments in the books on the accounts of payroll taxes."""

    def __init__(
        self,
        client: Client,
        accounts: Mapping[int, str],
        pulled: Iterable[tuple[PullLine, ...]],
        year: int,
        through: date,
    ) -> None:
        self.client, self.accounts, self.through = client, accounts, through
        self.first = max(date(year, 1, 1), client.cut_over_on or date.min)
        self.pulls = [line for lines in pulled for line in lines if line.arrived_on]

    def payments(self) -> dict[str, list[Deposit]]:
        """By return; '' for those on accounts of several taxes. What pays an opening balance is left out."""
        found: dict[str, list[Deposit]] = {"941": [], "940": [], "": []}
        opening = {account: self._opening(account) for account, kind in self.accounts.items() if kind}
        for (entry, account), (on, amount) in sorted(self._paid().items(), key=lambda item: (item[1][0], item[0])):
            kind = self.accounts[account]
            part = min(amount, opening.get(account, 0))
            if kind:
                opening[account] -= part
            if amount - part:
                found[kind].append(Deposit(on, amount - part, None, entry, is_pull=False))
        return found

    def _opening(self, account: int) -> int:
        """What was owed on an account before these months, positive."""
        return max(-bank_position.book_balance(self.client, account, Month.of(self.first - timedelta(1))), 0)

    def _paid(self) -> dict[tuple[int, int], tuple[date, int]]:
        """(entry, account) → day and what it took off the account, of entries that also credit a bank account."""
        lines = JournalLine.objects.filter(
            client=self.client, account_id__in=self.accounts, booked_on__range=(self.first, self.through)
        ).exclude(entry_id__in=[line.entry_id for line in self.pulls if line.entry_id])
        sums: dict[tuple[int, int], tuple[date, int]] = {}
        for entry, account, on, debit, credit in lines.values_list(
            "entry_id", "account_id", "booked_on", "debit_minor", "credit_minor"
        ):
            sums[entry, account] = (on, sums.get((entry, account), (on, 0))[1] + debit - credit)
        standing = self._through_bank({entry for entry, _ in sums})
        return {place: paid for place, paid in sums.items() if paid[1] > 0 and place[0] in standing}

    def _through_bank(self, entries: set[int]) -> set[int]:
        """Those that credit a bank account, stand, and are no pull that was met at the bank already."""
        banks = {feed.account_id for feed in bank_position.feeds(self.client) if feed.account_id is not None}
        banks |= mapping.accounts_by_role(self.client.pk, "bank", self.through)
        from_bank: dict[int, tuple[date, int]] = {}
        rows = JournalLine.objects.filter(client=self.client, entry_id__in=entries, account_id__in=banks)
        for entry, on, debit, credit in rows.values_list("entry_id", "booked_on", "debit_minor", "credit_minor"):
            from_bank[entry] = (on, from_bank.get(entry, (on, 0))[1] + credit - debit)
        kept = JournalEntry.objects.filter(client=self.client, pk__in=from_bank, reverses__isnull=True)
        undone = JournalEntry.objects.filter(client=self.client, reverses_id__in=from_bank).values_list("reverses_id")
        found = set(kept.exclude(pk__in=undone).values_list("pk", flat=True))
        for line in self.pulls:
            same = [
                e
                for e in found
                if not line.entry_id and from_bank[e][1] == line.arrived and self._near(from_bank[e], line)
            ]
            found -= set(sorted(same)[:1])
        return found

    def _near(self, paid: tuple[date, int], line: PullLine) -> bool:
        assert line.arrived_on
        return abs((paid[0] - line.arrived_on).days) <= self.client.clearing_days


def _settled(dues: Sequence[Due], deposits: list[Deposit]) -> Deposited:
    ordered = sorted(deposits, key=lambda one: (one.paid_on, one.entry_id or 0))
    periods, left = settle(dues, [Payment(one.paid_on, one.amount, one.for_day) for one in ordered])
    rest: dict[Quarter, int] = defaultdict(int)
    for number, amount in left:
        rest[quarter_of(ordered[number].for_day or ordered[number].paid_on)] += amount
    return Deposited(periods, ordered, dict(rest))


def _meets(deposit: Deposit, found: Deposited, days: Mapping[date, int]) -> bool:
    """Take a payment of undivided taxes for a period, where it is just what is outstanding, or just one pay day of it."""
    for period in found.periods:
        due = period.due
        of_day = any(days.get(day) == deposit.amount for day in days if due.first <= day <= due.last)
        fits = deposit.amount == period.outstanding or (of_day and deposit.amount <= period.outstanding)
        if fits and deposit.amount > 0 and due.first <= deposit.paid_on:
            period.take(deposit.amount, len(found.deposits), deposit.paid_on)
            found.deposits.append(deposit)
            return True
    return False
