"""Tie-outs: two independent totals proven equal, with the lines that differ. Pure; figures in minor units.

Each proof computes its expected side from facts, never from the journal it is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from integrations.records import (
    BalanceFunding,
    BalancePurchase,
    Conversion,
    CustomerDeposit,
    Dispute,
    GiftCard,
    LoanMovement,
    Order,
    OrderRefund,
    OwnTransfer,
    Payout,
    ProcessorCredit,
    ProcessorFee,
    Record,
    Refund,
    RefundFailure,
    Reserve,
    Sale,
    StoreCredit,
    TaxMovement,
)
from ledger.core.rules.payroll import payroll_accrual, payroll_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from integrations.records import PayrollRun
    from ledger.core.entry import DraftEntry, DraftLine


# ---- processors: opening + activity − payouts = closing = clearing ------------------------------------------------------

CATEGORIES = (
    "sales", "refunds", "fees", "disputes", "reserves", "loans", "purchases", "credits", "taxes", "transfers", "exchange", "payouts"
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class RollForward:
    """A processor's balance from day to day. ``reported`` is what it says it holds, None where it said nothing; ``unsettled``
    what of that is in a statement still open, a timing difference: neither rows nor books can have it.
    """

    opening: int
    movements: tuple[tuple[str, int], ...]
    reported: int | None
    ledger: int
    unsettled: int = 0

    @property
    def closing(self) -> int:
        return self.opening + sum(amount for _, amount in self.movements)

    @property
    def to_processor(self) -> int | None:
        """Computed closing, with what is unsettled, − the processor's own figure; None if it gave none (never a pass)."""
        return None if self.reported is None else self.closing + self.unsettled - self.reported

    @property
    def to_ledger(self) -> int:
        """Computed closing − the clearing account's balance."""
        return self.closing - self.ledger

    @property
    def ties(self) -> bool:
        return self.to_processor == 0 and self.to_ledger == 0


def processor_roll_forward(
    opening: int, records: Iterable[Record], *, reported: int | None, ledger: int, currency: str = ""
) -> RollForward:
    """Opening + every row by category = closing, against the processor's figure and the clearing account's balance.

    All in minor units of ``currency``; rows of others do not count. Without it the records are of one currency.
    """
    sums = dict.fromkeys(CATEGORIES, 0)
    for record in records:
        for category, amount in balance_movements(record, currency):
            sums[category] += amount
    return RollForward(opening=opening, movements=tuple(sums.items()), reported=reported, ledger=ledger)


def balance_movements(record: Record, currency: str = "") -> tuple[tuple[str, int], ...]:
    """What a fact does to the balance the processor holds in a currency (the fact's own where none is given), by category;
    nothing for facts that do not touch it.
    """
    wanted = currency or record.currency.upper()
    if isinstance(record, Conversion) and wanted == record.sold_currency.upper():
        return (("exchange", -record.sold_amount),)
    moves = MOVES.get(type(record)) if wanted == record.currency.upper() else None
    return moves(record) if moves else ()


_Moves = tuple[tuple[str, int], ...]
_STAGE_SIGN = {"opened": -1, "won": 1, "lost": 0, "accepted": 0, "inquiry": 0}


def _own(record: Sale | Refund) -> int:
    """What of it went through this system's own balance."""
    if not record.tenders:
        return record.amount
    return sum(tender.amount for tender in record.tenders if tender.kind == "processor" and not tender.name)


def _sale(sale: Sale) -> _Moves:
    return ("sales", _own(sale)), ("fees", -sale.fee - sale.fee_tax)


def _refund(refund: Refund) -> _Moves:
    return ("refunds", -_own(refund)), ("fees", -refund.fee - refund.fee_tax)


def _order(order: Order) -> _Moves:
    """An order with tenders is a document; without any it is a row of the balance."""
    return ("sales", 0 if order.tenders else order.amount), _fees(order)


def _order_refund(refund: OrderRefund) -> _Moves:
    return ("refunds", 0 if refund.tenders else -refund.amount), _fees(refund)


def _gift_card(card: GiftCard) -> _Moves:
    return (("sales", 0 if card.tenders or card.stage == "expired" else card.amount),)


def _deposit(deposit: CustomerDeposit) -> _Moves:
    return (("sales", deposit.amount if deposit.into == "clearing" and not deposit.account else 0),)


