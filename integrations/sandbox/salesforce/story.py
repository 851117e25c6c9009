"""Salesforce's part in a company's story: deals and orders, and in its billing the invoices of studies and restorations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HORIZON, STORY_NOW, book_date, next_business_day
from integrations.sandbox.world.chance import share, stream
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from random import Random

    from integrations.sandbox.world.cast import Cast

SLUG = "salesforce"
OWED, UNDEPOSITED = "Salesforce Invoices Owed", "Salesforce Payments Undeposited"
STUDIES, RESTORATION, LOST = "Habitat Study Income", "Restoration Income", "Salesforce Bad Debts"
PRODUCTS = {"STUDY": STUDIES, "RESTORE": RESTORATION}
ACCOUNTS = ("Saltmarsh Conservancy", "Fernhollow Estate", "Bluewater Utility District", "Pinnacle Ski Area")
INVOICES, DEALS, ORDERS = 14, 10, 3
TAX_BP = 725
#: Place in the month → what is odd about its invoice.
DRAFT, SPLIT, VOIDED, CREDITED, REFUNDED, LOSS = 2, 4, 5, 7, 10, 12
#: Two invoices of one account, paid at once.
FIRST, SECOND = 8, 9

Lines = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit memo, cents; ``kind`` is what it is for."""

    id: int
    at: datetime
    lines: Lines
    tax_minor: int
    kind: str

    @property
    def total_minor(self) -> int:
        return _total(self.lines) + self.tax_minor


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice, cents, its lines by product code."""

    id: int
    account: str
    at: datetime
    lines: Lines
    tax_minor: int
    is_draft: bool = False
    credits: tuple[Credit, ...] = ()

    @property
    def total_minor(self) -> int:
        return _total(self.lines) + self.tax_minor

    @property
    def status(self) -> str:
        is_voided = any(credit.kind == "void" for credit in self.credits)
        return "Draft" if self.is_draft else "Voided" if is_voided else "Posted"


@dataclass(frozen=True, slots=True)
class Payment:
    """Money of an account, cents, and what of it is for which invoice; negative is a refund."""

    id: int
    account: str
    at: datetime
    applied: tuple[tuple[int, int], ...]

    @property
    def amount_minor(self) -> int:
        return sum(amount for _, amount in self.applied)


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal, in minor units of its currency."""

    id: int
    account: str
    at: datetime
    lines: Lines
    stage: str
    currency: str = "USD"
    is_deleted: bool = False

    @property
    def amount_minor(self) -> int:
        return _total(self.lines)


@dataclass(frozen=True, slots=True)
class Org:
    """What the API serves. Orders are (number, account, day, cents, status code)."""

    invoices: tuple[Invoice, ...]
    payments: tuple[Payment, ...]
    deals: tuple[Deal, ...]
    orders: tuple[tuple[int, str, datetime, int, str], ...]


def tell(cast: Cast, seed: int) -> Told:
    """Everything since the cut-over. Cheques and transfers come outside of Salesforce and reach the bank the next day."""
    invoices = tuple(_invoices(cast, seed))
    known = Org(invoices, tuple(_payments(cast, seed, invoices)), tuple(_deals(cast, seed)), tuple(_orders(cast, seed)))
    return Told(
        data=known,
        events=tuple(_events(known)),
        accounts=(
            (OWED, "Other Current Asset", "OtherCurrentAssets"),
            (UNDEPOSITED, "Other Current Asset", "UndepositedFunds"),
            (STUDIES, "Income", "ServiceFeeIncome"),
            (RESTORATION, "Income", "ServiceFeeIncome"),
            (LOST, "Expense", "BadDebts"),
        ),
        mapping=(
            Rule("ar", OWED),
            Rule("undeposited", UNDEPOSITED),
            Rule("undeposited", UNDEPOSITED, words="SALESFORCE PMT"),
            Rule("revenue", STUDIES),
            Rule("revenue", RESTORATION, key="RESTORE"),
            Rule("bad-debt", LOST),
            Rule("sales-tax-payable", "Sales Tax Payable"),
        ),
        balances=telling.held(_owed(known), (OWED,), name="Invoices"),
        seen=(
            *(("invoices", book_date(one.at)) for one in known.invoices),
            *(("credit_memos", book_date(credit.at)) for one in known.invoices for credit in one.credits),
            *(("payments" if one.amount_minor > 0 else "refunds", book_date(one.at)) for one in known.payments),
            *(("opportunities", book_date(one.at)) for one in known.deals),
            *(("orders", book_date(at)) for _, _, at, _, _ in known.orders),
        ),
    )


# ---- what happens --------------------------------------------------------------------------------------------------------


def _total(lines: Lines) -> int:
    return sum(amount for _, amount in lines)


def _invoices(cast: Cast, seed: int) -> Iterator[Invoice]:
    for index, month in enumerate(telling.MONTHS):
        rng = stream(seed, cast.slug, SLUG, month)
        for place, at in enumerate(telling.moments(rng, month, INVOICES)):
            lines: Lines = (("STUDY", rng.randint(40000, 160000)),)
            if place % 2:
                lines += (("RESTORE", rng.randint(30000, 240000)),)
            tax = share(_total(lines), TAX_BP) if place % 3 == 0 else 0
            account = ACCOUNTS[0] if place in (FIRST, SECOND) else rng.choice(ACCOUNTS)
            mark = 100 * (index + 1) + place
            credits_of = tuple(one for one in _credits(mark, place, at, lines, tax) if one.at < STORY_NOW)
            yield Invoice(mark, account, at, lines, tax, place == DRAFT, credits_of)


