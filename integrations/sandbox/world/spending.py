"""Card spending, own-account transfers, draws, and what is passed on: sales tax, tips, benefits."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from integrations.sandbox.world import documents
from integrations.sandbox.world.calendar import (
    ALL_MONTHS,
    HORIZON,
    book_date,
    day_in,
    is_business_day,
    last_business_day,
    month_end,
    month_of,
    next_business_day,
    on_or_after,
)
from integrations.sandbox.world.chance import share, stream
from integrations.sandbox.world.journal import Event, Movement, entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.payroll import Payroll
    from integrations.sandbox.world.people import CardHabit
    from integrations.sandbox.world.sales import Sales

TAX_AGENCY = "State Sales Tax Office"
TIP_POOL = "Cafe Tip Pool"
CARRIERS = (("Health Insurance", "Harborview Health Plan"), ("401(k)", "Northgate Retirement"))


def _card_purchase(rng: Random, month: str, habit: CardHabit, index: int) -> Event:
    day = day_in(month, rng.randint(1, 28) if habit.times > 1 else 5)
    amount = rng.randint(habit.low_minor, habit.high_minor)
    key = f"card-{habit.vendor}-{month}-{index}"
    posted = day + timedelta(days=rng.randint(1, 2))
    posted = posted if is_business_day(posted) else on_or_after(posted)
    document = documents.purchase(
        key,
        day,
        paid_from="Business Visa",
        kind="CreditCard",
        vendor=habit.vendor,
        lines=[documents.expense_line(habit.account, amount, habit.vendor)],
    )
    movement = Movement(
        key,
        "Business Visa",
        day,
        posted,
        -amount,
        habit.bank_text,
        merchant=habit.vendor,
        category=habit.category,
        pending_from=day,
    )
    return Event((document,), entry(day, "qbo", key, (habit.account, amount), ("Business Visa", -amount)), (movement,))


def card_spending(cast: Cast, seed: int) -> list[Event]:
    events = []
    for month in cast.months:
        rng = stream(seed, cast.slug, "card", month)
        for habit in cast.card_habits:
            times = habit.times if habit.times == 1 else habit.times + rng.randint(-1, 1)
            events += [_card_purchase(rng, month, habit, index) for index in range(times)]
    return [event for event in events if event.postings[0].day <= HORIZON]


def _card_payment(cast: Cast, month: str, owed: int) -> Event:
    day, key = on_or_after(day_in(month, 20)), f"card-paid-{month}"
    if cast.card_paid_by == "CreditCardPayment":
        document = documents.card_payment(key, day, owed)
    else:
        document = documents.transfer(
            key, day, source="Checking", target="Business Visa", amount=owed, note="Card payment"
        )
    out = Movement(key, "Checking", day, day, -owed, "BUSINESS VISA AUTOPAY", category="LOAN_PAYMENTS")
    received = Movement(
        f"{key}-received",
        "Business Visa",
        day,
        next_business_day(day),
        owed,
        "PAYMENT RECEIVED THANK YOU",
        category="LOAN_PAYMENTS",
    )
    lines = entry(day, "qbo", key, ("Business Visa", owed), ("Checking", -owed))
    return Event((document,), lines, (out, received))


def card_payments(cast: Cast, spending: list[Event]) -> Iterator[Event]:
    """Each month the statement balance of the month before is paid in full."""
    owed = -dict(cast.opening)["Business Visa"]
    charges = [movement for event in spending for movement in event.movements]
    for month in cast.months:
        if on_or_after(day_in(month, 20)) > HORIZON:
            return
        yield _card_payment(cast, month, owed)
        owed = -sum(line.amount_minor for line in charges if month_of(line.posted_on) == month)


def _draw(cast: Cast, month: str, check: str, clears: date) -> Event:
    day, key, amount = on_or_after(day_in(month, 15)), f"draw-{month}", cast.draw_minor
    line = documents.expense_line("Owner Draws", amount, "Owner's draw")
    document = documents.purchase(
        key, day, paid_from="Checking", kind="Check", vendor="", lines=[line], number=check, note="Owner's draw"
    )
    movement = Movement(
        key, "Checking", day, clears, -amount, f"CHECK {check}", check_number=check, category="TRANSFER_OUT"
    )
    return Event((document,), entry(day, "qbo", key, ("Owner Draws", amount), ("Checking", -amount)), (movement,))


def _savings(cast: Cast, month: str) -> Event:
    day, key, amount = on_or_after(day_in(month, 18)), f"savings-{month}", cast.savings_minor
    return Event(
        (documents.transfer(key, day, source="Checking", target="Savings", amount=amount, note="Monthly saving"),),
        entry(day, "qbo", key, ("Savings", amount), ("Checking", -amount)),
        (
            Movement(key, "Checking", day, day, -amount, "ONLINE TRANSFER TO SAVINGS", category="TRANSFER_OUT"),
            Movement(f"{key}-in", "Savings", day, day, amount, "ONLINE TRANSFER FROM CHECKING", category="TRANSFER_IN"),
        ),
    )


def owner_and_savings(cast: Cast, checks: list[tuple[str, str, date]]) -> list[Event]:
    """`checks` are (month, cheque number, day the bank pays it) for the owner's draws."""
    events = [_draw(cast, month, number, clears) for month, number, clears in checks]
    events += [_savings(cast, month) for month in cast.months]
    return [event for event in events if event.postings[0].day <= HORIZON]


