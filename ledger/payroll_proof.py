"""Payroll proven for a month: register = ledger by account and department, pulls = bank, liabilities roll forward (N3)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.models import Connection, Fact
from integrations.records import ContractorPayment, PayrollRun
from integrations.records_json import from_json
from integrations.registry import all_providers
from ledger import bank_position, booking, mapping, overlap, payroll_pulls, revisions
from ledger.core import roles
from ledger.core.rules import Unbookable, payroll_lines
from ledger.core.tieouts import LiabilityRow, liability_roll_forward
from ledger.models import Account, ChangedAfterClose, JournalEntry, JournalLine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from clients.models import Client
    from ledger.core.entry import DraftLine
    from ledger.core.period import Month
    from ledger.payroll_pulls import PullLine

#: Roles whose lines are named by their earning, tax, benefit or deduction.
NAMED = (
    "wages",
    "ee-tax-payable",
    "er-tax-payable",
    "benefit-expense",
    "benefit-payable",
    "garnishment-payable",
    "deductions-payable",
)
PAYROLL_ROLES = (
    "wages",
    "er-tax-expense",
    "benefit-expense",
    "ee-tax-payable",
    "er-tax-payable",
    "benefit-payable",
    "garnishment-payable",
    "deductions-payable",
    "net-pay-clearing",
    "accrued-payroll",
    "contractor-expense",
)
LIABILITIES = (
    "ee-tax-payable",
    "er-tax-payable",
    "benefit-payable",
    "garnishment-payable",
    "deductions-payable",
    "net-pay-clearing",
)


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One category of one run: what the register says and what the ledger holds. Debit − credit, minor units."""

    label: str
    department: str
    role: str
    account_id: int | None
    register: int
    ledger: int
    entry_id: int | None = None

    @property
    def difference(self) -> int:
        return self.ledger - self.register


@dataclass(frozen=True, slots=True)
class RunProof:
    """One run. ``entry_id`` is its own entry, ``other_id`` an entry by hand that books it too (or instead).

    ``is_edited``: somebody changed our entry in the accounting system; the lines show it as it stands there.
    """

    run: PayrollRun
    fact: Fact
    connection: Connection
    entry_id: int | None
    other_id: int | None
    lines: tuple[RegisterLine, ...]
    pulls: tuple[PullLine, ...]
    problem: str = ""
    is_edited: bool = False

    @property
    def differing(self) -> tuple[RegisterLine, ...]:
        return tuple(line for line in self.lines if line.difference)

    @property
    def off_by(self) -> int:
        return max((abs(line.difference) for line in self.lines), default=0)

    @property
    def is_booked_once(self) -> bool:
        return self.entry_id is not None and self.other_id is None


@dataclass(frozen=True, slots=True)
class PayrollProof:
    """Every run of the month with its lines and pulls, and the liabilities' roll-forward."""

    month: Month
    runs: tuple[RunProof, ...]
    liabilities: tuple[LiabilityRow, ...]

    @property
    def differing(self) -> int:
        return sum(len(run.differing) for run in self.runs)

    @property
    def total_lines(self) -> int:
        return sum(len(run.lines) for run in self.runs)

    @property
    def ties(self) -> bool:
        return all(
            run.is_booked_once and not run.differing and all(p.ties for p in run.pulls) for run in self.runs
        ) and all(row.ties for row in self.liabilities)


def connections(client: Client) -> list[Connection]:
    """The client's payroll systems."""
    slugs = [slug for slug, provider in all_providers().items() if provider.category == "payroll"]
    return list(
        Connection.objects.filter(client=client, provider__in=slugs).exclude(state__in=["pending", "disconnected"])
    )


def runs(client: Client, *, since: date | None = None) -> list[tuple[Fact, PayrollRun]]:
    """Every payroll run known, newest version of each, oldest first; runs of a prior provider are left out."""
    facts = Fact.objects.filter(client=client, kind="PayrollRun").exclude(state__in=["superseded", "skipped"])
    newest: dict[tuple[int, str], tuple[Fact, PayrollRun]] = {}
    for fact in facts.order_by("id"):
        record = from_json(fact.kind, fact.data)
        assert isinstance(record, PayrollRun)
        if not record.history and (since is None or record.booked_on >= since):
            newest[fact.connection_id, record.external_id] = (fact, record)
    return sorted(newest.values(), key=lambda pair: (pair[1].booked_on, pair[1].external_id))