def _credits(mark: int, place: int, at: datetime, lines: Lines, tax: int) -> Iterator[Credit]:
    """The whole of a voided invoice, part of two others, and a loss when a month has passed."""
    if place == VOIDED:
        yield Credit(mark, at + timedelta(days=6), lines, tax, "void")
    if place in (CREDITED, REFUNDED):
        first, amount = lines[0]
        yield Credit(mark, at + timedelta(days=9), ((first, amount // 5),), 0, "credit")
    if place == LOSS:
        yield Credit(mark, at + timedelta(days=30), lines, tax, "write-off")


def _payments(cast: Cast, seed: int, invoices: tuple[Invoice, ...]) -> Iterator[Payment]:
    """By invoice: one payment, two halves, one for two invoices; what was paid before a credit is given back after it."""
    rng = stream(seed, cast.slug, SLUG, "payments")
    known = {one.id: one for one in invoices}
    for invoice in invoices:
        place, paid = invoice.id % 100, invoice.at + timedelta(days=rng.randint(3, 20))
        if place in (DRAFT, VOIDED, LOSS, SECOND):
            continue
        yield from (one for one in _paid(rng, invoice, place, paid, known) if one.at < STORY_NOW)


def _paid(rng: Random, invoice: Invoice, place: int, paid: datetime, known: dict[int, Invoice]) -> Iterator[Payment]:
    mark, amount, back = 10 * invoice.id, invoice.total_minor, sum(one.total_minor for one in invoice.credits)
    if place == SPLIT:
        for number, part in enumerate(telling.parts(amount, (2, 1))):
            yield Payment(mark + number, invoice.account, paid + timedelta(days=8 * number), ((invoice.id, part),))
    elif place == CREDITED:
        yield Payment(mark, invoice.account, invoice.at + timedelta(days=14), ((invoice.id, amount - back),))
    elif place == FIRST and (second := known.get(invoice.id + 1)) is not None:
        # A payment comes after the later of the two.
        both = ((invoice.id, amount), (second.id, second.total_minor))
        yield Payment(mark, invoice.account, second.at + timedelta(days=rng.randint(2, 9)), both)
    else:
        first = invoice.at + timedelta(days=3) if place == REFUNDED else paid
        yield Payment(mark, invoice.account, first, ((invoice.id, amount),))
    if place == REFUNDED and back:
        yield Payment(mark + 5, invoice.account, invoice.at + timedelta(days=12), ((invoice.id, -back),))


def _deals(cast: Cast, seed: int) -> Iterator[Deal]:
    """Won, lost and open ones; one a month that was never won is deleted, and one is in another currency."""
    for index, month in enumerate(telling.MONTHS):
        rng = stream(seed, cast.slug, SLUG, f"deals {month}")
        for place, at in enumerate(telling.moments(rng, month, DEALS)):
            lines = (("STUDY", rng.randint(50000, 300000)), ("RESTORE", rng.randint(90000, 900000)))
            stage = ("Closed Won", "Closed Lost", "Negotiation/Review")[place % 3]
            currency, gone = "CAD" if place == 6 else "USD", place == 4
            yield Deal(100 * (index + 1) + place, rng.choice(ACCOUNTS), at, lines, stage, currency, gone)


def _orders(cast: Cast, seed: int) -> Iterator[tuple[int, str, datetime, int, str]]:
    for index, month in enumerate(telling.MONTHS):
        rng = stream(seed, cast.slug, SLUG, f"orders {month}")
        for place, at in enumerate(telling.moments(rng, month, ORDERS)):
            status = "Draft" if place == 1 else "Activated"
            yield 100 * (index + 1) + place, rng.choice(ACCOUNTS), at, rng.randint(20000, 90000), status


# ---- what the books and the bank show of it ------------------------------------------------------------------------------


def _events(known: Org) -> Iterator[Event]:
    for invoice in known.invoices:
        if invoice.is_draft:
            continue
        lines = [(PRODUCTS[code], -amount) for code, amount in invoice.lines]
        lines += [("Sales Tax Payable", -invoice.tax_minor), (OWED, invoice.total_minor)]
        yield Event(postings=entry(book_date(invoice.at), SLUG, f"salesforce-{invoice.id}", *lines))
        yield from map(_credited, invoice.credits)
    for payment in known.payments:
        yield from _moved(payment)


def _credited(credit: Credit) -> Event:
    lines = [(PRODUCTS[code], amount) for code, amount in credit.lines]
    lines += [("Sales Tax Payable", credit.tax_minor)]
    lost = [(LOST, credit.total_minor)]
    taken = (*(lost if credit.kind == "write-off" else lines), (OWED, -credit.total_minor))
    return Event(postings=entry(book_date(credit.at), SLUG, f"salesforce-credit-{credit.id}", *taken))


def _moved(payment: Payment) -> Iterator[Event]:
    amount, day, key = payment.amount_minor, book_date(payment.at), f"salesforce-payment-{payment.id}"
    yield Event(postings=entry(day, SLUG, key, (UNDEPOSITED, amount), (OWED, -amount)))
    banked = next_business_day(day)
    if banked <= HORIZON:
        yield telling.cash_event(f"{key}-bank", banked, UNDEPOSITED, amount, f"SALESFORCE PMT {payment.id}")


def _owed(known: Org) -> Iterator[tuple[date, int]]:
    for invoice in known.invoices:
        if not invoice.is_draft:
            yield book_date(invoice.at), invoice.total_minor
        for credit in invoice.credits:
            yield book_date(credit.at), -credit.total_minor
    for payment in known.payments:
        yield book_date(payment.at), -payment.amount_minor
