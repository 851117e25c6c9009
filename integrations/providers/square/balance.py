"""The rows of Square's own balance, which it shows once they are paid out, and the payouts themselves.

Row: net = gross − fee; into the balance positive. A charge's gross is booked from its payment and a refund's from the refund;
their rows tell what they cost. https://developer.squareup.com/reference/square/objects/PayoutEntry
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations.providers.square.units import common, currency_of, minor, place_of
from integrations.records import (
    Dispute,
    LoanMovement,
    OwnTransfer,
    Payout,
    ProcessorCredit,
    ProcessorFee,
    Record,
    Reserve,
    Skipped,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from integrations.payload import Payload
    from integrations.provider import Context


@dataclass(frozen=True, slots=True)
class Row:
    """One payout entry, taken apart; signs as Square's. ``meant`` is the payout that our pull found it to be about."""

    kind: str
    fields: dict[str, Any]
    gross: int
    fee: int
    source_id: str
    meant: str

    @property
    def net(self) -> int:
        return self.gross - self.fee


def read_entry(payload: Payload, context: Context) -> Iterator[Record]:
    """One row of the balance by its type, or what the rows of a payout come to.

    https://developer.squareup.com/reference/square/payouts-api/list-payout-entries
    """
    if "composition" in payload.data:
        yield _composed(payload, context)
        return
    row, told = _row(payload, context)
    if row.net != told:
        what = f"gross − fee = {row.net}, net is {told}: difference {row.net - told}"
        yield Unknown(**row.fields, what=what, amount=told)
        return
    sign, reading = READINGS.get(row.kind, (0, None))
    found = reading(row) if reading is not None and sign * row.gross >= 0 else None
    if found is not None:
        yield found
    elif reading is not None and sign * row.gross < 0:
        what = f"Square row {row.kind!r} with the sign of its opposite"
        yield Unknown(**row.fields, what=what, amount=row.net)
    else:
        yield Unknown(**row.fields, what=f"Square row of type {row.kind!r}", amount=row.net)


def _row(payload: Payload, context: Context) -> tuple[Row, int]:
    entry = payload.inside("payout_entry")
    place = place_of(payload, entry, context)
    currency = currency_of(entry, "net_amount_money")
    kind = entry.text("type")
    fields = common(entry, entry.instant("effective_at"), place, currency, f"{kind.replace('_', ' ').capitalize()}")
    details = entry.object_or_none(f"type_{kind.lower()}_details")
    gross, fee = minor(entry, "gross_amount_money", currency), minor(entry, "fee_amount_money", currency)
    source = details.text("payment_id", "") if details is not None else ""
    meant = payload.text("meant", "") if payload is not entry else ""
    return Row(kind, fields, gross, fee, source, meant), minor(entry, "net_amount_money", currency)


def _composed(payload: Payload, context: Context) -> Record:
    """The rows of a payout against its amount, as both stood when they were read. A payout that is all there is no news."""
    payout = payload.object("composition")
    place = place_of(payload, payout, context)
    currency = currency_of(payout, "amount_money")
    amount, rows = minor(payout, "amount_money", currency), payload.integer("rows_net")
    fields = common(payout, payout.instant("created_at"), place, currency)
    if amount == rows:
        return Skipped(**fields, reason="the payout is the sum of its rows", amount=amount)
    what = f"the rows of payout {fields['external_id']} come to {rows}, it is {amount}: difference {rows - amount}"
    return Unknown(**fields, what=what, amount=amount - rows)


# ---- one reading per type ------------------------------------------------------------------------------------------------


def _fee(category: str) -> Callable[[Row], Record]:
    """A cost on its own row; given back where the row is positive."""
    return lambda row: ProcessorFee(**row.fields, amount=-row.net, category=category)


def _fee_within(category: str) -> Callable[[Row], Record]:
    """What a charge or refund cost beside its gross, which its own document books."""

    def read(row: Row) -> Record:
        if not row.fee:
            return Skipped(**row.fields, reason="free of charge; its payment or refund books it", amount=row.net)
        return ProcessorFee(**row.fields, amount=row.fee, category=category)

    return read


