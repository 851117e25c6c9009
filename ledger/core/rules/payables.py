"""Payables tools: bills and credits, payments and what undoes them, lumps between the tool's clearing account and the bank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.records import (
    BillPayment,
    CustomerPayment,
    ExpenseSplit,
    FundingPull,
    ServiceFee,
    VendorBill,
    VendorCredit,
)
from ledger.core.entry import DraftEntry, DraftLine, credit, debit
from ledger.core.roles import account_role
from ledger.core.rules.booking import Source, Unbookable, agree, draft, entry_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from integrations.records import Application

_SPLIT_ROLES = {"expense": "expense", "prepaid": "prepaid", "asset": "fixed-assets"}
#: Stages of a payment that undo it.
_UNDONE = ("voided", "failed", "stopped")


def split_lines(
    splits: Sequence[ExpenseSplit], amount: int, *, party: str = "", employee: str = ""
) -> tuple[DraftLine, ...]:
    """Dr each split's cost and its input tax; ``employee`` owes the private ones. Uncategorised as a whole without splits.

    Raises Unbookable where splits and tax do not come to ``amount``.
    """
    splits = splits or (ExpenseSplit(amount=amount),)
    agree("splits", amount, sum(split.amount + split.tax for split in splits))
    return tuple(line for split in splits for line in split_line(split, party=party, employee=employee))


def split_line(split: ExpenseSplit, *, party: str = "", employee: str = "") -> tuple[DraftLine, ...]:
    """One split's cost and input tax. A private purchase is owed in full."""
    if split.kind == "personal":
        return debit("employee-receivable", split.amount + split.tax, memo=split.memo, party=employee)
    role = account_role(split.account_id) if split.account_id else _SPLIT_ROLES[split.kind]
    return (
        *debit(role, split.amount, split.category, memo=split.memo, party=party, **tags(split)),
        *debit("input-tax", split.tax),
    )


def tags(split: ExpenseSplit) -> dict[str, str]:
    """What the ledger keeps of a split beside its account."""
    return {"department": split.department, "klass": split.klass}


def mirrored(lines: Sequence[DraftLine]) -> tuple[DraftLine, ...]:
    return tuple(line._replace(debit=line.credit, credit=line.debit) for line in lines)


@draft.register
def _bill(record: VendorBill, _source: Source) -> tuple[DraftEntry, ...]:
    """Dr expense, prepaid or asset by split, input tax; Cr accounts payable of the vendor."""
    lines = (
        *split_lines(record.splits, record.amount, party=record.vendor),
        *credit("ap", record.amount, memo=record.number, party=record.vendor),
    )
    return entry_of(record, "bill", record.memo or f"Bill {record.number} {record.vendor}".replace("  ", " "), lines)


@draft.register
def _vendor_credit(record: VendorCredit, _source: Source) -> tuple[DraftEntry, ...]:
    """Dr accounts payable; Cr what the bill had debited."""
    lines = (
        *debit("ap", record.amount, memo=record.number, party=record.vendor),
        *mirrored(split_lines(record.splits, record.amount, party=record.vendor)),
    )
    return entry_of(record, "vendor-credit", record.memo or f"Credit {record.number} {record.vendor}", lines)


@draft.register
def _bill_payment(record: BillPayment, source: Source) -> tuple[DraftEntry, ...]:
    """Sent: Dr accounts payable by bill; Cr clearing (or card, or bank) and the discount kept. Voided, failed, stopped: the
    mirror. Escheated: Dr accounts payable; Cr unclaimed property.
    """
    paid = _applied(record.applications, record.amount + record.discount, "ap", record.vendor)
    if record.stage == "escheated":
        lines: tuple[DraftLine, ...] = (*paid, *credit("unclaimed-property", record.amount, party=record.vendor))
    else:
        key = record.account or (source.provider if record.paid_from == "clearing" else "")
        lines = (
            *paid,
            *credit(record.paid_from, record.amount, key),
            *credit("other-income", record.discount, "early-payment discount"),
        )
    if record.stage in _UNDONE:
        lines = mirrored(lines)
    purpose = "bill-payment" if record.stage == "sent" else f"bill-payment-{record.stage}"
    return entry_of(record, purpose, record.memo or f"Payment {record.stage} {record.vendor}", lines)


def _applied(applications: Sequence[Application], amount: int, role: str, party: str) -> tuple[DraftLine, ...]:
    """Dr the party's account, a line for each document; one line where the system names none."""
    if not applications:
        return debit(role, amount, party=party)
    agree("applications", amount, sum(application.amount for application in applications))
    return tuple(
        line
        for application in applications
        for line in debit(role, application.amount, memo=application.document, party=party)
    )


@draft.register
def _customer_payment(record: CustomerPayment, source: Source) -> tuple[DraftEntry, ...]:
    """Dr the tool's incoming clearing; Cr accounts receivable by invoice. Failed or gone back: the mirror."""
    lines = (
        *debit("clearing", record.amount, incoming(source.provider)),
        *mirrored(_applied(record.applications, record.amount, "ar", record.customer)),
    )
    return entry_of(record, "customer-payment", record.memo or f"Payment of {record.customer}", lines)


def incoming(provider: str) -> str:
    """The key of the clearing account in which a tool collects from customers."""
    return f"{provider}-in"


@draft.register
def _service_fee(record: ServiceFee, source: Source) -> tuple[DraftEntry, ...]:
    """Dr service fees and input tax; Cr bank, card or clearing."""
    key = record.account or (source.provider if record.paid_from == "clearing" else "")
    lines = (
        *debit("fees", record.amount, record.category or source.provider),
        *debit("input-tax", record.tax),
        *credit(record.paid_from, record.amount + record.tax, key),
    )
    return entry_of(record, "service-fee", record.memo or f"Fee {record.category}".strip(), lines)


def funding_entry(pull: FundingPull, on: date, *, provider: str = "", bank: str = "") -> DraftEntry:
    """A lump met by its bank line, dated like it: out Dr clearing; Cr bank. In: Dr bank; Cr the incoming clearing.

    A negative lump mirrors. Raises Unbookable for one of nil.
    """
    if not pull.amount:
        raise Unbookable("a lump of nil moves nothing")
    if pull.side == "out":
        lines = (*debit("clearing", pull.amount, provider), *credit("bank", pull.amount, bank))
    else:
        lines = (*debit("bank", pull.amount, bank), *credit("clearing", pull.amount, incoming(provider)))
    said = pull.memo or ("Pulled for payments" if pull.side == "out" else "Collected from customers")
    return DraftEntry("funding", on, said, lines, pull.currency)
