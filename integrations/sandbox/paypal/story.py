"""PayPal's part in a company's story: a wallet that sells, buys, is disputed, and is emptied to the bank on Mondays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.paypal import plan
from integrations.sandbox.paypal.plan import DEPOSITED, FUNDED, SLUG, Quarrel, Row
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HORIZON, book_date, day_in, local_instant, next_business_day
from integrations.sandbox.world.chance import stream
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.telling import Settlement
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.world.cast import Cast

CLEARING, TRANSIT, RESERVE = "PayPal Clearing", "PayPal Transfers in Transit", "PayPal Reserve"
DISPUTED, CARD, REWARDS = "PayPal Disputed Funds", "PayPal Funding Card", "PayPal Rewards"
RETURNS, TAX = "Refunds and Discounts", "Sales Tax Payable"
CARD_WORDS = "OAKHURST BANKCARD PMT"


@dataclass(frozen=True, slots=True)
class Wallet:
    """What the API serves: every row in order, withdrawals among them."""

    rows: tuple[Row, ...]
    quarrels: tuple[Quarrel, ...]


def tell(cast: Cast, seed: int) -> Told:
    """Everything in the wallet since the cut-over."""
    sales, refunds = plan.refunds_of(cast, seed, plan.sales_of(cast, seed))
    quarrels = plan.quarrels_of(cast, seed, sales)
    moved = [*sales, *refunds, *plan.rows_of_quarrels(cast, seed, quarrels), *plan.rows_of_itself(cast, seed)]
    rows, sent = _emptied(cast, seed, moved)
    rows = [row for row in rows if book_date(row.at) <= HORIZON]
    asset = ("Other Current Asset", "OtherCurrentAssets")
    free = [(book_date(row.at), row.net_minor) for row in rows]
    withheld = [(book_date(row.at), -row.net_minor) for row in rows if AGAINST.get(row.code) == RESERVE]
    return Told(
        data=Wallet(tuple(rows), tuple(quarrels)),
        events=tuple(_events(rows, quarrels, sent)),
        accounts=(
            *((name, *asset) for name in (CLEARING, TRANSIT, RESERVE, DISPUTED)),
            (CARD, "Credit Card", "CreditCard"),
            (REWARDS, "Other Income", "OtherMiscellaneousIncome"),
        ),
        mapping=_mapping(),
        balances=(
            *telling.held(free, (CLEARING,), name="Available"),
            *telling.held(withheld, (RESERVE,), name="Withheld"),
        ),
        seen=(
            *(("transactions", book_date(row.at)) for row in rows),
            *(("disputes", book_date(quarrel.at)) for quarrel in quarrels if book_date(quarrel.at) <= HORIZON),
        ),
    )


def _emptied(cast: Cast, seed: int, moved: list[Row]) -> tuple[list[Row], dict[str, Settlement[Row]]]:
    """All rows with the withdrawals, and the withdrawals by their row; the bank sends one of February back."""
    first = _settled(moved)
    lost = next(one for one in first if one.sent_on.isoformat() >= "2026-02-10")
    names = stream(seed, cast.slug, SLUG, "withdrawals")
    ids = [plan.row_id(names) for _ in range(len(first) + 2)]
    back_at = local_instant(lost.sent_on + timedelta(days=2), 6)
    back = Row(plan.row_id(names), back_at, "T1101", lost.amount_minor, reference=ids[lost.number])
    found, sent = [*moved, back], {}
    for one in _settled(found[:]):
        status = "V" if one.number == lost.number else "S"
        row = Row(ids[one.number], local_instant(one.sent_on, 5), "T0400", -one.amount_minor, status=status)
        row = replace(row, bank_reference=f"PPACH26{one.number:05d}")
        sent[row.id] = one
        found.append(row)
    return sorted(found, key=lambda row: (row.at, row.id)), sent


def _settled(rows: list[Row]) -> list[Settlement[Row]]:
    return telling.settle(
        rows, net=lambda row: row.net_minor, ready=lambda row: book_date(row.at), weekdays=(0,), travels=2
    )


# ---- what the books must show --------------------------------------------------------------------------------------------

#: What a row's amount is booked against where that is one account.
AGAINST = {
    "T0001": "Contractors",
    "T0003": "Software",
    "T0101": "Software",
    "T0106": "Dispute Fees",
    "T0700": CARD,
    "T0800": REWARDS,
    "T1101": TRANSIT,
    "T1106": DISPUTED,
    "T1110": RESERVE,
    "T1111": RESERVE,
    "T1201": DISPUTED,
    "T1202": DISPUTED,
    "T2103": RESERVE,
    "T2104": RESERVE,
}


def _events(rows: list[Row], quarrels: list[Quarrel], sent: dict[str, Settlement[Row]]) -> Iterator[Event]:
    for row in rows:
        if row.id in sent:
            yield _withdrawn(row, sent[row.id])
        elif row.code == "T0300":
            day = book_date(row.at)
            taken: Settlement[Row] = Settlement(0, day, next_business_day(day), -DEPOSITED, ())
            yield _bank(row, taken, "PAYPAL INST XFER")
        elif row.net_minor:
            yield Event(postings=entry(book_date(row.at), SLUG, row.id, (CLEARING, row.net_minor), *_other_side(row)))
    for quarrel in quarrels:
        if quarrel.outcome == "RESOLVED_BUYER_FAVOUR":
            lost = quarrel.sale.amount_minor
            lines = ("Dispute Losses", lost), (DISPUTED, -lost)
            yield Event(postings=entry(book_date(quarrel.closed), SLUG, quarrel.id, *lines))
    for month in telling.PROVEN:
        yield telling.cash_event(
            f"paypal-card-{month}", next_business_day(day_in(month, 26)), CARD, -FUNDED, CARD_WORDS
        )


def _other_side(row: Row) -> Iterator[tuple[str, int]]:
    yield "Merchant Fees", -row.fee_minor
    if row.code in AGAINST:
        yield AGAINST[row.code], -row.amount_minor
    elif row.code == "T1107" and row.amount_minor > 0:
        yield "Software", -row.amount_minor
    else:
        sign = 1 if row.amount_minor > 0 else -1
        goods = row.amount_minor - sign * (row.tax_minor + row.shipping_minor - row.discount_minor)
        yield ("Online Sales" if sign > 0 else RETURNS), -goods
        yield RETURNS, row.discount_minor
        yield TAX, -sign * row.tax_minor
        yield "Online Sales", -sign * row.shipping_minor


def _withdrawn(row: Row, payout: Settlement[Row]) -> Event:
    if row.status == "V":
        lines = (TRANSIT, payout.amount_minor), (CLEARING, -payout.amount_minor)
        return Event(postings=entry(payout.sent_on, SLUG, row.id, *lines))
    return _bank(row, payout, "PAYPAL TRANSFER")


def _bank(row: Row, payout: Settlement[Row], words: str) -> Event:
    text = f"{words} {row.bank_reference}"
    key = f"paypal-{row.id}"
    return telling.payout_event(SLUG, key, payout, clearing=CLEARING, transit=TRANSIT, text=text, merchant="PayPal")


def _mapping() -> tuple[Rule, ...]:
    return (
        Rule("clearing", CLEARING),
        Rule("in-transit", TRANSIT),
        Rule("reserve", RESERVE),
        Rule("sales", "Online Sales"),
        Rule("shipping-income", "Online Sales"),
        Rule("discounts", RETURNS),
        Rule("returns", RETURNS),
        Rule("sales-tax-payable", TAX),
        Rule("merchant-fees", "Merchant Fees"),
        Rule("dispute-fees", "Dispute Fees"),
        Rule("disputed-funds", DISPUTED),
        Rule("chargeback-losses", "Dispute Losses"),
        Rule("other-platform-costs", "Software"),
        Rule("expense", "Software"),
        Rule("expense", "Contractors", key="mass payment"),
        Rule("other-income", REWARDS),
        Rule("card", CARD),
        Rule("card", CARD, words=CARD_WORDS),
    )
