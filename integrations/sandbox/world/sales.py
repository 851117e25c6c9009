"""What the shops sold through the processor: charges, refunds, disputes, and the processor's own ledger rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world.calendar import ALL_MONTHS, HORIZON, day_in, local_instant, month_end, utc_midnight
from integrations.sandbox.world.chance import letters, share, stream

if TYPE_CHECKING:
    from random import Random

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.people import Channel

DISPUTE_FEE_MINOR = 1500
CATERING = (date(2026, 3, 6), 41200), (date(2026, 3, 14), 38550), (date(2026, 3, 25), 38700)
BRANDS = ("visa", "mastercard", "amex", "discover")


@dataclass(frozen=True, slots=True)
class Charge:
    """A card sale in cents; `amount_minor` includes `tax_minor` and `tip_minor`."""

    id: str
    row_id: str
    intent_id: str
    method_id: str
    created: datetime
    amount_minor: int
    fee_minor: int
    channel: str
    tax_minor: int
    tip_minor: int
    brand: str
    last4: str
    order: str


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back in cents; `tax_minor` and `tip_minor` are the parts of it that were tax and tip."""

    id: str
    row_id: str
    charge_id: str
    intent_id: str
    created: datetime
    amount_minor: int
    tax_minor: int
    tip_minor: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """`outcome` is "won" or "lost"; a lost dispute moves no money when it closes."""

    id: str
    row_id: str
    reversal_row_id: str
    charge_id: str
    intent_id: str
    created: datetime
    closed: datetime
    amount_minor: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Row:
    """One balance transaction, in cents with the processor's sign: positive adds to the balance, fee positive."""

    id: str
    created: datetime
    available_on: datetime
    type: str
    category: str
    source: str
    amount_minor: int
    fee_minor: int
    description: str

    @property
    def net_minor(self) -> int:
        return self.amount_minor - self.fee_minor


@dataclass(frozen=True, slots=True)
class Sales:
    """Everything on the processor but payouts, each list in order of creation; `rows` carries no payout rows."""

    charges: tuple[Charge, ...]
    refunds: tuple[Refund, ...]
    disputes: tuple[Dispute, ...]
    rows: tuple[Row, ...]


# slug → (opened, closed, outcome). The lost one of kestrel closes within thirty days of the story's end.
DISPUTES = {
    "kestrel": (
        (date(2025, 6, 11), date(2025, 8, 6), "won"),
        (date(2026, 2, 3), date(2026, 3, 12), "lost"),
    ),
    "quillfeather": (
        (date(2025, 9, 9), date(2025, 10, 21), "lost"),
        (date(2026, 2, 10), date(2026, 3, 17), "won"),
    ),
    "brambling": (),
}


def _moment(rng: Random, day: date) -> datetime:
    return local_instant(day, rng.randint(7, 20), rng.randint(0, 59), rng.randint(0, 59))


def _charge(rng: Random, at: datetime, channel: str, number: int, *, goods: int, tax: int = 0, tip: int = 0) -> Charge:
    total = goods + tax + tip
    code = letters(rng, 16)
    return Charge(
        id=f"ch_3T{code}",
        row_id=f"txn_3T{code}",
        intent_id=f"pi_3T{code}",
        method_id=f"pm_1T{code}",
        created=at,
        amount_minor=total,
        fee_minor=share(total, 290) + 30,
        channel=channel,
        tax_minor=tax,
        tip_minor=tip,
        brand=BRANDS[number % 7 % 4],
        last4=f"{(number * 7919) % 10000:04d}",
        order=f"{channel[:1].upper()}{number:06d}",
    )