def _fees(record: Order | OrderRefund) -> tuple[str, int]:
    return "fees", -sum(fee.amount + fee.tax for fee in record.fees)


def _refund_failure(failure: RefundFailure) -> _Moves:
    return (("refunds", failure.amount),)


def _dispute(dispute: Dispute) -> _Moves:
    sign = _STAGE_SIGN[dispute.stage]
    return ("disputes", sign * dispute.amount), ("fees", sign * dispute.fee)


def _fee(fee: ProcessorFee) -> _Moves:
    return (("fees", -fee.amount - fee.tax),)


def _payout(payout: Payout) -> _Moves:
    return ("payouts", payout.amount if payout.stage == "returned" else -payout.amount), ("fees", -payout.fee)


def _reserve(reserve: Reserve) -> _Moves:
    return (("reserves", -reserve.amount),)


def _loan(loan: LoanMovement) -> _Moves:
    return (("loans", loan.amount),)


def _purchase(purchase: BalancePurchase) -> _Moves:
    return (("purchases", -purchase.amount),)


def _funding(funding: BalanceFunding) -> _Moves:
    return (("transfers", funding.amount),)


def _own_transfer(transfer: OwnTransfer) -> _Moves:
    return (("transfers", -transfer.amount),)


def _credit(given: ProcessorCredit) -> _Moves:
    return (("credits", given.amount),)


def _tax(tax: TaxMovement) -> _Moves:
    return (("taxes", tax.amount),)


#: What moves a processor's balance, by kind of fact.
MOVES: dict[type[Record], Callable[[Any], _Moves]] = {
    Sale: _sale,
    Refund: _refund,
    RefundFailure: _refund_failure,
    Dispute: _dispute,
    ProcessorFee: _fee,
    Payout: _payout,
    Reserve: _reserve,
    LoanMovement: _loan,
    Order: _order,
    OrderRefund: _order_refund,
    GiftCard: _gift_card,
    CustomerDeposit: _deposit,
    BalancePurchase: _purchase,
    BalanceFunding: _funding,
    OwnTransfer: _own_transfer,
    ProcessorCredit: _credit,
    TaxMovement: _tax,
    Conversion: lambda conversion: (("exchange", conversion.amount),),
    StoreCredit: lambda _credit: (("refunds", 0),),  # given without money
}


# ---- payouts and deposits ------------------------------------------------------------------------------------------------


class PayoutRow(NamedTuple):
    """One payout: ``state`` is ``arrived``, ``differs``, ``in transit``, ``late`` or ``returned``."""

    payout: Payout
    state: str
    arrived_on: date | None
    arrived: int

    @property
    def difference(self) -> int:
        return self.arrived - self.payout.amount if self.state in ("arrived", "differs") else 0


class PayoutProof(NamedTuple):
    rows: tuple[PayoutRow, ...]
    in_transit: int

    @property
    def ties(self) -> bool:
        return all(row.state in ("arrived", "in transit", "returned") for row in self.rows)


def payouts_to_deposits(
    payouts: Sequence[Payout], arrivals: Mapping[str, tuple[date, int]], as_of: date, *, days: int = 5
) -> PayoutProof:
    """Each payout against its one deposit by ``as_of``. ``arrivals``: payout id → (bank date, amount).

    A payout without a deposit is in transit, and late once ``days`` have passed since it should have arrived; a returned
    one never arrives. ``in_transit`` is what the in-transit account must hold.
    """
    returned = {payout.payout_id for payout in payouts if payout.stage == "returned"}
    rows: list[PayoutRow] = []
    waiting = 0
    for payout in sorted(payouts, key=lambda payout: (payout.booked_on, payout.external_id)):
        if payout.stage == "returned" or payout.booked_on > as_of:
            continue
        on, amount = arrivals.get(payout.payout_id or payout.external_id, (None, 0))
        if on is not None and on <= as_of:
            rows.append(PayoutRow(payout, "arrived" if amount == payout.amount else "differs", on, amount))
        elif payout.payout_id and payout.payout_id in returned:
            rows.append(PayoutRow(payout, "returned", None, 0))
        else:
            waiting += payout.amount
            rows.append(PayoutRow(payout, "late" if (as_of - payout.arrives_on).days > days else "in transit", None, 0))
    return PayoutProof(tuple(rows), waiting)


# ---- payroll: register against ledger ------------------------------------------------------------------------------------