def prove(client: Client, month: Month) -> PayrollProof:
    """All payroll proofs of a month."""
    known = runs(client, since=client.cut_over_on)
    prover = _Prover(client, month)
    own = [(fact, run) for fact, run in known if month.first <= run.booked_on <= month.last]
    pulls = payroll_pulls.of_runs(client, own, through=month.last)
    proofs = tuple(prover.prove(fact, run, found) for (fact, run), found in zip(own, pulls, strict=True))
    return PayrollProof(month, proofs, prover.liabilities(known))


def liabilities(client: Client, month: Month) -> tuple[LiabilityRow, ...]:
    """Only the liabilities of a month's proof: opening, accrued, remitted, and what the ledger holds."""
    return _Prover(client, month).liabilities(runs(client, since=client.cut_over_on))


class _Prover:
    def __init__(self, client: Client, month: Month) -> None:
        self.client, self.month = client, month
        self.mapping = mapping.load(client.pk).on(month.last)
        self.connections = Connection.objects.filter(client=client).in_bulk()
        self.gate = overlap.PayrollGate(client)

    def prove(self, fact: Fact, run: PayrollRun, pulls: tuple[PullLine, ...]) -> RunProof:
        connection = self.connections[fact.connection_id]
        own = revisions.live_entry(
            self.client.pk, booking.source_key(connection, fact), "payroll-reversal" if run.reverses else "payroll"
        )
        try:
            register = payroll_lines(run, provider=connection.provider)
        except Unbookable as problem:
            return RunProof(run, fact, connection, own.pk if own else None, None, (), (), problem.what)
        wages = self._by_account((line for line in register if line.role == "wages"), connection.provider, 1)
        other = self.gate.entry_near(run, {account for _label, account, _department in wages if account})
        if own is None and fact.state == Fact.State.PROOF:
            own, other = other, None  # the payroll system posts into the books by itself: its entry is the run's
        booked = _sums(JournalLine.objects.filter(client=self.client, entry_id__in=[e.pk for e in (own, other) if e]))
        edits = _edits(self.client, own)
        for account, delta in edits.items():
            booked[account] = booked.get(account, 0) + delta
        expected = self._by_name(register, connection.provider, -1 if run.reverses else 1, booked)
        lines = tuple(_lines(expected, booked, own or other))
        return RunProof(
            run,
            fact,
            connection,
            own.pk if own else None,
            other.pk if other else None,
            lines,
            pulls,
            is_edited=bool(edits),
        )

    def _by_name(
        self, lines: Sequence[DraftLine], provider: str, sign: int, booked: dict[int, int]
    ) -> dict[tuple[str, int | None, str], int]:
        """The same by tax, benefit and deduction on accounts that tie; where one does not, nobody can say which of them is off."""
        whole: dict[int | None, int] = defaultdict(int)
        for (_label, account, _department), amount in self._by_account(lines, provider, sign).items():
            whole[account] += amount
        tying = {account for account, amount in whole.items() if account is not None and booked.get(account) == amount}
        return self._by_account(lines, provider, sign, tying)

    def _by_account(
        self, lines: Iterable[DraftLine], provider: str, sign: int, named_on: Collection[int] = ()
    ) -> dict[tuple[str, int | None, str], int]:
        """Debit − credit by (label, account, department) as the mapping sends it; wages by earning, others by name ``named_on``."""
        sums: dict[tuple[str, int | None, str], int] = defaultdict(int)
        for line in lines:
            account = self.mapping.account_for(line, provider) if self.mapping else None
            is_named = line.role == "wages" or (line.role in NAMED and account in named_on)
            label = roles.label(line.role, line.key if is_named else "")
            sums[label, account, line.department] += sign * line.raw
        return dict(sums)

    def liabilities(self, known: list[tuple[Fact, PayrollRun]]) -> tuple[LiabilityRow, ...]:
        """Opening + accrued by runs − remitted = closing for each liability account."""
        names = self._liability_accounts()
        accrued: dict[str, int] = defaultdict(int)
        for fact, run in known:
            self._add_run(fact, run, names, accrued)
        self._add_contractors(names, accrued)
        opening = {
            name: -bank_position.book_balance(self.client, account, self.month.previous)
            for account, name in names.items()
        }
        ledger = {
            name: -bank_position.book_balance(self.client, account, self.month) for account, name in names.items()
        }
        return liability_roll_forward(opening, accrued, self._remitted(names), ledger)

    def _liability_accounts(self) -> dict[int, str]:
        ids = mapping.accounts_by_roles(self.client.pk, LIABILITIES, self.month.last)
        return dict(Account.objects.filter(client=self.client, pk__in=ids).order_by("name").values_list("id", "name"))

    def _add_run(self, fact: Fact, run: PayrollRun, names: dict[int, str], accrued: dict[str, int]) -> None:
        if not self.month.first <= run.booked_on <= self.month.last or not self.mapping:
            return
        provider = self.connections[fact.connection_id].provider
        sign = -1 if run.reverses else 1
        try:
            lines = payroll_lines(run, provider=provider)
        except Unbookable:
            return  # it is not booked either; the run's own proof says why
        for line in lines:
            account = self.mapping.account_for(line, provider)
            if account in names:
                accrued[names[account]] -= sign * line.raw

    def _add_contractors(self, names: dict[int, str], accrued: dict[str, int]) -> None:
        """Contractors are paid through the same clearing account; they accrue there on their day."""
        facts = Fact.objects.filter(
            client=self.client, kind="ContractorPayment", booked_on__range=(self.month.first, self.month.last)
        ).exclude(state__in=["superseded", "skipped"])
        clearing = next(
            (
                names[a]
                for a in mapping.accounts_by_role(self.client.pk, "net-pay-clearing", self.month.last)
                if a in names
            ),
            None,
        )
        for fact in facts:
            record = from_json(fact.kind, fact.data)
            if isinstance(record, ContractorPayment) and not record.by_check and clearing:
                accrued[clearing] += record.amount + record.reimbursement

    def _remitted(self, names: dict[int, str]) -> dict[str, int]:
        """What left: pulls met at the bank, and documents of the accounting system that pay a liability from a bank account."""
        banks = {feed.account_id for feed in bank_position.feeds(self.client) if feed.account_id is not None}
        lines = JournalLine.objects.filter(
            client=self.client, account_id__in=names, booked_on__range=(self.month.first, self.month.last)
        ).select_related("entry")
        paid: dict[str, int] = defaultdict(int)
        through_bank = set(
            JournalLine.objects.filter(
                client=self.client, entry_id__in={line.entry_id for line in lines}, account_id__in=banks
            ).values_list("entry_id", flat=True)
        )
        for line in lines:
            if line.entry_id in through_bank:
                paid[names[line.account_id]] += line.net_minor
        return paid