def _tax_on_fee(row: Row) -> Record:
    return ProcessorFee(**row.fields, amount=0, tax=-row.net, category="tax")


def _dispute(row: Row) -> Record:
    """Taken from the balance, or given back: a positive ``fee`` of the fact on winning is what came back of it."""
    if row.gross < 0:
        return Dispute(**row.fields, stage="opened", amount=-row.gross, fee=row.fee, source_id=row.source_id)
    return Dispute(**row.fields, stage="won", amount=row.gross, fee=-row.fee, source_id=row.source_id)


def _reserve(row: Row) -> Record:
    return Reserve(**row.fields, amount=-row.net)


def _loan(row: Row) -> Record:
    return LoanMovement(**row.fields, amount=row.net)


def _waiver(row: Row) -> Record:
    return ProcessorCredit(**row.fields, amount=row.net, kind="fee_waiver", source_id=row.source_id)


def _earned(row: Row) -> Record:
    return ProcessorCredit(**row.fields, amount=row.net, kind="platform_fees", source_id=row.source_id)


def _own(to: Any, account: str = "") -> Callable[[Row], Record]:
    return lambda row: OwnTransfer(**row.fields, amount=-row.net, to=to, account=account)


def _returned(row: Row) -> Record:
    """The bank sent a payout back; a later payout pays it again."""
    return Payout(
        **row.fields,
        amount=row.net,
        arrives_on=row.fields["booked_on"],
        stage="returned",
        payout_id=row.meant,
        status="failed",
    )


def _transfer(row: Row) -> Record | None:
    """A payout without rows shows as a row of a later one; any other transfer is nobody's guess."""
    if not row.meant:
        return None
    return Skipped(**row.fields, reason=f"payout {row.meant} itself tells this", amount=row.net)


_SAVINGS, _FOLDER, _CARD, _PAYROLL = (
    _own("bank", "square-savings"),
    _own("bank", "square-checking-folder"),
    _own("card", "square-card"),
    _own("payroll", "square-payroll"),
)
_PROCESSING, _LOADING = _fee("processing"), _fee("gift_card_load")
#: Type → (the sign its gross must have, 0 for either; how it is read). Types that are not here wait for a person.
READINGS: Mapping[str, tuple[int, Callable[[Row], Record | None]]] = {
    "CHARGE": (1, _fee_within("processing")),
    "REFUND": (-1, _fee_within("processing")),
    "DISPUTE": (0, _dispute),
    "OPEN_DISPUTE": (0, _dispute),
    "FEE": (0, _PROCESSING),
    "PROCESSING_FEE": (0, _PROCESSING),
    "PROCESSING_FEE_REFUND": (0, _PROCESSING),
    "UNDO_PROCESSING_FEE_REFUND": (0, _PROCESSING),
    "FREE_PROCESSING": (0, _waiver),
    "DEPOSIT_FEE": (0, _fee("instant_payout")),
    "DEPOSIT_FEE_REVERSED": (0, _fee("instant_payout")),
    "TAX_ON_FEE": (0, _tax_on_fee),
    "GIFT_CARD_LOAD_FEE": (0, _LOADING),
    "GIFT_CARD_LOAD_FEE_REFUND": (0, _LOADING),
    "UNDO_GIFT_CARD_LOAD_FEE_REFUND": (0, _LOADING),
    "THIRD_PARTY_FEE": (0, _fee("third_party")),
    "THIRD_PARTY_FEE_REFUND": (0, _fee("third_party")),
    "PAID_SERVICE_FEE": (0, _fee("paid_service")),
    "PAID_SERVICE_FEE_REFUND": (0, _fee("paid_service")),
    "SUBSCRIPTION_FEE": (0, _fee("subscription")),
    "SUBSCRIPTION_FEE_PAID_REFUND": (0, _fee("subscription")),
    "SUBSCRIPTION_FEE_REFUND": (0, _fee("subscription")),
    "LOCAL_OFFERS_FEE": (0, _fee("advertising")),
    "APP_FEE_REVENUE": (0, _earned),
    "APP_FEE_REFUND": (0, _earned),
    "HOLD_ADJUSTMENT": (0, _reserve),
    "RELEASE_ADJUSTMENT": (0, _reserve),
    "RESERVE_HOLD": (0, _reserve),
    "RESERVE_RELEASE": (0, _reserve),
    "SQUARE_CAPITAL_PAYMENT": (-1, _loan),
    "SQUARE_CAPITAL_REVERSED_PAYMENT": (1, _loan),
    "PERCENTAGE_PROCESSING_ENROLLMENT": (1, _loan),
    "PERCENTAGE_PROCESSING_REPAYMENT": (-1, _loan),
    "PERCENTAGE_PROCESSING_REPAYMENT_REVERSED": (1, _loan),
    "PERCENTAGE_PROCESSING_DEACTIVATION": (-1, _loan),
    "GIFT_CARD_POOL_TRANSFER": (-1, _own("gift_cards")),
    "GIFT_CARD_POOL_TRANSFER_REVERSED": (1, _own("gift_cards")),
    "AUTOMATIC_SAVINGS": (-1, _SAVINGS),
    "AUTOMATIC_SAVINGS_REVERSED": (1, _SAVINGS),
    "BALANCE_FOLDERS_TRANSFER": (-1, _FOLDER),
    "BALANCE_FOLDERS_TRANSFER_REVERSED": (1, _FOLDER),
    "CREDIT_CARD_REPAYMENT": (-1, _CARD),
    "CREDIT_CARD_REPAYMENT_REVERSED": (1, _CARD),
    "SQUARE_PAYROLL_TRANSFER": (-1, _PAYROLL),
    "SQUARE_PAYROLL_TRANSFER_REVERSED": (1, _PAYROLL),
    "RETURNED_PAYOUT": (0, _returned),
    "MONEY_TRANSFER": (0, _transfer),
}


