"""BILL's part in a company's story: bills approved, paid on Thursdays out of one sum a day, and what goes wrong."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from integrations.sandbox.bill import plan
from integrations.sandbox.bill.plan import SLUG, VENDORS
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HORIZON, book_date, day_in, next_business_day
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from integrations.sandbox.bill.plan import Bill, Payables, Payment
    from integrations.sandbox.world.cast import Cast

CLEARING, CARD, OWED = "BILL Money Out Clearing", "BILL Pay Card", "Accounts Payable"
FEE_MINOR = 7900
#: Payments that were undone after their money had moved.
UNDONE = {"VOIDED": "voided", "DISBURSEMENT_FAILED_ACTION_NEEDED": "failed"}


def tell(cast: Cast, seed: int) -> Told:
    """Everything since the cut-over."""
    known = plan.plan(cast, seed)
    return Told(
        data=known,
        events=tuple(_events(known)),
        accounts=((CLEARING, "Other Current Asset", "OtherCurrentAssets"), (CARD, "Credit Card", "CreditCard")),
        vendors=tuple(vendor for vendor, *_ in VENDORS),
        mapping=(
            Rule("ap", OWED),
            Rule("clearing", CLEARING),
            Rule("card", CARD, key=plan.CARD_NAME),
            *(Rule("expense", account, key=account) for account in plan.ACCOUNTS),
            Rule("fees", "Software", words="BILL.COM SUBSCRIPTION"),
            Rule("card", CARD, words="BILL.COM PAY CARD"),
        ),
        balances=(
            *telling.held(_floating(known), (CLEARING,), name="Money out"),
            *telling.held(_charged(known), (CARD,), name="Pay card"),
        ),
        seen=tuple(_seen(known)),
    )


def _events(known: Payables) -> Iterator[Event]:
    for bill in known.bills:
        if bill.is_booked:
            lines = [(account, amount) for account, _, amount in bill.splits]
            yield Event(postings=entry(bill.day, SLUG, bill.id, *lines, (OWED, -bill.amount_minor)))
    for credit in known.credits:
        lines = [(OWED, credit.amount_minor), (credit.account, -credit.amount_minor)]
        yield Event(postings=entry(credit.day, SLUG, credit.id, *lines))
    for payment in known.payments:
        if payment.has_moved:
            yield from _paid(payment)
    for day, amount in _pulls(known).items():
        text = f"BILL.COM INC PAYABLES {day:%m%d}"
        yield telling.cash_event(f"bill-pull-{day}", _at_bank(day), CLEARING, -amount, text, merchant="BILL")
    for day, amount in _card_paid(known):
        yield telling.cash_event(f"bill-card-{day}", day, CARD, -amount, "BILL.COM PAY CARD AUTOPAY", merchant="BILL")
    for month in telling.PROVEN:
        text = "BILL.COM SUBSCRIPTION"
        yield telling.cash_event(f"bill-fee-{month}", day_in(month, 20), "Software", -FEE_MINOR, text, merchant="BILL")


def _paid(payment: Payment) -> Iterator[Event]:
    source, amount = (CARD if payment.by_card else CLEARING), payment.amount_minor
    yield Event(postings=entry(payment.process, SLUG, f"{payment.id}:sent", (OWED, amount), (source, -amount)))
    if payment.status in UNDONE:
        day, key = book_date(payment.changed), f"{payment.id}:{UNDONE[payment.status]}"
        yield Event(postings=entry(day, SLUG, key, (source, amount), (OWED, -amount)))
    if payment.status == "VOIDED":
        back = _credited(payment)
        yield telling.cash_event(f"bill-void-{payment.number}", back, CLEARING, amount, "BILL.COM INC VOID CREDIT")


def _credited(payment: Payment) -> date:
    """When the bank shows what a voided payment gives back."""
    return next_business_day(book_date(payment.changed), 2)


def _at_bank(process: date) -> date:
    return next_business_day(process)


def _pulls(known: Payables) -> dict[date, int]:
    """One sum for the payments of a process date."""
    sums: dict[date, int] = defaultdict(int)
    for payment in known.payments:
        if payment.has_moved and not payment.by_card:
            sums[payment.process] += payment.amount_minor
    return dict(sums)


def _card_paid(known: Payables) -> Iterator[tuple[date, int]]:
    """The card is paid in full on the fifteenth of the month after."""
    for payment in known.payments:
        if payment.by_card:
            month = f"{payment.process:%Y-%m}"
            yield day_in(telling.MONTHS[telling.MONTHS.index(month) + 1], 15), payment.amount_minor


# ---- what BILL itself says ---------------------------------------------------------------------------------------------------


def _floating(known: Payables) -> Iterator[tuple[date, int]]:
    """Money between the bank and the vendors: what BILL holds (negative: what it has yet to take)."""
    for payment in known.payments:
        if payment.has_moved and not payment.by_card:
            yield payment.process, -payment.amount_minor
            if payment.status in UNDONE:
                yield book_date(payment.changed), payment.amount_minor
            if payment.status == "VOIDED":
                yield _credited(payment), -payment.amount_minor
    yield from ((_at_bank(day), amount) for day, amount in _pulls(known).items())


def _charged(known: Payables) -> Iterator[tuple[date, int]]:
    yield from ((payment.process, -payment.amount_minor) for payment in known.payments if payment.by_card)
    yield from _card_paid(known)


def _seen(known: Payables) -> Iterator[tuple[str, date]]:
    yield from (("bills", bill.day) for bill in known.bills)
    yield from (("vendor_credits", credit.day) for credit in known.credits)
    yield from (("payments", payment.process) for payment in known.payments)
    yield from (("fundings", day) for day in _pulls(known))


def paid_on(known: Payables, bill: Bill) -> tuple[int, int]:
    """(cleared, scheduled) of a bill in cents, as BILL reports them."""
    cleared = scheduled = 0
    for payment in known.payments:
        amount = sum(part for mark, part in payment.parts if mark == bill.id)
        if payment.status == "SCHEDULED" or (payment.has_moved and payment.process > HORIZON):
            scheduled += amount
        elif payment.has_moved and payment.status not in UNDONE:
            cleared += amount
    return cleared, scheduled
