"""Vendors and wholesale customers: bills, payments, invoices and deposits as they stand in QuickBooks and at the bank."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import documents
from integrations.sandbox.world.calendar import (
    HORIZON,
    day_in,
    month_start,
    next_business_day,
    on_or_after,
)
from integrations.sandbox.world.chance import stream
from integrations.sandbox.world.journal import Event, Movement, entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.people import Buyer, Supply

RENT_DAY = 1


class CheckBook:
    """Hands out cheque numbers in the order they are written."""

    def __init__(self, first: int) -> None:
        self._next = first

    def number(self) -> str:
        self._next += 1
        return str(self._next - 1)


def bill_event(
    *, key: str, vendor: str, day: date, due: date, number: str, account: str, amount: int, text: str
) -> Event:
    document = documents.bill(key, vendor, day, due=due, number=number, account=account, amount=amount, text=text)
    return Event((document,), entry(day, "qbo", key, (account, amount), ("Accounts Payable", -amount)))


def bill_payment_event(
    *, key: str, vendor: str, day: date, bill_key: str, amount: int, check: str, text: str, clears: date
) -> Event:
    movement = Movement(
        key,
        "Checking",
        day,
        clears,
        -amount,
        f"CHECK {check}" if check else text,
        merchant="" if check else vendor,
        category="TRANSFER_OUT" if check else "GENERAL_SERVICES",
        check_number=check,
    )
    return Event(
        (documents.bill_payment(key, vendor, day, bill_key=bill_key, amount=amount, check=check),),
        entry(day, "qbo", key, ("Accounts Payable", amount), ("Checking", -amount)),
        (movement,),
    )


def _cleared(rng: Random, day: date, check: str) -> date:
    return on_or_after(day + timedelta(days=rng.randint(3, 9))) if check else next_business_day(day)


def _rent(cast: Cast, rng: Random, month: str, book: CheckBook) -> Iterator[Event]:
    day, key = day_in(month, RENT_DAY), f"rent-{month}"
    number = f"RENT-{month}"
    yield bill_event(
        key=key,
        vendor=cast.landlord,
        day=day,
        due=day + timedelta(days=4),
        number=number,
        account="Rent",
        amount=cast.rent_minor,
        text=f"Rent {month}",
    )
    paid = on_or_after(day + timedelta(days=2))
    check = book.number()
    yield bill_payment_event(
        key=f"rent-paid-{month}",
        vendor=cast.landlord,
        day=paid,
        bill_key=key,
        amount=cast.rent_minor,
        check=check,
        text="",
        clears=_cleared(rng, paid, check),
    )


def _supply(cast: Cast, rng: Random, month: str, supply: Supply, book: CheckBook) -> Iterator[Event]:
    day, amount = on_or_after(day_in(month, supply.day)), rng.randint(supply.low_minor, supply.high_minor)
    key = f"bill-{supply.vendor}-{month}"
    number = f"{supply.vendor[:3].upper()}-{rng.randint(1000, 9899)}"
    yield bill_event(
        key=key,
        vendor=supply.vendor,
        day=day,
        due=day + timedelta(days=30),
        number=number,
        account=supply.account,
        amount=amount,
        text=f"{supply.account} for {cast.name}",
    )
    paid = on_or_after(day + timedelta(days=supply.pay_after_days + rng.randint(0, 2)))
    check = book.number() if supply.method == "check" and paid <= HORIZON else ""
    yield bill_payment_event(
        key=f"paid-{supply.vendor}-{month}",
        vendor=supply.vendor,
        day=paid,
        bill_key=key,
        amount=amount,
        check=check,
        text=supply.bank_text,
        clears=_cleared(rng, paid, check),
    )


def _insurance(cast: Cast, year: int) -> Iterator[Event]:
    day, key = date(year, 1, 10), f"insurance-{year}"
    vendor = "Fairhaven Mutual"
    yield bill_event(
        key=key,
        vendor=vendor,
        day=day,
        due=day + timedelta(days=20),
        number=f"POL-{year}",
        account="Prepaid Expenses",
        amount=cast.insurance_minor,
        text=f"Business policy, twelve months from 1 January {year}",
    )
    paid = on_or_after(date(year, 1, 22))
    yield bill_payment_event(
        key=f"insurance-paid-{year}",
        vendor=vendor,
        day=paid,
        bill_key=key,
        amount=cast.insurance_minor,
        check="",
        text="FAIRHAVEN MUTUAL PREMIUM",
        clears=next_business_day(paid),
    )


def _wholesale(cast: Cast, rng: Random, month: str, buyer: Buyer, number: int) -> Iterator[Event]:
    day = day_in(month, rng.randint(2, 26))
    amount = rng.randint(buyer.low_minor, buyer.high_minor)
    key = f"invoice-{number}"
    document = documents.invoice(
        key, buyer.name, day, number=str(number), item=cast.item_account, amount=amount, text="Wholesale order"
    )
    lines = entry(day, "qbo", key, ("Accounts Receivable", amount), ("Wholesale Sales", -amount))
    yield Event((document,), lines)
    received = on_or_after(day + timedelta(days=buyer.pays_after_days + rng.randint(-7, 7)))
    pay_key = f"payment-{number}"
    document = documents.payment(
        pay_key, buyer.name, received, invoice_key=key, amount=amount, number=str(rng.randint(2000, 9000))
    )
    lines = entry(received, "qbo", pay_key, ("Undeposited Funds", amount), ("Accounts Receivable", -amount))
    yield Event((document,), lines)
    banked = next_business_day(received)
    put_key = f"deposit-{number}"
    document = documents.deposit(put_key, banked, "Checking", [documents.deposit_of_payment(pay_key, amount)])
    lines = entry(banked, "qbo", put_key, ("Checking", amount), ("Undeposited Funds", -amount))
    movement = Movement(
        put_key, "Checking", banked, next_business_day(banked), amount, "DEPOSIT", category="TRANSFER_IN"
    )
    yield Event((document,), lines, (movement,))


def trade(cast: Cast, seed: int, book: CheckBook) -> list[Event]:
    """Bills, their payments, invoices and receipts of every month; what lies past the horizon has not happened."""
    events: list[Event] = []
    number = 1001
    for month in cast.months:
        rng = stream(seed, cast.slug, "trade", month)
        events += _rent(cast, rng, month, book)
        for supply in cast.supplies:
            events += _supply(cast, rng, month, supply, book)
        if month.endswith("-01"):
            events += _insurance(cast, month_start(month).year)
        for buyer in cast.buyers:
            for _ in range(buyer.times):
                events += _wholesale(cast, rng, month, buyer, number)
                number += 1
    return [event for event in events if event.postings[0].day <= HORIZON]
