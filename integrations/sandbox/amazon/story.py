"""Amazon's part in a company's story: sales that settle every two weeks, some of them deferred, one settlement short of money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.sandbox.amazon import plan
from integrations.sandbox.amazon.plan import SLUG, Closed, Event
from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import STORY_NOW, book_date, next_business_day
from integrations.sandbox.world.journal import Event as Happened
from integrations.sandbox.world.journal import entry
from integrations.sandbox.world.telling import Settlement
from integrations.sandbox.world.told import Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.journal import Posting

CLEARING, TRANSIT, RESERVE = "Amazon Clearing", "Amazon Payouts in Transit", "Amazon Reserve"
COLLECTED, FEES, ADS = "Amazon Collected Tax", "Amazon Seller Fees", "Amazon Advertising"
REIMBURSED, SALES, RETURNS, TAX = "Amazon Reimbursements", "Online Sales", "Refunds and Discounts", "Sales Tax Payable"


@dataclass(frozen=True, slots=True)
class Account:
    """What the API serves: settlements that have closed, and everything that was posted, settled or not."""

    settlements: tuple[Closed, ...]
    events: tuple[Event, ...]


def tell(cast: Cast, seed: int) -> Told:
    """Everything since the cut-over. What the settlement still open at the end will tell is in no books yet."""
    sales = plan.sales_of(cast, seed)
    events = [*sales, *plan.refunds_of(cast, seed, sales), *plan.charges_of(cast, seed)]
    settled = [one for one in plan.settlements_of(events) if one.end <= STORY_NOW]
    known = [event for event in events if (event.deferred_at or event.at) <= STORY_NOW]
    asset = ("Other Current Asset", "OtherCurrentAssets")
    return Told(
        data=Account(tuple(settled), tuple(sorted(known, key=lambda one: one.at))),
        events=tuple(_events(settled, known)),
        accounts=(
            *((name, *asset) for name in (CLEARING, TRANSIT, RESERVE)),
            (COLLECTED, "Other Current Liability", "OtherCurrentLiabilities"),
            (FEES, "Expense", "OtherMiscellaneousServiceCost"),
            (ADS, "Expense", "AdvertisingPromotional"),
            (REIMBURSED, "Other Income", "OtherMiscellaneousIncome"),
        ),
        mapping=_mapping(),
        balances=(
            *telling.held(free_rows(settled, known), (CLEARING,), name="Available and deferred"),
            *telling.held(kept_rows(settled), (RESERVE,), name="Reserved"),
        ),
        seen=tuple(
            ("settlements", book_date(day)) for one in settled for day in (one.end, *(event.at for event in one.events))
        ),
    )


# ---- what Amazon holds ---------------------------------------------------------------------------------------------------


def free_rows(settled: list[Closed], known: list[Event]) -> list[tuple[date, int]]:
    """(day, change) of what is available or deferred."""
    rows = [(book_date(event.at), event.net_minor) for one in settled for event in one.events if not _is_carried(event)]
    rows += [(book_date(one.sent_at), -one.total_minor) for one in settled if one.sent_at]
    return rows + deferred_rows(known)


def deferred_rows(known: list[Event]) -> list[tuple[date, int]]:
    """(day, change) of what is deferred: from the day it was posted to the day it is released."""
    found = []
    for event in known:
        if event.deferred_at is not None:
            found.append((book_date(event.deferred_at), event.net_minor))
            found.append((book_date(event.at), -event.net_minor))
    return found


def kept_rows(settled: list[Closed]) -> list[tuple[date, int]]:
    """(day, change) of the reserve."""
    events = (event for one in settled for event in one.events if "Reserve" in event.components[0][1])
    return [(book_date(event.at), -event.net_minor) for event in events]


def _is_carried(event: Event) -> bool:
    return event.components[0][1].startswith("Repayment")


# ---- what the books must show --------------------------------------------------------------------------------------------

#: A component by its type and description → its account; what the type alone tells comes second.
_ACCOUNTS = {
    ("other-transaction", "Current Reserve Amount"): RESERVE,
    ("other-transaction", "Previous Reserve Amount Balance"): RESERVE,
    ("other-transaction", "SAFE-T Reimbursement"): "Dispute Losses",
    "other-transaction": FEES,
    "ItemFees": FEES,
    "Promotion": RETURNS,
    "Cost of Advertising": ADS,
    "CouponRedemptionFee": ADS,
    "FBA Inventory Reimbursement": REIMBURSED,
}


def _events(settled: list[Closed], known: list[Event]) -> Iterator[Happened]:
    for one in settled:
        for event in one.events:
            if not _is_carried(event):
                yield Happened(postings=_booked(event, event.at, f"{one.number}-{event.id}"))
        if one.sent_at:
            yield _paid(one, one.sent_at)
    for event in known:
        if event.deferred_at is not None:
            yield Happened(postings=_booked(event, event.deferred_at, f"deferred-{event.id}"))
            yield Happened(postings=_booked(event, event.at, f"released-{event.id}", sign=-1))


def _paid(one: Closed, sent_at: datetime) -> Happened:
    day, number = book_date(sent_at), int(one.number)
    payout: Settlement[Event] = Settlement(number, day, next_business_day(day, 2), one.total_minor, ())
    text = f"AMAZON.COM SVCS PAYMENTS {one.number}"
    return telling.payout_event(
        SLUG, f"amazon-{number}", payout, clearing=CLEARING, transit=TRANSIT, text=text, merchant="Amazon"
    )


def _booked(event: Event, at: datetime, key: str, *, sign: int = 1) -> tuple[Posting, ...]:
    """Both sides of an event: tax that Amazon collects comes to nil, what it does not collect the seller owes."""
    sums: dict[str, int] = {}
    for kind, what, amount in event.components:
        account = _ACCOUNTS.get((kind, what)) or _ACCOUNTS.get(kind) or _price(event, kind, what)
        sums[account] = sums.get(account, 0) - sign * amount
    return entry(book_date(at), SLUG, key, (CLEARING, sign * event.net_minor), *sums.items())


def _price(event: Event, kind: str, what: str) -> str:
    if kind == "ItemWithheldTax":
        return COLLECTED
    if what in ("Tax", "ShippingTax"):
        return COLLECTED if any(one[0] == "ItemWithheldTax" for one in event.components) else TAX
    return RETURNS if event.type != "Order" and what == "Principal" else SALES


def _mapping() -> tuple[Rule, ...]:
    return (
        Rule("clearing", CLEARING),
        Rule("in-transit", TRANSIT),
        Rule("reserve", RESERVE),
        Rule("sales", SALES),
        Rule("shipping-income", SALES),
        Rule("discounts", RETURNS),
        Rule("returns", RETURNS),
        Rule("sales-tax-payable", TAX),
        Rule("marketplace-tax", COLLECTED),
        Rule("merchant-fees", FEES),
        Rule("other-platform-costs", FEES),
        Rule("other-platform-costs", ADS, key="Advertising"),
        Rule("other-platform-costs", ADS, key="Platform coupons"),
        Rule("other-income", REIMBURSED),
        Rule("chargeback-losses", "Dispute Losses"),
    )
