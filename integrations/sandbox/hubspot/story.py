"""HubSpot's part in a company's story: invoices to parks and museums, paid by cheque or through HubSpot's own payments."""

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
    from integrations.sandbox.world.telling import Settlement

SLUG = "hubspot"
OWED, CLEARING, UNDEPOSITED = "HubSpot Invoices Owed", "HubSpot Payments Clearing", "HubSpot Cheques Undeposited"
SURVEY, TRAILS, FEES = "Survey Income", "Trail Work Income", "HubSpot Payment Fees"
PRODUCTS = {"survey": SURVEY, "trail work": TRAILS}
COMPANIES = ("Harbour Museum", "Cedar Flats District", "Brightwater Camp", "Juniper Valley School", "Linden Orchards")
INVOICES, DEALS = 16, 9
TAX_BP, FEE_BP = 725, 290
#: Place in the month → what is odd about its invoice.
HALVED, TWICE, VOIDED, DRAFT, BOUNCED = 3, 4, 6, 9, 12


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment, cents. ``backs`` are (when, how much went back in all by then)."""

    id: str
    at: datetime
    amount_minor: int
    is_ours: bool
    status: str = "succeeded"
    backs: tuple[tuple[datetime, int], ...] = ()

    @property
    def fee_minor(self) -> int:
        return share(self.amount_minor, FEE_BP) if self.is_ours else 0

    @property
    def day(self) -> date:
        return book_date(self.at)


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice, cents, its lines by product."""

    id: str
    company: str
    at: datetime
    lines: tuple[tuple[str, int], ...]
    tax_minor: int
    is_draft: bool = False
    voided: datetime | None = None
    payments: tuple[Payment, ...] = ()

    @property
    def total_minor(self) -> int:
        return sum(amount for _, amount in self.lines) + self.tax_minor

    @property
    def paid_minor(self) -> int:
        paid = [one for one in self.payments if one.status not in ("failed", "processing")]
        return sum(one.amount_minor - (one.backs[-1][1] if one.backs else 0) for one in paid)

    @property
    def status(self) -> str:
        if self.is_draft or self.voided:
            return "draft" if self.is_draft else "voided"
        return "paid" if self.paid_minor >= self.total_minor else "open"


@dataclass(frozen=True, slots=True)
class Deal:
    id: str
    company: str
    at: datetime
    amount_minor: int
    is_won: bool


@dataclass(frozen=True, slots=True)
class Sales:
    """What the API serves."""

    invoices: tuple[Invoice, ...]
    deals: tuple[Deal, ...]


def tell(cast: Cast, seed: int) -> Told:
    """Everything since the cut-over. What HubSpot's own payments hold is paid out twice a week."""
    known = Sales(tuple(_invoices(cast, seed)), tuple(_deals(cast, seed)))
    paid = telling.settle(_rows(known), net=lambda row: row[1], ready=lambda row: row[0], weekdays=(1, 3), travels=1)
    return Told(
        data=known,
        events=(*_events(known), *_payouts(paid)),
        accounts=(
            (OWED, "Other Current Asset", "OtherCurrentAssets"),
            (CLEARING, "Other Current Asset", "OtherCurrentAssets"),
            (UNDEPOSITED, "Other Current Asset", "UndepositedFunds"),
            (SURVEY, "Income", "ServiceFeeIncome"),
            (TRAILS, "Income", "ServiceFeeIncome"),
            (FEES, "Expense", "BankCharges"),
        ),
        mapping=(
            Rule("ar", OWED),
            Rule("clearing", CLEARING),
            Rule("clearing", CLEARING, words="HUBSPOT PAYMENTS"),
            Rule("undeposited", UNDEPOSITED),
            Rule("undeposited", UNDEPOSITED, words="HUBSPOT INV"),
            Rule("revenue", SURVEY),
            Rule("revenue", TRAILS, key="trail work"),
            Rule("merchant-fees", FEES),
            Rule("sales-tax-payable", "Sales Tax Payable"),
        ),
        balances=(
            *telling.held(_owed(known), (OWED,), name="Invoices"),
            *telling.held(
                [*_rows(known), *((one.arrives_on, -one.amount_minor) for one in paid)], (CLEARING,), name="Payments"
            ),
        ),
        seen=(
            *(("invoices", book_date(one.at)) for one in known.invoices),
            *(("payments", one.day) for invoice in known.invoices for one in invoice.payments),
            *(("deals", book_date(one.at)) for one in known.deals),
        ),
    )


# ---- what happens --------------------------------------------------------------------------------------------------------


def _invoices(cast: Cast, seed: int) -> Iterator[Invoice]:
    for index, month in enumerate(telling.MONTHS):
        rng = stream(seed, cast.slug, SLUG, month)
        for place, at in enumerate(telling.moments(rng, month, INVOICES)):
            lines = [("survey", rng.randint(18000, 90000))]
            if place % 2:
                lines.append(("trail work", rng.randint(9000, 60000)))
            net = sum(amount for _, amount in lines)
            tax = share(net, TAX_BP) if place % 3 == 0 else 0
            mark, voided = f"{3000 + 100 * index + place}", at + timedelta(days=6)
            is_void = place == VOIDED and voided < STORY_NOW
            unpaid = place in (VOIDED, DRAFT)
            payments = () if unpaid else tuple(_payments(rng, mark, place, at, net + tax))
            yield Invoice(
                mark,
                rng.choice(COMPANIES),
                at,
                tuple(lines),
                tax,
                place == DRAFT,
                voided if is_void else None,
                payments,
            )


