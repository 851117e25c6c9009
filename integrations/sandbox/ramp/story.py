"""Ramp's part in a company's story: cards, their statements, bills drawn one by one, and employees paid back on Fridays."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from integrations.sandbox.ramp import plan
from integrations.sandbox.ramp.plan import SLUG, at_bank
from integrations.sandbox.world import telling
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from integrations.sandbox.ramp.plan import Bill, Claim, Purchase, Spending
    from integrations.sandbox.world.cast import Cast

CARD, CLEARING, OWED = "Ramp Card", "Ramp Clearing", "Accounts Payable"
REIMBURSABLE, DUE, REWARDS = "Reimbursements Payable", "Due from Employees", "Card Rewards"
TRAVEL = "Travel and Meals"
ACCOUNTS = tuple(
    dict.fromkeys([*(account for _, account, *_ in plan.MERCHANTS), *(account for _, account, *_ in plan.VENDORS)])
)


def tell(cast: Cast, seed: int) -> Told:
    """Everything since the cut-over."""
    known = plan.plan(cast, seed)
    return Told(
        data=known,
        events=tuple(_events(known)),
        accounts=(
            (CARD, "Credit Card", "CreditCard"),
            (CLEARING, "Other Current Asset", "OtherCurrentAssets"),
            (REIMBURSABLE, "Other Current Liability", "OtherCurrentLiabilities"),
            (DUE, "Other Current Asset", "OtherCurrentAssets"),
            (REWARDS, "Other Income", "OtherMiscellaneousIncome"),
        ),
        vendors=tuple(vendor for vendor, *_ in plan.VENDORS),
        mapping=(
            Rule("card", CARD, key="ramp"),
            Rule("clearing", CLEARING),
            Rule("ap", OWED),
            Rule("reimb-payable", REIMBURSABLE),
            Rule("employee-receivable", DUE),
            Rule("other-income", REWARDS),
            Rule("expense", TRAVEL, key="travel"),
            *(Rule("expense", account, key=account) for account in ACCOUNTS),
            Rule("reimb-payable", REIMBURSABLE, words="CHECK EXPENSES TORSTEN"),
        ),
        balances=(
            *telling.held(_card(known), (CARD,), name="Card"),
            *telling.held(_floating(known), (CLEARING,), name="Bills and reimbursements under way"),
            *telling.held(_laid_out(known), (REIMBURSABLE,), name="Owed to employees"),
        ),
        seen=tuple(_seen(known)),
    )


# ---- what happens --------------------------------------------------------------------------------------------------------------


def _events(known: Spending) -> Iterator[Event]:
    yield from (_bought(purchase) for purchase in known.purchases if purchase.is_booked)
    for bill in known.bills:
        if bill.is_booked:
            yield from _owed(bill)
    for claim in known.claims:
        if claim.approved is not None:
            yield from _claimed(claim)
    yield from _at_bank(known)


def _at_bank(known: Spending) -> Iterator[Event]:
    """The card rewarded and paid, and what was paid to employees, a sum for each batch."""
    for reward in known.cashbacks:
        lines = ((CARD, reward.amount_minor), (REWARDS, -reward.amount_minor))
        yield Event(postings=entry(reward.day, SLUG, reward.id, *lines))
    for transfer in known.transfers:
        if transfer.status == "COMPLETED":
            text, day = "RAMP STATEMENT PAYMENT", at_bank(transfer.day)
            yield telling.cash_event(f"ramp-card-{day}", day, CARD, -transfer.amount_minor, text, merchant="Ramp")
    for day, batch, amount in _batches(known):
        text = "RAMP REIMBURSEMENTS" if amount > 0 else "RAMP REPAYMENTS"
        yield telling.cash_event(f"ramp-batch-{batch}", at_bank(day), CLEARING, -amount, text, merchant="Ramp")


def _bought(purchase: Purchase) -> Event:
    paid = ((OWED, purchase.amount_minor),) if purchase.bill else purchase.parts
    return Event(postings=entry(purchase.day, SLUG, purchase.id, *paid, (CARD, -purchase.amount_minor)))


def _owed(bill: Bill) -> Iterator[Event]:
    amount = bill.amount_minor
    yield Event(postings=entry(bill.day, SLUG, bill.id, *bill.parts, (OWED, -amount)))
    if bill.begun is None or bill.method == "CARD":
        return
    text = f"RAMP BILL PAY {bill.number}"
    drawn = at_bank(bill.begun)
    yield telling.cash_event(f"ramp-bill-{bill.number}", drawn, CLEARING, -amount, text, merchant="Ramp")
    if bill.paid is not None:
        yield Event(postings=entry(bill.paid, SLUG, f"{bill.id}:sent", (OWED, amount), (CLEARING, -amount)))


def _claimed(claim: Claim) -> Iterator[Event]:
    """What was laid out is a cost and owed; what was private is no cost and owed the other way. Then it is paid."""
    assert claim.approved is not None
    amount, cost = claim.amount_minor, claim.account or TRAVEL
    first = ((DUE, amount), (cost, -amount)) if claim.is_payback else ((cost, amount), (REIMBURSABLE, -amount))
    yield Event(postings=entry(claim.approved, SLUG, claim.id, *first))
    if claim.moved is None:
        return
    if claim.state == "MANUALLY_REIMBURSED":
        text = f"CHECK EXPENSES {claim.employee.upper()}"
        yield telling.cash_event(f"ramp-own-{claim.id}", at_bank(claim.moved), REIMBURSABLE, -amount, text)
        return
    then = ((CLEARING, amount), (DUE, -amount)) if claim.is_payback else ((REIMBURSABLE, amount), (CLEARING, -amount))
    yield Event(postings=entry(claim.moved, SLUG, f"{claim.id}:paid", *then))


def _batches(known: Spending) -> list[tuple[date, str, int]]:
    """(day, batch, what is taken from the bank): one sum for each batch, negative for what employees pay back."""
    sums: dict[tuple[date, str], int] = defaultdict(int)
    for claim in known.claims:
        if claim.moved is not None and claim.batch:
            sums[claim.moved, claim.batch] += -claim.amount_minor if claim.is_payback else claim.amount_minor
    return [(day, batch, amount) for (day, batch), amount in sums.items()]


# ---- what Ramp itself says -----------------------------------------------------------------------------------------------------


def _card(known: Spending) -> Iterator[tuple[date, int]]:
    """What the company owes on the card: its statements say the same."""
    yield from ((one.day, -one.amount_minor) for one in known.purchases if one.is_booked)
    yield from ((one.day, one.amount_minor) for one in known.cashbacks)
    yield from ((at_bank(one.day), one.amount_minor) for one in known.transfers if one.status == "COMPLETED")


def _floating(known: Spending) -> Iterator[tuple[date, int]]:
    """What was drawn for bills that are not paid yet, less what was paid to employees that the bank has yet to show."""
    for bill in known.bills:
        if bill.is_booked and bill.begun is not None and bill.method == "ACH":
            yield at_bank(bill.begun), bill.amount_minor
            if bill.paid is not None:
                yield bill.paid, -bill.amount_minor
    for day, _, amount in _batches(known):
        yield day, -amount
        yield at_bank(day), amount


def _laid_out(known: Spending) -> Iterator[tuple[date, int]]:
    for claim in known.claims:
        if claim.approved is not None and not claim.is_payback:
            yield claim.approved, -claim.amount_minor
            if claim.moved is not None:
                outside = claim.state == "MANUALLY_REIMBURSED"
                yield at_bank(claim.moved) if outside else claim.moved, claim.amount_minor


def _seen(known: Spending) -> Iterator[tuple[str, date]]:
    yield from (("transactions", one.day) for one in known.purchases if one.state != "DECLINED")
    yield from (("bills", one.day) for one in known.bills)
    yield from (("reimbursements", one.approved or one.spent) for one in known.claims)
    yield from (("reimbursement_batches", day) for day, _, _ in _batches(known))
    yield from (("cashbacks", one.day) for one in known.cashbacks)
    yield from (("transfers", one.day) for one in known.transfers)
    yield from (("statements", one.ends) for one in known.statements)
    yield from (("receipts", one.day) for one in known.purchases if one.has_receipt)
