"""The rows of the Stripe balance read as facts. A row's currency is the settlement currency; signs are Stripe's until read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations.payload import Payload
from integrations.providers.stripe.categories import (
    CONNECT,
    FEE_TYPES,
    SKIPPED,
    category_of,
)
from integrations.providers.stripe.shop import metadata_of, shop_of
from integrations.providers.stripe.units import currency_of, expanded, id_of, minor, utc_day
from integrations.records import (
    Dispute,
    LoanMovement,
    Payout,
    ProcessorFee,
    Record,
    Refund,
    RefundFailure,
    Reserve,
    Sale,
    Skipped,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integrations.provider import Context


@dataclass(frozen=True, slots=True)
class Row:
    """One balance transaction, taken apart. ``fee`` is without ``fee_tax``; signs as Stripe's."""

    payload: Payload
    common: dict[str, Any]
    amount: int
    fee: int
    fee_tax: int
    net: int
    category: str

    @property
    def source(self) -> Payload | None:
        """The object behind the row, if it came expanded."""
        return expanded(self.payload, "source")

    @property
    def source_id(self) -> str:
        return id_of(self.payload, "source")


def read_balance_transaction(payload: Payload, context: Context) -> Iterator[Record]:
    """One row of the Stripe balance by its ``reporting_category``.

    https://docs.stripe.com/api/balance_transactions/object · https://docs.stripe.com/reports/reporting-categories
    """
    row = _row(payload, context)
    if problem := _broken(row):
        yield Unknown(**row.common, what=problem, amount=row.net)
        return
    if row.category in SKIPPED:
        yield Skipped(**row.common, reason=SKIPPED[row.category], amount=row.net)
        return
    sign, reading = READINGS.get(row.category, (0, None))
    if reading is None:
        yield Unknown(**row.common, what=_unmapped(row), amount=row.net)
    elif sign * row.amount < 0:
        what = f"Stripe row {row.category!r} with the sign of its opposite"
        yield Unknown(**row.common, what=what, amount=row.net)
    else:
        yield from reading(row)


def row_version(payload: Payload) -> str:
    """Changes when what the row says changes; ``status`` and the expanded source's own life do not count."""
    source = expanded(payload, "source")
    metadata = metadata_of(source) if source else {}
    said = [metadata.get(name, "") for name in ("channel", "tax_cents", "tip_cents")]
    money = [payload.integer(name) for name in ("amount", "fee", "net")]
    return "/".join(str(part) for part in [category_of(payload), *money, *said])[:100]


def _row(payload: Payload, context: Context) -> Row:
    currency = currency_of(payload)
    created = payload.epoch("created")
    fee = minor(payload, "fee", currency)
    tax = sum(minor(item, "amount", currency) for item in payload.objects("fee_details") if _is_tax(item))
    common = {
        "external_id": payload.text("id"),
        "booked_on": created.astimezone(context.timezone).date(),
        "currency": currency,
        "occurred_at": created,
        "memo": payload.text("description", ""),
    }
    return Row(
        payload=payload,
        common=common,
        amount=minor(payload, "amount", currency),
        fee=fee - tax,
        fee_tax=tax,
        net=minor(payload, "net", currency),
        category=category_of(payload),
    )


def _is_tax(item: Payload) -> bool:
    return item.text("type") == "tax"


def _broken(row: Row) -> str:
    """The identity the row breaks, in words; '' if it holds."""
    details = list(row.payload.objects("fee_details"))
    strange = sorted({item.text("type") for item in details} - FEE_TYPES)
    if strange:
        return f"Stripe fee of type {', '.join(map(repr, strange))}"
    currency = row.common["currency"]
    if any(currency_of(item) != currency for item in details if item.has("currency")):
        return "Stripe fee in another currency than its row"
    told, whole = sum(minor(item, "amount", currency) for item in details), row.fee + row.fee_tax
    if details and told != whole:
        return f"fee_details come to {told}, fee is {whole}: difference {told - whole}"
    if row.amount - whole != row.net:
        return f"amount − fee = {row.amount - whole}, net is {row.net}: difference {row.amount - whole - row.net}"
    return ""


def _unmapped(row: Row) -> str:
    if row.category in CONNECT:
        return f"Stripe Connect: {CONNECT[row.category]} ({row.category})"
    said = f": {row.common['memo']}" if row.common["memo"] else ""
    return f"Stripe category {row.category or 'none'} of type {row.payload.text('type', 'none')}{said}"


# ---- one reading per category --------------------------------------------------------------------------------------------


def _sale(row: Row) -> Iterator[Record]:
    source = row.source
    shop = shop_of(source, row.amount)
    yield Sale(
        **row.common,
        amount=row.amount,
        tax=shop.tax,
        tip=shop.tip,
        fee=row.fee,
        fee_tax=row.fee_tax,
        channel=shop.channel,
        source_id=row.source_id,
        customer=id_of(source, "customer") if source else "",
    )


