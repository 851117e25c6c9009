"""Stripe's objects with a life of their own: payouts, disputes, and the balance as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.providers.stripe.units import currency_of, minor, utc_day
from integrations.records import Dispute, Payout, ProcessorBalance, Record, Skipped, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from integrations.provider import Context

_UNDER_WAY = frozenset(["pending", "in_transit", "paid"])
_CAME_BACK = frozenset(["failed", "canceled"])

#: Dispute statuses that move no money of their own, and why.
_QUIET = {
    "won": "won: the reversal row of the balance gives the money back",
    "needs_response": "open: the balance row took the money",
    "under_review": "open: the balance row took the money",
    "appeal_needs_response": "open: the balance row took the money",
    "appeal_under_review": "open: the balance row took the money",
    "warning_needs_response": "an inquiry moves no money",
    "warning_under_review": "an inquiry moves no money",
    "warning_closed": "an inquiry moves no money",
    "prevented": "prevented before any money moved",
    "charge_refunded": "the charge was refunded: its refund row gives the money back",
}


def read_payout(payload: Payload, context: Context) -> Iterator[Record]:
    """A payout as proof of what must arrive: its day, its status, the bank's trace. Negative debits the bank.

    https://docs.stripe.com/api/payouts/object
    """
    currency, created = currency_of(payload), payload.epoch("created")
    common: dict[str, Any] = {
        "external_id": payload.text("id"),
        "booked_on": created.astimezone(context.timezone).date(),
        "currency": currency,
        "occurred_at": created,
        "memo": payload.text("description", ""),
    }
    amount, status = minor(payload, "amount", currency), payload.text("status")
    if status not in _UNDER_WAY | _CAME_BACK:
        yield Unknown(**common, what=f"Stripe payout of status {status!r}", amount=amount)
        return
    trace = payload.data.get("trace_id")
    yield Payout(
        **common,
        amount=amount,
        arrives_on=utc_day(payload, "arrival_date"),
        stage="returned" if status in _CAME_BACK else "sent",
        payout_id=payload.text("id"),
        trace=str(trace.get("value") or "") if isinstance(trace, dict) else "",
        automatic=payload.flag("automatic", True),
        status=status,
    )


# ---- disputes ------------------------------------------------------------------------------------------------------------


def is_dispute(raw: Mapping[str, Any]) -> bool:
    """A dispute, or the event of its closing, which alone tells the day."""
    if raw.get("object") == "event":
        data = raw.get("data")
        inside = data.get("object") if isinstance(data, dict) else None
        return isinstance(inside, dict) and inside.get("object") == "dispute"
    return raw.get("object") == "dispute"


def dispute_in(payload: Payload) -> Payload:
    return payload.object("data").object("object") if payload.data.get("object") == "event" else payload


def dispute_id(payload: Payload) -> str:
    return dispute_in(payload).text("id")


def dispute_version(payload: Payload) -> str:
    """A dispute changes by its status and its rows: its evidence and the envelope it came in are no news to the books."""
    dispute = dispute_in(payload)
    return f"{dispute.text('status')}/{dispute.integer('amount')}/{len(list(dispute.objects('balance_transactions')))}"


def read_dispute(payload: Payload, context: Context) -> Iterator[Record]:
    """A lost dispute: the only turn no balance row tells. All others are told by rows of the balance and skipped here.

    Dated by the closing event; a bare dispute does not say when it closed, and is then dated by its last row.
    https://docs.stripe.com/api/disputes/object
    """
    dispute = dispute_in(payload)
    status, currency = dispute.text("status"), currency_of(dispute)
    created = dispute.epoch("created")
    closed = payload.epoch("created") if dispute is not payload else _last_seen(dispute, created)
    moment = closed if status == "lost" else created
    common: dict[str, Any] = {
        "external_id": f"{dispute.text('id')}:closed" if status == "lost" else dispute.text("id"),
        "booked_on": moment.astimezone(context.timezone).date(),
        "currency": currency,
        "occurred_at": moment,
        "memo": f"Dispute {status}: {dispute.text('reason', 'no reason given')}",
    }
    if status in _QUIET:
        yield Skipped(**common, reason=_QUIET[status])
    elif status == "lost":
        yield _lost(dispute, common)
    else:
        yield Unknown(**common, what=f"Stripe dispute of status {status!r}", amount=minor(dispute, "amount", currency))


def _last_seen(dispute: Payload, created: datetime) -> datetime:
    return max([created, *(row.epoch("created") for row in dispute.objects("balance_transactions"))])


def _lost(dispute: Payload, common: dict[str, Any]) -> Record:
    """What the rows took and did not give back, in the settlement currency; older answers carry no rows."""
    if "balance_transactions" not in dispute.data:
        return Dispute(
            **common, stage="lost", amount=minor(dispute, "amount", common["currency"]), source_id=dispute.text("id")
        )
    rows = list(dispute.objects("balance_transactions", required=True))
    if not rows:
        return Unknown(
            **common, what="a lost dispute without a row that took the money", amount=dispute.integer("amount")
        )
    currencies = {currency_of(row) for row in rows}
    if len(currencies) > 1:
        return Unknown(**common, what=f"a lost dispute with rows in {', '.join(sorted(currencies))}")
    currency = currencies.pop()
    taken = -sum(minor(row, "amount", currency) for row in rows)
    common = {**common, "currency": currency}
    if taken == 0:
        return Skipped(**common, reason="lost, and the money had been given back before")
    return Dispute(**common, stage="lost", amount=taken, source_id=dispute.text("id"))


# ---- the balance ---------------------------------------------------------------------------------------------------------


def balance_id(payload: Payload) -> str:
    """One document a day: a balance has no identity but its day."""
    return f"balance:{payload.text('read_at', '')[:10]}"


def read_balance(payload: Payload, context: Context) -> Iterator[Record]:
    """What Stripe says it holds, by currency: available + pending. https://docs.stripe.com/api/balance/balance_object

    The answer has no date; the pull writes ``read_at`` into it, a bare one is taken as read on ``context.as_of``.
    """
    read_at = payload.instant("read_at") if payload.has("read_at") else None
    day: date = read_at.astimezone(context.timezone).date() if read_at else context.as_of
    parts = {name: _by_currency(payload, name) for name in ("available", "pending")}
    for currency in sorted({*parts["available"], *parts["pending"]}):
        available, pending = (parts[name].get(currency, 0) for name in ("available", "pending"))
        yield ProcessorBalance(
            external_id=f"balance:{day}:{currency}",
            booked_on=day,
            currency=currency,
            occurred_at=read_at,
            amount=available + pending,
            available=available,
            pending=pending,
        )


def _by_currency(payload: Payload, name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in payload.objects(name, required=True):
        currency = currency_of(item)
        if currency in found:
            raise PayloadError(item.at("currency"), f"{currency} appears twice")
        found[currency] = minor(item, "amount", currency)
    return found