def _sale(rng: Random, at: datetime, channel: Channel, number: int) -> Charge:
    goods = rng.randint(channel.low_minor, channel.low_minor + (channel.high_minor - channel.low_minor) // 2)
    if rng.random() < 0.25:  # one basket in four is a big one
        goods = rng.randint(channel.low_minor, channel.high_minor)
    tax = share(goods, channel.tax_bp) if channel.tax_bp and rng.randint(1, 100) <= 80 else 0
    tips = channel.tip_percent_of_sales and rng.randint(1, 100) <= channel.tip_percent_of_sales
    tip = share(goods, rng.choice((1000, 1500, 1800, 2000))) if tips else 0
    return _charge(rng, at, channel.name, number, goods=goods, tax=tax, tip=tip)


def _charges_of_month(cast: Cast, seed: int, month: str, first_number: int) -> list[Charge]:
    rng = stream(seed, cast.slug, "sales", month)
    last_day = min(month_end(month), HORIZON).day
    full = month_end(month).day
    season = {"11": 108, "12": 118, "01": 92}.get(month[-2:], 100)
    count = cast.sales_a_month * rng.randint(94, 106) * season // 10000 * last_day // full
    weights = [channel.weight for channel in cast.channels]
    moments = sorted(_moment(rng, day_in(month, rng.randint(1, last_day))) for _ in range(count))
    channels = rng.choices(cast.channels, weights, k=count)
    return [
        _sale(rng, at, channel, first_number + index)
        for index, (at, channel) in enumerate(zip(moments, channels, strict=True))
    ]


def _catering(seed: int) -> list[Charge]:
    rng = stream(seed, "quillfeather", "catering")
    return [
        _charge(rng, local_instant(day, 11, 12 + index, 5), "catering", 900001 + index, goods=amount)
        for index, (day, amount) in enumerate(CATERING)
    ]


def _all_charges(cast: Cast, seed: int) -> list[Charge]:
    charges: list[Charge] = []
    for month in ALL_MONTHS:
        charges += _charges_of_month(cast, seed, month, len(charges) + 1)
    if cast.catering_account:
        charges += _catering(seed)
    return sorted(charges, key=lambda charge: (charge.created, charge.id))


def _refund(rng: Random, charge: Charge, at: datetime) -> Refund:
    """A full refund; where neither tax nor tip was in the charge, every second one is a part of it."""
    partial = not charge.tax_minor and not charge.tip_minor and rng.random() < 0.5
    amount = charge.amount_minor // 3 if partial else charge.amount_minor
    code = letters(rng, 16)
    return Refund(
        id=f"re_3T{code}",
        row_id=f"txn_3R{code}",
        charge_id=charge.id,
        intent_id=charge.intent_id,
        created=at,
        amount_minor=amount,
        tax_minor=0 if partial else charge.tax_minor,
        tip_minor=0 if partial else charge.tip_minor,
    )


def _refunds(cast: Cast, seed: int, charges: list[Charge]) -> list[Refund]:
    rng = stream(seed, cast.slug, "refunds")
    found = []
    for charge in charges:
        if charge.channel == "catering" or rng.random() >= 0.014:  # about one sale in seventy
            continue
        day = charge.created.date() + timedelta(days=rng.randint(1, 9))
        if day < HORIZON:
            found.append(_refund(rng, charge, _moment(rng, day)))
    return sorted(found, key=lambda refund: (refund.created, refund.id))


def _disputes(cast: Cast, seed: int, charges: list[Charge], refunds: list[Refund]) -> list[Dispute]:
    rng = stream(seed, cast.slug, "disputes")
    refunded = {refund.charge_id for refund in refunds}
    found = []
    for opened, closed, outcome in DISPUTES.get(cast.slug, ()):
        limit = local_instant(opened - timedelta(days=12), 12)
        usable = [c for c in charges if c.created < limit and c.id not in refunded and c.channel == "online"]
        charge = usable[-1]
        code = letters(rng, 16)
        found.append(
            Dispute(
                id=f"du_1T{code}",
                row_id=f"txn_1D{code}",
                reversal_row_id=f"txn_1W{code}",
                charge_id=charge.id,
                intent_id=charge.intent_id,
                created=local_instant(opened, 9, 14, 33),
                closed=local_instant(closed, 10, 41, 7),
                amount_minor=charge.amount_minor,
                outcome=outcome,
            )
        )
    return found


def _rows(charges: list[Charge], refunds: list[Refund], disputes: list[Dispute]) -> list[Row]:
    two_days = timedelta(days=2)
    rows = [
        Row(
            c.row_id,
            c.created,
            utc_midnight(c.created.date() + two_days),
            "charge",
            "charge",
            c.id,
            c.amount_minor,
            c.fee_minor,
            f"Order {c.order}",
        )
        for c in charges
    ]
    rows += [
        Row(
            r.row_id,
            r.created,
            utc_midnight(r.created.date()),
            "refund",
            "refund",
            r.id,
            -r.amount_minor,
            0,
            "REFUND FOR CHARGE",
        )
        for r in refunds
    ]
    for d in disputes:
        opened, closed = utc_midnight(d.created.date()), utc_midnight(d.closed.date())
        text = f"Chargeback withdrawal for {d.charge_id}"
        rows.append(
            Row(d.row_id, d.created, opened, "adjustment", "dispute", d.id, -d.amount_minor, DISPUTE_FEE_MINOR, text)
        )
        if d.outcome == "won":
            text = f"Chargeback reversal for {d.charge_id}"
            back = "dispute_reversal"
            rows.append(Row(d.reversal_row_id, d.closed, closed, "adjustment", back, d.id, d.amount_minor, 0, text))
    return sorted(rows, key=lambda row: (row.created, row.id))


def sell(cast: Cast, seed: int) -> Sales:
    """All sales of the story until the horizon; pure and the same for the same seed."""
    if not cast.stripe_account:
        return Sales((), (), (), ())
    charges = _all_charges(cast, seed)
    refunds = _refunds(cast, seed, charges)
    disputes = _disputes(cast, seed, charges, refunds)
    return Sales(tuple(charges), tuple(refunds), tuple(disputes), tuple(_rows(charges, refunds, disputes)))