# ---- payouts -------------------------------------------------------------------------------------------------------------

#: Whether the destination is a bank that shows a line, or Square's own account of the same owner.
_DESTINATIONS = {"BANK_ACCOUNT": "bank", "CARD": "bank", "SQUARE_BALANCE": "own", "SQUARE_STORED_BALANCE": "own"}


def read_payout(payload: Payload, context: Context) -> Iterator[Record]:
    """Money sent to the bank, or taken from it when negative. Its fee is a row of its own (DEPOSIT_FEE) and not read here.

    One that failed comes back by its row. https://developer.squareup.com/reference/square/objects/Payout
    """
    payout = payload.inside("payout")
    place = place_of(payload, payout, context)
    currency = currency_of(payout, "amount_money")
    fields = common(payout, payout.instant("created_at"), place, currency)
    amount, status, kind = (
        minor(payout, "amount_money", currency),
        payout.text("status"),
        payout.text("type", "BATCH"),
    )
    destination = payout.object_or_none("destination")
    where = destination.text("type", "BANK_ACCOUNT") if destination is not None else "BANK_ACCOUNT"
    strange = _strange(status, kind, where)
    if strange:
        yield Unknown(**fields, what=strange, amount=amount)
    elif _DESTINATIONS[where] == "own":
        yield OwnTransfer(**fields, amount=amount, to="bank", account="square-checking")
    else:
        yield Payout(
            **fields,
            amount=amount,
            arrives_on=payout.day("arrival_date", fields["booked_on"]),
            payout_id=fields["external_id"],
            trace=payout.text("end_to_end_id", ""),
            automatic=kind == "BATCH",
            status=status.lower(),
        )


def _strange(status: str, kind: str, where: str) -> str:
    if status not in ("SENT", "PAID", "FAILED"):
        return f"Square payout of status {status!r}"
    if kind not in ("BATCH", "SIMPLE"):
        return f"Square payout of type {kind!r}"
    return "" if where in _DESTINATIONS else f"Square payout to {where!r}"
