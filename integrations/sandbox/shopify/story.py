"""Shopify's part in a company's story: an online shop paid through Shopify Payments, and what its balance went through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.shopify import plan
from integrations.sandbox.shopify.plan import CREDIT, GIFT, OWN, SLUG, Deal, Line, Purchase, Quarrel, Row
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HORIZON, book_date, local_instant
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.telling import Settlement
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from integrations.sandbox.world.cast import Cast

CLEARING, TRANSIT, OWED = "Shopify Clearing", "Shopify Payouts in Transit", "Accounts Receivable"
GIFTS, STORE_CREDIT, DUTIES = "Shopify Gift Cards", "Shopify Store Credit", "Shopify Duties Payable"
RESERVE, LOAN, DISPUTED = "Shopify Reserve", "Shopify Loan Payable", "Shopify Disputed Funds"
SHIPPING, LABELS = "Shopify Shipping Income", "Shopify Labels and Plan"
ASSET, LIABILITY = ("Other Current Asset", "OtherCurrentAssets"), ("Other Current Liability", "OtherCurrentLiabilities")
DEBTOR = "Shopify customers"
GATEWAYS = {OWN: CLEARING, GIFT: GIFTS, CREDIT: STORE_CREDIT}
INCOME = {"SHIPPING": SHIPPING, "TIP": "Tips Payable", "GIFT_CARD": GIFTS, "DUTY": DUTIES}


@dataclass(frozen=True, slots=True)
class Sent:
    """A payout; one that failed comes back as a row of a later one."""

    id: int
    payout: Settlement[Row]
    failed: bool = False

    @property
    def at(self) -> datetime:
        return local_instant(self.payout.sent_on, 5)

    @property
    def trace(self) -> str:
        return f"0910000{self.payout.number:08d}"


@dataclass(frozen=True, slots=True)
class Shop:
    """What the API serves. ``rows`` hold those of the payouts too."""

    purchases: tuple[Purchase, ...]
    rows: tuple[Row, ...]
    payouts: tuple[Sent, ...]
    quarrels: tuple[Quarrel, ...]


def tell(cast: Cast, seed: int) -> Told:
    """Everything in the shop since the cut-over."""
    purchases = plan.purchases_of(cast, seed)
    quarrels = plan.quarrels_of(purchases)
    rows, payouts = _paid_out(plan.rows_of(purchases, quarrels))
    shop = Shop(tuple(purchases), tuple(rows), tuple(payouts), tuple(quarrels))
    return Told(
        data=shop,
        events=tuple(_events(shop)),
        accounts=(
            *((name, *ASSET) for name in (CLEARING, TRANSIT, RESERVE, DISPUTED)),
            *((name, *LIABILITY) for name in (GIFTS, STORE_CREDIT, DUTIES, LOAN)),
            (SHIPPING, "Income", "ServiceFeeIncome"),
            (LABELS, "Expense", "OfficeGeneralAdministrativeExpenses"),
        ),
        customers=(DEBTOR,),
        mapping=_mapping(),
        balances=(
            *telling.held([(book_date(row.at), row.net_minor) for row in rows], (CLEARING,), name="Shopify Payments"),
            *telling.held(list(_cards(shop)), (GIFTS,), name="Gift cards"),
        ),
        seen=tuple(_seen(shop)),
    )


def _paid_out(rows: list[Row]) -> tuple[list[Row], list[Sent]]:
    """Payouts of every business day; the bank sends one of February back."""
    lost = next(one for one in _settled(rows) if one.sent_on.isoformat() >= "2026-02-12" and one.amount_minor > 0)
    when = local_instant(lost.sent_on + timedelta(days=2), 6)
    back = Row(8_200_000 + lost.number, when, "TRANSFER_FAILURE", lost.amount_minor, source=7000 + lost.number)
    rows = [*rows, back]
    payouts = [Sent(7000 + one.number, one, one.number == lost.number) for one in _settled(rows)]
    sent = [
        Row(8_300_000 + one.payout.number, one.at, "TRANSFER", -one.payout.amount_minor, source=one.id)
        for one in payouts
    ]
    return sorted([*rows, *sent], key=lambda row: (row.at, row.id)), payouts


def _settled(rows: list[Row]) -> list[Settlement[Row]]:
    return telling.settle(
        rows, net=lambda row: row.net_minor, ready=lambda row: book_date(row.at), travels=2, owes=True
    )


# ---- what the books must show ----------------------------------------------------------------------------------------------


def _events(shop: Shop) -> Iterator[Event]:
    for purchase in shop.purchases:
        yield from (_deal(purchase, deal) for deal in purchase.deals)
        for one in purchase.later:
            key = f"{purchase.id}-{one.id}"
            moved = (CLEARING, one.amount_minor), (OWED, -one.amount_minor)
            yield Event(postings=entry(book_date(one.at), SLUG, key, *moved))
    yield from (Event(postings=_row(row)) for row in shop.rows)
    for sent in shop.payouts:
        payout, key = sent.payout, f"shopify-{sent.id}"
        if sent.failed:
            lines = (TRANSIT, payout.amount_minor), (CLEARING, -payout.amount_minor)
            yield Event(postings=entry(payout.sent_on, SLUG, key, *lines))
            continue
        text = f"SHOPIFY TRANSFER {sent.trace}"
        yield telling.payout_event(SLUG, key, payout, clearing=CLEARING, transit=TRANSIT, text=text, merchant="Shopify")
    for quarrel in shop.quarrels:
        if quarrel.outcome == "LOST":
            lost = ("Dispute Losses", quarrel.amount_minor), (DISPUTED, -quarrel.amount_minor)
            yield Event(postings=entry(book_date(quarrel.closed), SLUG, f"shopify-dispute-{quarrel.id}", *lost))


def _deal(purchase: Purchase, deal: Deal) -> Event:
    """An agreement against what was paid in its time, the rest owed."""
    is_refund = deal.type == "RefundAgreement"
    moved = [one for one in deal.paid if one.kind != "AUTHORIZATION"]
    taken = [(GATEWAYS[one.gateway], -one.amount_minor if one.kind == "REFUND" else one.amount_minor) for one in moved]
    owed = deal.total_minor - sum(amount for _, amount in taken)
    lines = [pair for line in deal.lines for pair in _line(line, is_refund=is_refund)]
    return Event(postings=entry(book_date(deal.at), SLUG, f"{purchase.id}-{deal.id}", *taken, (OWED, owed), *lines))


def _line(line: Line, *, is_refund: bool) -> Iterator[tuple[str, int]]:
    if line.kind in INCOME:
        yield INCOME[line.kind], -line.net_minor
    elif is_refund:
        yield "Refunds and Discounts", -line.net_minor
    else:
        yield "Online Sales", -line.net_minor - line.discount_minor
        yield "Refunds and Discounts", line.discount_minor
    yield from (("Sales Tax Payable", -tax) for _, tax in line.taxes)


#: What a row's net is booked against, where it is not told by an order or by the payout itself.
AGAINST = {
    "BILLING_DEBIT": LABELS,
    "SHIPPING_LABEL": LABELS,
    "LENDING_CREDIT": LOAN,
    "LENDING_CREDIT_REMITTANCE": LOAN,
    "RESERVED_FUNDS": RESERVE,
    "RESERVED_FUNDS_REVERSAL": RESERVE,
    "SELLER_PROTECTION_CREDIT": "Dispute Losses",
    "TRANSFER_FAILURE": TRANSIT,
}


def _row(row: Row) -> tuple:  # type: ignore[type-arg]
    key, day = f"shopify-row-{row.id}", book_date(row.at)
    if row.kind in ("CHARGE", "REFUND"):
        return entry(day, SLUG, key, (CLEARING, -row.fee_minor), ("Merchant Fees", row.fee_minor))
    if row.kind.startswith("DISPUTE"):
        parts = (DISPUTED, -row.amount_minor), ("Dispute Fees", row.fee_minor)
        return entry(day, SLUG, key, (CLEARING, row.net_minor), *parts)
    if row.kind == "TRANSFER":
        return ()
    return entry(day, SLUG, key, (CLEARING, row.net_minor), (AGAINST[row.kind], -row.net_minor))


# ---- what Shopify itself says ------------------------------------------------------------------------------------------------


def _cards(shop: Shop) -> Iterator[tuple[date, int]]:
    """What gift cards hold is owed to their holders."""
    for purchase in shop.purchases:
        for deal in purchase.deals:
            yield from ((book_date(deal.at), -line.net_minor) for line in deal.lines if line.kind == "GIFT_CARD")
        yield from ((book_date(one.at), one.amount_minor) for one in purchase.paid if one.gateway == GIFT)


def _seen(shop: Shop) -> Iterator[tuple[str, date]]:
    yield from (("orders", book_date(purchase.at)) for purchase in shop.purchases)
    yield from (("balance_transactions", book_date(row.at)) for row in shop.rows)
    yield from (("payouts", sent.payout.sent_on) for sent in shop.payouts)
    yield from (
        ("disputes", book_date(one.closed if one.outcome == "LOST" else one.at))
        for one in shop.quarrels
        if book_date(one.at) <= HORIZON
    )


def _mapping() -> tuple[Rule, ...]:
    return (
        Rule("clearing", CLEARING),
        Rule("in-transit", TRANSIT),
        Rule("ar", OWED),
        Rule("sales", "Online Sales"),
        Rule("discounts", "Refunds and Discounts"),
        Rule("returns", "Refunds and Discounts"),
        Rule("shipping-income", SHIPPING),
        Rule("sales-tax-payable", "Sales Tax Payable"),
        Rule("sales-tax-payable", DUTIES, key="duties"),
        Rule("tips-payable", "Tips Payable"),
        Rule("gift-card-liability", GIFTS),
        Rule("store-credit-liability", STORE_CREDIT),
        Rule("merchant-fees", "Merchant Fees"),
        Rule("other-platform-costs", LABELS),
        Rule("dispute-fees", "Dispute Fees"),
        Rule("disputed-funds", DISPUTED),
        Rule("chargeback-losses", "Dispute Losses"),
        Rule("reserve", RESERVE),
        Rule("loan-payable", LOAN),
    )
