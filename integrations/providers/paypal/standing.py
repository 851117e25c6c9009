"""What PayPal says it holds, and disputes that ended against the seller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.providers.paypal.units import currency_of, day_of, minor
from integrations.records import Dispute, ProcessorBalance, Record, Skipped, SystemBalance, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from integrations.payload import Payload
    from integrations.provider import Context


def is_balances(raw: Mapping[str, Any]) -> bool:
    return isinstance(raw.get("balances"), list) and "as_of_time" in raw


def balances_id(payload: Payload) -> str:
    """One document a day."""
    return f"balances:{payload.text('as_of_time')[:10]}"


def read_balances(payload: Payload, context: Context) -> Iterator[Record]:
    """What is available by currency, the home currency last (the newest counts); what is withheld proves the reserve.

    ``total_balance`` holds both. Rows of holds and reserves move what is available, as the clearing account does.
    https://developer.paypal.com/docs/api/transaction-search/v1/#balances_get
    """
    moment = payload.instant("as_of_time")
    day = day_of(moment, context)
    found = {currency_of(one, "total_balance"): one for one in payload.objects("balances", required=True)}
    for currency in sorted(found, key=lambda one: (one == context.home_currency, one)):
        one = found[currency]
        withheld = minor(one, "withheld_balance", currency)
        free = minor(one, "total_balance", currency) - withheld
        told = minor(one, "available_balance", currency) if one.has("available_balance") else free
        fields: dict[str, Any] = {
            "external_id": f"balance:{day}:{currency}",
            "booked_on": day,
            "currency": currency,
            "occurred_at": moment,
        }
        if told != free:
            what = f"total less withheld is {free}, available is {told}: difference {free - told}"
            yield Unknown(**fields, what=what, amount=told)
            continue
        yield ProcessorBalance(**fields, amount=told, available=told, pending=0)
        key = "paypal" if currency == context.home_currency else f"paypal {currency}"
        yield SystemBalance(
            **{**fields, "external_id": f"withheld:{day}:{currency}"}, role="reserve", amount=withheld, key=key
        )


# ---- disputes ------------------------------------------------------------------------------------------------------------

#: Statuses under which nothing has been decided.
_OPEN = frozenset(["OPEN", "WAITING_FOR_BUYER_RESPONSE", "WAITING_FOR_SELLER_RESPONSE", "UNDER_REVIEW"])
#: Outcome → the stage it is for the books, None where the rows of the balance tell everything.
OUTCOMES: Mapping[str, str | None] = {
    "RESOLVED_BUYER_FAVOUR": "lost",
    "ACCEPTED": "accepted",
    "RESOLVED_WITH_PAYOUT": "lost",
    "RESOLVED_SELLER_FAVOUR": None,
    "CANCELED_BY_BUYER": None,
    "DENIED": None,
    "NONE": None,
}


def is_dispute(raw: Mapping[str, Any]) -> bool:
    return "dispute_id" in raw and "status" in raw and ("dispute_amount" in raw or "dispute_life_cycle_stage" in raw)


def dispute_id(payload: Payload) -> str:
    return payload.text("dispute_id")


def read_dispute(payload: Payload, context: Context) -> Iterator[Record]:
    """A dispute that ended with a loss: the only turn no row of the balance tells. Where PayPal bore it, there is none.

    https://developer.paypal.com/docs/api/customer-disputes/v1/#disputes_get
    """
    currency, status = currency_of(payload, "dispute_amount"), payload.text("status")
    amount, moment = minor(payload, "dispute_amount", currency), payload.instant("update_time")
    fields: dict[str, Any] = {
        "external_id": dispute_id(payload),
        "booked_on": day_of(moment, context),
        "currency": currency,
        "occurred_at": moment,
        "memo": f"Dispute: {payload.text('reason', 'no reason given').replace('_', ' ').lower()}",
    }
    if status in _OPEN:
        yield Skipped(**fields, reason="open: the rows of the balance took what was taken", amount=amount)
    elif status != "RESOLVED":
        yield Unknown(**fields, what=f"PayPal dispute of status {status!r}", amount=amount)
    else:
        yield _resolved(payload, context, fields, amount)


def _resolved(payload: Payload, context: Context, fields: dict[str, Any], amount: int) -> Record:
    outcome = payload.object_or_none("dispute_outcome")
    code = outcome.text("outcome_code") if outcome is not None else "NONE"
    if code not in OUTCOMES:
        return Unknown(**fields, what=f"PayPal dispute with outcome {code!r}", amount=amount)
    stage = OUTCOMES[code]
    currency = fields["currency"]
    refunded = minor(outcome, "amount_refunded", currency) if outcome is not None else 0
    moved = _taken(payload, currency)
    lost = moved if moved is not None else 0 if code == "RESOLVED_WITH_PAYOUT" else refunded or amount
    if stage is None or lost <= 0:
        return Skipped(**fields, reason="closed without a loss of the seller's", amount=amount)
    moment = _decided(payload) or fields["occurred_at"]
    fields |= {
        "external_id": f"{fields['external_id']}:closed",
        "occurred_at": moment,
        "booked_on": day_of(moment, context),
    }
    paid = next(payload.objects("disputed_transactions"), None)
    source = paid.text("seller_transaction_id", "") if paid is not None else ""
    return Dispute(**fields, stage="accepted" if stage == "accepted" else "lost", amount=lost, source_id=source)


def _taken(payload: Payload, currency: str) -> int | None:
    """What settling took from the seller and did not give back; None where no movement of money is told."""
    signs = {"DEBIT": 1, "CREDIT": -1}
    moves = [
        signs.get(move.text("type", ""), 0) * minor(move, "amount", currency)
        for move in payload.objects("money_movements")
        if move.text("affected_party", "") == "SELLER"
        and move.text("reason", "DISPUTE_SETTLEMENT") == "DISPUTE_SETTLEMENT"
    ]
    return sum(moves) if moves else None


def _decided(payload: Payload) -> datetime | None:
    """The day of the last decision; the dispute itself changes on."""
    return max((one.instant("adjudication_time") for one in payload.objects("adjudications")), default=None)