def _less_sale(row: Row) -> Iterator[Record]:
    """What was authorised and not captured, or a bank debit that bounced: the sale shrinks, nothing was given back."""
    failed = row.category == "charge_failure"
    shop = shop_of(row.source, row.amount)
    yield Sale(
        **row.common,
        amount=row.amount,
        tax=-shop.tax if failed else 0,
        tip=-shop.tip if failed else 0,
        fee=row.fee,
        fee_tax=row.fee_tax,
        channel=shop.channel,
        source_id=row.source_id,
    )


def _refund(row: Row) -> Iterator[Record]:
    shop = shop_of(row.source, row.amount)
    note = " (tax and tip by the charge's proportion)" if shop.by_share else ""
    yield Refund(
        **{**row.common, "memo": row.common["memo"] + note},
        amount=-row.amount,
        tax=shop.tax,
        tip=shop.tip,
        fee=row.fee,
        channel=shop.channel,
        source_id=row.source_id,
    )
    yield from _fee_beside(row, 0)


def _refund_failure(row: Row) -> Iterator[Record]:
    shop = shop_of(row.source, row.amount)
    yield RefundFailure(**row.common, amount=row.amount, tax=shop.tax, channel=shop.channel, source_id=row.source_id)
    yield from _fee_beside(row, row.fee)


def _dispute_opened(row: Row) -> Iterator[Record]:
    yield Dispute(**row.common, stage="opened", amount=-row.amount, fee=row.fee, source_id=row.source_id)
    yield from _fee_beside(row, 0)


def _dispute_won(row: Row) -> Iterator[Record]:
    """A positive ``fee`` of the fact is what came back; Stripe shows a returned fee as a negative one."""
    yield Dispute(**row.common, stage="won", amount=row.amount, fee=-row.fee, source_id=row.source_id)
    yield from _fee_beside(row, 0)


def _own_fee(row: Row) -> Iterator[Record]:
    """A fee on its own row; one that is tax on fees (``tax_fee``) is all tax."""
    is_tax = row.category == "tax"
    named = row.common["memo"].split("(")[0].strip().lower()
    yield ProcessorFee(
        **row.common,
        amount=0 if is_tax else -row.amount,
        tax=-row.amount if is_tax else 0,
        category="tax" if is_tax else named or row.category,
    )
    yield from _fee_beside(row, row.fee)


def _payout(row: Row) -> Iterator[Record]:
    """Sent to the bank, or taken from it when negative; a top-up is money taken from the bank too."""
    source = row.source
    trace = expanded(source, "trace_id") if source else None
    arrives = source if source and source.has("arrival_date") else None
    yield Payout(
        **row.common,
        amount=-row.amount,
        arrives_on=utc_day(arrives, "arrival_date") if arrives else utc_day(row.payload, "available_on"),
        fee=row.fee,
        payout_id=row.source_id,
        trace=trace.text("value", "") if trace else "",
        automatic=source.flag("automatic", True) if source else True,
        status=source.text("status", "") if source else "",
    )
    yield from _fee_beside(row, 0)


def _payout_returned(row: Row) -> Iterator[Record]:
    """May come months after the payout; a later payout then pays it out again."""
    yield Payout(
        **row.common,
        amount=row.amount,
        arrives_on=utc_day(row.payload, "available_on"),
        stage="returned",
        fee=row.fee,
        payout_id=row.source_id,
        status="failed",
    )
    yield from _fee_beside(row, 0)


def _reserve(row: Row) -> Iterator[Record]:
    yield Reserve(**row.common, amount=-row.amount)
    yield from _fee_beside(row, row.fee)


def _loan(row: Row) -> Iterator[Record]:
    yield LoanMovement(**row.common, amount=row.amount)
    yield from _fee_beside(row, row.fee)


def _fee_beside(row: Row, fee: int) -> Iterator[Record]:
    """The part of the row's fee its fact has no place for, as a fact of its own."""
    if fee or row.fee_tax:
        common = {**row.common, "external_id": f"{row.common['external_id']}:fee"}
        yield ProcessorFee(**common, amount=fee, tax=row.fee_tax, category=row.category)


#: Category → (the sign its amount must have, 0 for either; how it is read).
READINGS: dict[str, tuple[int, Callable[[Row], Iterator[Record]] | None]] = {
    "charge": (1, _sale),
    "partial_capture_reversal": (-1, _less_sale),
    "charge_failure": (-1, _less_sale),
    "refund": (-1, _refund),
    "refund_failure": (1, _refund_failure),
    "dispute": (-1, _dispute_opened),
    "dispute_reversal": (1, _dispute_won),
    "fee": (0, _own_fee),
    "network_cost": (0, _own_fee),
    "tax": (0, _own_fee),
    "payout": (0, _payout),
    "topup": (1, _payout),
    "topup_reversal": (-1, _payout),
    "payout_reversal": (0, _payout_returned),
    "payout_minimum_balance_hold": (-1, _reserve),
    "payout_minimum_balance_release": (1, _reserve),
    "reserve_hold": (-1, _reserve),
    "reserve_release": (1, _reserve),
    "risk_reserved_funds": (0, _reserve),
    "payment_network_reserve_hold": (-1, _reserve),
    "payment_network_reserve_release": (1, _reserve),
    "financing_payout": (1, _loan),
    "financing_payout_reversal": (-1, _loan),
    "financing_paydown": (-1, _loan),
    "financing_paydown_reversal": (1, _loan),
}
