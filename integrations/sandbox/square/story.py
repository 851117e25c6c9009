"""Square's part in a company's story: two places, cards paid out every business day, cash, gift cards and what goes wrong."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.square import plan
from integrations.sandbox.square.plan import PLACES, SLUG, Paid, Quarrel, Return, Row, Shift, Ticket
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import HORIZON, book_date, day_in, local_instant, month_end, next_business_day
from integrations.sandbox.world.chance import uuid_from
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.telling import Settlement
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.journal import Posting
    from integrations.sandbox.world.told import Held

CLEARING, TRANSIT = "Square Clearing", "Square Payouts in Transit"
DRAWER, CHECKS, GIFTS = "Square Cash Drawer", "Square Checks Received", "Square Gift Cards"
DEPOSITS, RESERVE, LOAN = "Square Customer Deposits", "Square Reserve", "Square Loan Payable"
DISPUTED, OVER = "Square Disputed Funds", "Cash Over and Short"
TENDER = {"card": CLEARING, "cash": DRAWER, "gift": GIFTS, "check": CHECKS}
ASSET, OWED = ("Other Current Asset", "OtherCurrentAssets"), ("Other Current Liability", "OtherCurrentLiabilities")
LOAN_MINOR = 400000


@dataclass(frozen=True, slots=True)
class Sent:
    """A payout of one place; ``failed`` ones come back as a row of a later one, ``instant`` ones go to a debit card."""

    id: str
    place: int
    payout: Settlement[Row]
    failed: bool = False
    instant: bool = False

    @property
    def trace(self) -> str:
        return f"L21{self.place}{self.payout.number:07d}"


@dataclass(frozen=True, slots=True)
class Register:
    """What the API serves."""

    tickets: tuple[Ticket, ...]
    returns: tuple[Return, ...]
    quarrels: tuple[Quarrel, ...]
    payouts: tuple[Sent, ...]
    shifts: tuple[Shift, ...]


def tell(cast: Cast, seed: int) -> Told:
    """Everything at the tills since the cut-over."""
    tickets = plan.tickets_of(cast, seed)
    returns = plan.returns_of(cast, seed, tickets)
    quarrels = plan.quarrels_of(cast, seed, tickets)
    rows = plan.rows_of(cast, seed, tickets, returns, quarrels)
    payouts = _payouts(seed, rows)
    shifts = [shift for shift in plan.shifts_of(cast, seed, tickets, returns) if book_date(shift.closed) <= HORIZON]
    register = Register(tuple(tickets), tuple(returns), tuple(quarrels), tuple(payouts), tuple(shifts))
    return Told(
        data=register,
        events=tuple(_events(register)),
        accounts=(
            *((name, *ASSET) for name in (CLEARING, TRANSIT, DRAWER, CHECKS, RESERVE, DISPUTED)),
            *((name, *OWED) for name in (GIFTS, DEPOSITS, LOAN)),
            (OVER, "Expense", "OtherMiscellaneousServiceCost"),
        ),
        mapping=_mapping(),
        balances=(*_clearing(register), *_cards(register)),
        seen=tuple(_seen(register)),
    )


def _payouts(seed: int, rows: list[Row]) -> list[Sent]:
    """Each place on its own, every business day; the bank sends one of February back."""
    found: list[Sent] = []
    for place in range(len(PLACES)):
        mine = [row for row in rows if row.place == place]
        failed = 0
        if place == 1:
            first = _settled(mine)
            lost = next(one for one in first if one.sent_on.isoformat() >= "2026-02-10" and one.amount_minor > 0)
            at = local_instant(lost.sent_on + timedelta(days=2), 6)
            mine.append(Row(f"poe_{lost.number}RETURNED", at, place, "RETURNED_PAYOUT", lost.amount_minor))
            failed = lost.number
        found += [
            Sent(
                f"po_{uuid_from(seed, SLUG, str(place), str(one.number))}",
                place,
                one,
                failed=one.number == failed,
                instant=any(row.kind == "DEPOSIT_FEE" for row in one.items),
            )
            for one in _settled(mine)
        ]
    return found


def _settled(rows: list[Row]) -> list[Settlement[Row]]:
    return telling.settle(rows, net=lambda row: row.net_minor, ready=lambda row: book_date(row.at), owes=True)


# ---- what the books must show ----------------------------------------------------------------------------------------------


def _events(register: Register) -> Iterator[Event]:
    for ticket in register.tickets:
        if not ticket.is_void:
            yield from _sale(ticket)
    for back in register.returns:
        taxes = [("Sales Tax Payable", tax) for _, tax in back.taxes]
        lines = [("Refunds and Discounts", back.goods_minor), *taxes, ("Tips Payable", back.tip_minor)]
        given = (TENDER[back.kind], -back.amount_minor)
        yield Event(postings=entry(book_date(back.at), SLUG, back.id, *lines, given))
    for sent in register.payouts:
        yield from (Event(postings=_row(row)) for row in sent.payout.items)
        yield _paid_out(sent)
    for quarrel in register.quarrels:
        if quarrel.outcome == "LOST":
            lost = ("Dispute Losses", quarrel.amount_minor), (DISPUTED, -quarrel.amount_minor)
            yield Event(postings=entry(book_date(quarrel.closed), SLUG, quarrel.id, *lost))
    for shift in register.shifts:
        over = shift.counted_minor - shift.expected_minor
        yield Event(postings=entry(book_date(shift.closed), SLUG, shift.id, (DRAWER, over), (OVER, -over)))
    yield telling.cash_event(
        "square-loan", day_in("2026-01", 12), LOAN, LOAN_MINOR, "SQUARE CAPITAL ADVANCE 4471", merchant="Square"
    )
    yield from _banked(register)


def _sale(ticket: Ticket) -> Iterator[Event]:
    """At once, or as a deposit until the order is complete."""
    day = book_date(ticket.at)
    taken = [(TENDER[paid.kind], paid.amount_minor) for paid in ticket.paid]
    whole = sum(amount for _, amount in taken)
    sold = [
        ("Refunds and Discounts", ticket.discount_minor),
        ("Store Sales", -ticket.goods_minor),
        *(("Sales Tax Payable", -tax) for _, tax in ticket.taxes),
        ("Tips Payable", -sum(paid.tip_minor for paid in ticket.paid)),
        (GIFTS, -ticket.gift_minor),
    ]
    if not ticket.was_before:
        yield Event(postings=entry(day, SLUG, ticket.id, *taken, *sold))
        return
    yield Event(postings=entry(day, SLUG, f"{ticket.id}-paid", *taken, (DEPOSITS, -whole)))
    yield Event(postings=entry(book_date(ticket.closed), SLUG, ticket.id, (DEPOSITS, whole), *sold))


#: What a row's net is booked against, where the row books it all itself.
AGAINST = {
    "SUBSCRIPTION_FEE": "Software",
    "SQUARE_CAPITAL_PAYMENT": LOAN,
    "HOLD_ADJUSTMENT": RESERVE,
    "RELEASE_ADJUSTMENT": RESERVE,
    "FREE_PROCESSING": "Merchant Fees",
    "DEPOSIT_FEE": "Merchant Fees",
    "DISPUTE": DISPUTED,
    "RETURNED_PAYOUT": TRANSIT,
}


def _row(row: Row) -> tuple[Posting, ...]:
    fee_only = row.kind in ("CHARGE", "REFUND")
    amount = -row.fee_minor if fee_only else row.net_minor
    other = "Merchant Fees" if fee_only else AGAINST[row.kind]
    return entry(book_date(row.at), SLUG, row.id, (CLEARING, amount), (other, -amount))


def _paid_out(sent: Sent) -> Event:
    payout, key = sent.payout, f"square-{sent.id}"
    if sent.failed:
        lines = (TRANSIT, payout.amount_minor), (CLEARING, -payout.amount_minor)
        return Event(postings=entry(payout.sent_on, SLUG, key, *lines))
    text = f"SQUARE INC SQ260{payout.number:03d} {sent.trace}"
    return telling.payout_event(SLUG, key, payout, clearing=CLEARING, transit=TRANSIT, text=text, merchant="Square")


def _banked(register: Register) -> Iterator[Event]:
    """Cash and checks of a month are brought to the bank in the first days of the next."""
    for number, account, kind, text in (
        (2, DRAWER, "cash", "BRANCH CASH DEPOSIT"),
        (3, CHECKS, "check", "REMOTE CHECK DEPOSIT"),
    ):
        sums: dict[str, int] = defaultdict(int)
        for day, amount in _by_tender(register, kind):
            sums[f"{day:%Y-%m}"] += amount
        for month in telling.PROVEN:
            day = next_business_day(month_end(month), number)
            if sums[month]:
                yield telling.cash_event(f"square-{kind}-{month}", day, account, sums[month], text)


def _by_tender(register: Register, kind: str) -> Iterator[tuple[date, int]]:
    for ticket in register.tickets:
        yield from ((book_date(ticket.at), paid.amount_minor) for paid in _taken(ticket) if paid.kind == kind)
    yield from ((book_date(back.at), -back.amount_minor) for back in register.returns if back.kind == kind)


def _taken(ticket: Ticket) -> tuple[Paid, ...]:
    return tuple(paid for paid in ticket.paid if not paid.voided)


# ---- what Square itself says -------------------------------------------------------------------------------------------------


def _clearing(register: Register) -> tuple[Held, ...]:
    """Every row of the balance less what was paid out of it."""
    moves = [(book_date(row.at), row.net_minor) for sent in register.payouts for row in sent.payout.items]
    moves += [(sent.payout.sent_on, -sent.payout.amount_minor) for sent in register.payouts]
    return telling.held(moves, (CLEARING,), name="Both places")


def _cards(register: Register) -> tuple[Held, ...]:
    """What the gift cards hold is owed to their holders."""
    moves = [(book_date(ticket.at), -ticket.gift_minor) for ticket in register.tickets if not ticket.is_void]
    moves += list(_by_tender(register, "gift"))
    return telling.held(moves, (GIFTS,), name="Gift cards")


def _seen(register: Register) -> Iterator[tuple[str, date]]:
    for ticket in register.tickets:
        yield from (("payments", book_date(ticket.at)) for _ in ticket.paid)
        if ticket.was_before:
            yield "orders", book_date(ticket.closed)
        if ticket.gift_minor or any(paid.kind == "gift" for paid in ticket.paid):
            yield "gift_card_activities", book_date(ticket.at)
    yield from (("refunds", book_date(back.at)) for back in register.returns)
    yield from (("payouts", sent.payout.sent_on) for sent in register.payouts)
    yield from (("payout_entries", book_date(row.at)) for sent in register.payouts for row in sent.payout.items)
    yield from (("disputes", book_date(quarrel.at)) for quarrel in register.quarrels)
    yield from (("cash_drawers", book_date(shift.closed)) for shift in register.shifts)


def _mapping() -> tuple[Rule, ...]:
    return (
        Rule("clearing", CLEARING),
        Rule("clearing", CHECKS, key="external-check"),
        Rule("in-transit", TRANSIT),
        Rule("sales", "Store Sales"),
        Rule("discounts", "Refunds and Discounts"),
        Rule("returns", "Refunds and Discounts"),
        Rule("sales-tax-payable", "Sales Tax Payable"),
        Rule("tips-payable", "Tips Payable"),
        Rule("gift-card-liability", GIFTS),
        Rule("customer-deposits", DEPOSITS),
        Rule("merchant-fees", "Merchant Fees"),
        Rule("other-platform-costs", "Software"),
        Rule("reserve", RESERVE),
        Rule("loan-payable", LOAN),
        Rule("disputed-funds", DISPUTED),
        Rule("chargeback-losses", "Dispute Losses"),
        Rule("cash-drawer", DRAWER),
        Rule("cash-over-short", OVER),
        Rule("loan-payable", LOAN, words="SQUARE CAPITAL ADVANCE"),
        Rule("cash-drawer", DRAWER, words="BRANCH CASH DEPOSIT"),
        Rule("clearing", CHECKS, words="REMOTE CHECK DEPOSIT"),
    )