def _edits(client: Client, entry: JournalEntry | None) -> dict[int, int]:
    """What somebody's change of our entry in the accounting system moved, by account; nothing once it was put back."""
    if entry is None:
        return {}
    changes = ChangedAfterClose.objects.filter(client=client, document__outbox__members__entry=entry)
    sums: dict[int, int] = defaultdict(int)
    for change in changes.exclude(state=ChangedAfterClose.State.UNDONE):
        for account, delta in change.deltas:
            sums[account] += delta
    return {account: amount for account, amount in sums.items() if amount}


def _sums(lines: Iterable[JournalLine]) -> dict[int, int]:
    sums: dict[int, int] = defaultdict(int)
    for line in lines:
        sums[line.account_id] += line.net_minor
    return sums


def _lines(
    expected: dict[tuple[str, int | None, str], int], booked: dict[int, int], entry: JournalEntry | None
) -> list[RegisterLine]:
    """Register lines in register order; lines of one account share what the ledger holds there, the last one takes the rest."""
    left = dict(booked)
    count: dict[int | None, int] = defaultdict(int)
    for _label, account, _department in expected:
        count[account] += 1
    rows = []
    for (label, account, department), amount in expected.items():
        count[account] -= 1
        held = 0
        if account is not None and account in left:
            held = left[account] if count[account] == 0 else amount
            left[account] -= held
        rows.append(RegisterLine(label, department, label, account, amount, held, entry.pk if entry else None))
    rows += [
        RegisterLine("Not in the register", "", "", account, 0, amount) for account, amount in left.items() if amount
    ]
    return rows