def _passed_on(key: str, day: date, *, account: str, vendor: str, amount: int, text: str) -> Event:
    lines = [documents.expense_line(account, amount, text)]
    document = documents.purchase(key, day, paid_from="Checking", kind="Cash", vendor=vendor, lines=lines, note=text)
    posted = next_business_day(day)
    movement = Movement(
        key, "Checking", day, posted, -amount, text.upper(), merchant=vendor, category="GOVERNMENT_AND_NON_PROFIT"
    )
    return Event((document,), entry(day, "qbo", key, (account, amount), ("Checking", -amount)), (movement,))


def _sales_tax(month: str, day: date, amount: int) -> Event:
    key, text = f"salestax-{month}", "Sales tax payment"
    return _passed_on(key, day, account="Sales Tax Payable", vendor=TAX_AGENCY, amount=amount, text=text)


def collected(sales: Sales, kind: str) -> dict[str, int]:
    """Tax or tips ("tax_minor"/"tip_minor") taken less given back, by month of the book date."""
    months: dict[str, int] = {}
    for sign, found in ((1, sales.charges), (-1, sales.refunds)):
        for item in found:
            month = month_of(book_date(item.created))
            months[month] = months.get(month, 0) + sign * getattr(item, kind)
    return months


def remittances(sales: Sales, payroll: Payroll) -> Iterator[Event]:
    """Sales tax by quarter on the 24th, tips on the 6th, benefit carriers on the 8th, each for what came before."""
    tax, tips = collected(sales, "tax_minor"), collected(sales, "tip_minor")
    for previous, month in pairwise(ALL_MONTHS):
        day = on_or_after(day_in(month, 6))
        if day <= HORIZON and tips.get(previous):
            text = "Tip pool payout"
            yield _passed_on(
                f"tips-{month}", day, account="Tips Payable", vendor=TIP_POOL, amount=tips[previous], text=text
            )
        for index, (name, carrier) in enumerate(CARRIERS):
            amount, day = _benefit(payroll, previous, name), on_or_after(day_in(month, 8))
            if amount and day <= HORIZON:
                key = f"benefits-{month}-{index}"
                yield _passed_on(
                    key, day, account="Benefits Payable", vendor=carrier, amount=amount, text=f"{carrier} ACH"
                )
        day = on_or_after(day_in(month, 24))
        if month[-2:] in {"04", "07", "10", "01"} and day <= HORIZON:
            quarter = [name for name in ALL_MONTHS if name < month][-3:]
            amount = sum(tax.get(name, 0) for name in quarter)
            if amount:
                yield _sales_tax(month, day, amount)


def _benefit(payroll: Payroll, month: str, name: str) -> int:
    return sum(
        item.employee_minor + item.company_minor
        for run in payroll.runs
        if month_of(run.check_date) == month
        for pay in run.pays
        for item in pay.deductions
        if item.name == name
    )


def bank_own_lines(cast: Cast) -> list[tuple[Movement, str]]:
    """The bank's own lines with the account they belong to: the monthly fee and the savings interest."""
    found, savings = [], dict(cast.opening)["Savings"]
    for month in cast.months:
        day = last_business_day(month)
        if day > HORIZON:
            break
        savings += cast.savings_minor
        interest = share(savings, 33)
        savings += interest
        fee = Movement(
            f"fee-{month}", "Checking", day, day, -cast.fee_minor, "MONTHLY SERVICE FEE", category="BANK_FEES"
        )
        earned = Movement(f"interest-{month}", "Savings", day, day, interest, "INTEREST PAYMENT", category="INCOME")
        found += [(fee, "Bank Charges"), (earned, "Interest Income")]
    return found


def opening_entry(cast: Cast) -> Event:
    lines = [(account, amount, "Opening balance") for account, amount in cast.opening]
    document = documents.journal_entry("opening", cast.opened, lines, number="OPENING", note="Opening balances")
    return Event((document,), entry(cast.opened, "qbo", "opening", *cast.opening))


def month_end_habits(cast: Cast, until: date) -> Iterator[Event]:
    """Depreciation and insurance the former bookkeeper booked monthly, as long as they kept the books."""
    monthly = cast.insurance_minor // 12
    for month in cast.months:
        day = month_end(month)
        if day >= until:
            return
        for key, debit, credit, amount in (
            (f"depreciation-{month}", "Depreciation", "Accumulated Depreciation", cast.depreciation_minor),
            (f"prepaid-{month}", "Insurance", "Prepaid Expenses", monthly),
        ):
            lines = [(debit, amount, debit), (credit, -amount, debit)]
            document = documents.journal_entry(key, day, lines, note="Month-end entry")
            yield Event((document,), entry(day, "qbo", key, (debit, amount), (credit, -amount)))
