"""Refunds with the return they pay for. What a refund cost, or gave back of the fee, is told by its row of the balance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.providers.square.sales import tender_id
from integrations.providers.square.tenders import Unreadable, deposit_fields, given_back_by
from integrations.providers.square.units import Share, common, currency_of, minor, place_of
from integrations.records import CustomerDeposit, Record, Refund, Skipped, Tax, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from integrations.payload import Payload
    from integrations.provider import Context

_QUIET = {
    "PENDING": "not approved yet: no money has moved",
    "APPROVED": "approved, not complete yet",
    "REJECTED": "rejected: no money has moved",
    "FAILED": "failed: no money has moved",
}


def read_refund(payload: Payload, context: Context) -> Iterator[Record]:
    """A completed refund by the lines of its return order, else by its order's proportion of tax, with a note to look at it.

    One of an order that was not complete gives a deposit back. https://developer.squareup.com/reference/square/objects/PaymentRefund
    """
    refund = payload.inside("refund")
    place = place_of(payload, refund, context)
    currency = currency_of(refund, "amount_money")
    amount, made = minor(refund, "amount_money", currency), refund.instant("created_at")
    fields = common(refund, made, place, currency, refund.text("reason", ""))
    status = refund.text("status")
    if status in _QUIET:
        yield Skipped(**fields, reason=_QUIET[status], amount=amount)
        return
    if status != "COMPLETED":
        yield Unknown(**fields, what=f"Square refund of status {status!r}", amount=amount)
        return
    order, source = payload.object_or_none("order"), payload.object_or_none("source")
    try:
        tenders = given_back_by(refund, amount, place)
        if was_open(source or order, made):
            yield CustomerDeposit(**fields, amount=-amount, **deposit_fields(tenders))
            return
        parts = _parts(refund, order, amount, currency)
    except Unreadable as problem:
        yield Unknown(**fields, what=str(problem), amount=amount)
        return
    yield Refund(
        **fields,
        **parts,
        amount=amount,
        tenders=tenders,
        location=place.name,
        source_id=refund.text("payment_id", ""),
    )


def was_open(order: Payload | None, moment: datetime) -> bool:
    """Whether the order had sold nothing yet."""
    if order is None or list(order.objects("returns")):
        return False
    if order.text("state", "COMPLETED") != "COMPLETED":
        return True
    return order.has("closed_at") and order.instant("closed_at") > moment


def _parts(refund: Payload, order: Payload | None, amount: int, currency: str) -> dict[str, Any]:
    """Tax by name, tip and rounding within the refund, and why a person should look at it."""
    if order is None:
        return {"review": "no order is told: tax and tip within the refund are not known"}
    returns = list(order.objects("returns"))
    if not returns:
        return _by_proportion(order, amount, currency)
    if any(
        line.text("item_type", "ITEM") == "GIFT_CARD" for one in returns for line in one.objects("return_line_items")
    ):
        raise Unreadable("a gift card that was sold is taken back")
    amounts = order.object("return_amounts")
    whole = minor(amounts, "total_money", currency)
    share = _share(refund, order, amount, whole, currency)
    taxes = [tax for one in returns for tax in one.objects("return_taxes")]
    told, tax = minor(amounts, "tax_money", currency), sum(minor(one, "applied_money", currency) for one in taxes)
    if taxes and tax != told:
        raise Unreadable(f"the taxes given back come to {tax}, the return says {told}: difference {tax - told}")
    rounding = sum(
        minor(one.object("rounding_adjustment"), "amount_money", currency)
        for one in returns
        if one.has("rounding_adjustment")
    )
    return {
        **_taxes(taxes, share, currency, told),
        "tip": share.of(minor(amounts, "tip_money", currency)),
        "rounding": share.of(rounding),
    }


def _by_proportion(order: Payload, amount: int, currency: str) -> dict[str, Any]:
    """Without lines: the order's tax and tip as far as the refund goes."""
    whole = minor(order, "total_money", currency)
    share = Share(0, amount, max(whole, amount))
    told = minor(order, "total_tax_money", currency)
    return {
        **_taxes(order.objects("taxes"), share, currency, told),
        "tip": share.of(minor(order, "total_tip_money", currency)),
        "review": "no lines are told: tax and tip by the order's proportion",
    }


def _taxes(taxes: Iterable[Payload], share: Share, currency: str, told: int) -> dict[str, Any]:
    named = [
        Tax(amount=share.of(minor(tax, "applied_money", currency)), jurisdiction=tax.text("name", "")) for tax in taxes
    ]
    kept = tuple(tax for tax in named if tax.amount)
    return {"tax": sum(tax.amount for tax in kept) if named else share.of(told), "taxes": kept}


def _share(refund: Payload, order: Payload, amount: int, whole: int, currency: str) -> Share:
    """This refund's part of its return: all of it, or its place among the refunds that pay for it. Raises Unreadable."""
    if amount == whole:
        return Share(0, amount, amount)
    before = 0
    for one in sorted(order.objects("refunds"), key=lambda each: (each.text("created_at", ""), tender_id(each))):
        if one.text("id") == refund.text("id"):
            return Share(before, amount, whole)
        before += minor(one, "amount_money", currency)
    raise Unreadable(f"the refund is {amount}, its return {whole}, and the return does not list it")