class Difference(NamedTuple):
    """A place where register and ledger disagree. Amounts are debits − credits."""

    role: str
    department: str
    key: str
    register: int
    ledger: int

    @property
    def difference(self) -> int:
        return self.ledger - self.register


def by_place(lines: Iterable[DraftLine], *, keys: bool = False) -> dict[tuple[str, str, str], int]:
    """Debits − credits by (role, department, key); without ``keys`` earnings and taxes of a role count together."""
    sums: dict[tuple[str, str, str], int] = {}
    for line in lines:
        place = (line.role, line.department, line.key if keys else "")
        sums[place] = sums.get(place, 0) + line.debit - line.credit
    return sums


def differences(
    expected: Mapping[tuple[str, str, str], int], actual: Mapping[tuple[str, str, str], int]
) -> tuple[Difference, ...]:
    """Every place where the two disagree, also those only one side has."""
    return tuple(
        Difference(*place, expected.get(place, 0), actual.get(place, 0))
        for place in sorted(expected.keys() | actual.keys())
        if expected.get(place, 0) != actual.get(place, 0)
    )


def register_to_ledger(run: PayrollRun, posted: Iterable[DraftLine], *, keys: bool = False) -> tuple[Difference, ...]:
    """A run's register against what the ledger holds for it, by role and department (and key); empty means it ties."""
    sign = -1 if run.reverses else 1
    register = {place: sign * amount for place, amount in by_place(payroll_lines(run), keys=keys).items()}
    return differences(register, by_place(posted, keys=keys))


# ---- payroll liabilities -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class LiabilityRow:
    """One liability over a month; figures positive as a liability reads. ``unpaid`` is what the provider says is still due."""

    name: str
    opening: int
    accrued: int
    remitted: int
    ledger: int
    unpaid: int | None = None

    @property
    def closing(self) -> int:
        return self.opening + self.accrued - self.remitted

    @property
    def difference(self) -> int:
        """Computed closing − the ledger's balance."""
        return self.closing - self.ledger

    @property
    def is_overpaid(self) -> bool:
        return self.ledger < 0

    @property
    def ties(self) -> bool:
        return self.difference == 0 and not self.is_overpaid and self.unpaid in (None, self.closing)


def liability_roll_forward(
    opening: Mapping[str, int],
    accrued: Mapping[str, int],
    remitted: Mapping[str, int],
    ledger: Mapping[str, int],
    unpaid: Mapping[str, int] | None = None,
) -> tuple[LiabilityRow, ...]:
    """Opening + accrued − remitted = closing for each liability named on any side."""
    names = opening.keys() | accrued.keys() | remitted.keys() | ledger.keys() | (unpaid or {}).keys()
    return tuple(
        LiabilityRow(
            name=name,
            opening=opening.get(name, 0),
            accrued=accrued.get(name, 0),
            remitted=remitted.get(name, 0),
            ledger=ledger.get(name, 0),
            unpaid=None if unpaid is None else unpaid.get(name, 0),
        )
        for name in sorted(names)
    )


def liabilities_accrued(runs: Iterable[PayrollRun]) -> dict[str, int]:
    """What runs add to each liability role, net of reversals; history adds nothing."""
    sums: dict[str, int] = {}
    for run in runs:
        if run.history:
            continue
        sign = -1 if run.reverses else 1
        for line in payroll_lines(run):
            if line.role in (
                "ee-tax-payable",
                "er-tax-payable",
                "benefit-payable",
                "garnishment-payable",
                "deductions-payable",
            ):
                sums[line.role] = sums.get(line.role, 0) + sign * (line.credit - line.debit)
    return sums


# ---- accruals ------------------------------------------------------------------------------------------------------------


class AccrualProof(NamedTuple):
    """The straddling run's accrual: what it should be, and where the booked one differs. No entry expected: ``entry`` None."""

    entry: DraftEntry | None
    differences: tuple[Difference, ...]

    @property
    def ties(self) -> bool:
        return not self.differences


def accrual_proof(run: PayrollRun, month_end: date, booked: Iterable[DraftLine]) -> AccrualProof:
    """Days worked and unpaid at the month's end, recomputed from the run, against the lines booked as accrual."""
    entry = payroll_accrual(run, month_end)
    return AccrualProof(entry, differences(by_place(entry.lines if entry else ()), by_place(booked)))