def _payments(rng: Random, mark: str, place: int, at: datetime, amount: int) -> Iterator[Payment]:
    """One payment, or two halves, or the same twice of which one goes back in two steps, or one that fails before."""
    paid, is_ours = at + timedelta(days=rng.randint(3, 20)), place % 4 == 0
    parts = telling.parts(amount, (1, 1)) if place == HALVED else [amount]
    for number, part in enumerate(parts):
        yield from _until_now(Payment(f"{mark}{number}", paid + timedelta(days=5 * number), part, is_ours))
    if place == TWICE:
        backs = tuple((paid + timedelta(days=days), part) for days, part in ((4, amount // 2), (7, amount)))
        happened = tuple(back for back in backs if back[0] < STORY_NOW)
        status = ("succeeded", "partially_refunded", "refunded")[len(happened)]
        again = Payment(f"{mark}8", paid + timedelta(hours=1), amount, is_ours, status, happened)
        yield from _until_now(again)
    if place == BOUNCED:
        yield from _until_now(Payment(f"{mark}9", paid - timedelta(days=2), amount, is_ours, "failed"))


def _until_now(payment: Payment) -> Iterator[Payment]:
    if payment.at < STORY_NOW:
        yield payment


def _deals(cast: Cast, seed: int) -> Iterator[Deal]:
    for index, month in enumerate(telling.MONTHS):
        rng = stream(seed, cast.slug, SLUG, f"deals {month}")
        for place, at in enumerate(telling.moments(rng, month, DEALS)):
            mark = f"{7000 + 100 * index + place}"
            yield Deal(mark, rng.choice(COMPANIES), at, rng.randint(40000, 400000), place % 3 == 0)


# ---- what the books and the bank show of it ------------------------------------------------------------------------------


def _money(known: Sales) -> Iterator[tuple[Invoice, Payment]]:
    for invoice in known.invoices:
        yield from ((invoice, one) for one in invoice.payments if one.status not in ("failed", "processing"))


def _backs(payment: Payment) -> Iterator[tuple[date, int]]:
    before = 0
    for at, total in payment.backs:
        yield book_date(at), total - before
        before = total


def _events(known: Sales) -> Iterator[Event]:
    for invoice in known.invoices:
        if invoice.is_draft:
            continue
        lines = [(OWED, invoice.total_minor), ("Sales Tax Payable", -invoice.tax_minor)]
        lines += [(PRODUCTS[product], -amount) for product, amount in invoice.lines]
        key = f"hubspot-{invoice.id}"
        yield Event(postings=entry(book_date(invoice.at), SLUG, key, *lines))
        if invoice.voided is not None:
            mirror = [(account, -amount) for account, amount in lines]
            yield Event(postings=entry(book_date(invoice.voided), SLUG, f"{key}-void", *mirror))
    for invoice, payment in _money(known):
        yield from _paid(invoice, payment)


def _paid(invoice: Invoice, payment: Payment) -> Iterator[Event]:
    into, amount, key = CLEARING if payment.is_ours else UNDEPOSITED, payment.amount_minor, f"hubspot-{payment.id}"
    fee = payment.fee_minor
    lines = [(into, amount - fee), (FEES, fee), (OWED, -amount)]
    yield Event(postings=entry(payment.day, SLUG, key, *lines))
    for number, (day, back) in enumerate(_backs(payment)):
        yield Event(postings=entry(day, SLUG, f"{key}-back-{number}", (OWED, back), (into, -back)))
    banked = next_business_day(payment.day)
    if not payment.is_ours and banked <= HORIZON:
        yield telling.cash_event(f"{key}-bank", banked, UNDEPOSITED, amount, f"DEPOSIT HUBSPOT INV {invoice.id}")


def _payouts(paid: list[Settlement[tuple[date, int]]]) -> Iterator[Event]:
    for one in paid:
        text, key = f"HUBSPOT PAYMENTS {one.number:04d}", f"hubspot-payout-{one.number}"
        yield telling.cash_event(key, one.arrives_on, CLEARING, one.amount_minor, text, merchant="HubSpot")


def _rows(known: Sales) -> list[tuple[date, int]]:
    """What moves in HubSpot's own payments but for payouts."""
    rows = []
    for _, payment in _money(known):
        if payment.is_ours:
            rows.append((payment.day, payment.amount_minor - payment.fee_minor))
            rows += [(day, -back) for day, back in _backs(payment)]
    return rows


def _owed(known: Sales) -> Iterator[tuple[date, int]]:
    for invoice in known.invoices:
        if not invoice.is_draft:
            yield book_date(invoice.at), invoice.total_minor
        if invoice.voided is not None:
            yield book_date(invoice.voided), -invoice.total_minor
    for _, payment in _money(known):
        yield payment.day, -payment.amount_minor
        yield from _backs(payment)
