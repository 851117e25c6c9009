"""Transactions of the Finances API: what settlements will tell, announced, and the sales whose money Amazon keeps for now.

A deferred transaction is in no settlement until it is released, which may be in another month. So the sale is booked when it
was posted, taken back when it is released, and booked for good by the settlement it is released into. Everything else is left to
its settlement: until that has closed, it says what of the balance is in no rows. https://developer-docs.amazon.com/sp-api/reference/listtransactions
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.providers.amazon.parts import Parts, facts_of, fee_name, withheld_part
from integrations.providers.amazon.units import day_of, minor_of
from integrations.records import Announced, Record, Skipped, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.provider import Context

DEFERRED = frozenset(["DEFERRED", "DEFERRED_RELEASED"])
RELEASED = "RELEASED"
#: Sendings of money to the bank: the settlement that is paid out tells them, and those that follow do not.
_SENT = frozenset(["transfer", "disbursement"])
#: A breakdown's name → what it is for the books. Names are compared without blanks and in any case.
_LEAVES = {
    **dict.fromkeys(("principal", "principle", "ourpriceprincipal", "productcharges"), "goods"),
    **dict.fromkeys(("shipping", "shippingprincipal", "shippingcharge", "giftwrap", "giftwrapprincipal"), "shipping"),
    **dict.fromkeys(("tax", "producttax", "ourpricetax", "shippingtax", "giftwraptax", "taxdiscount"), "tax"),
    **dict.fromkeys(("promotion", "promorebates", "promotionalrebates", "discount", "shippingdiscount"), "discount"),
}
#: Headings under which every leaf is a fee.
_FEES = frozenset(["amazonfees", "fbafees", "sellingfees", "fees"])
DEEPEST = 8


def is_transaction(raw: Mapping[str, Any]) -> bool:
    return "transactionType" in raw and "postedDate" in raw and "totalAmount" in raw


def transaction_id(payload: Payload) -> str:
    """Its own id; the oldest answers have none, and then what it relates to and its moment tell it apart."""
    own = payload.text("transactionId", "")
    if own:
        return own
    related = sorted(f"{name}={value}" for name, value in _related(payload).items())
    said = "|".join([payload.text("transactionType"), payload.text("postedDate"), *related])
    return f"without-id:{hashlib.sha256(said.encode()).hexdigest()[:24]}"


def read_transaction(payload: Payload, context: Context) -> Iterator[Record]:
    """Announced to its settlement, unless Amazon defers the money; what it releases goes out of the one into the other."""
    moment, money = payload.instant("postedDate"), payload.object("totalAmount")
    currency = money.currency("currencyCode")
    amount = money.minor("currencyAmount", currency)
    fields: dict[str, Any] = {
        "external_id": transaction_id(payload),
        "booked_on": day_of(moment, context),
        "currency": currency,
        "occurred_at": moment,
        "memo": payload.text("description", "")[:100],
    }
    # The oldest answers know of no status: there was nothing to defer yet.
    status, related = payload.text("transactionStatus", RELEASED).upper(), _related(payload)
    was_deferred = related.get("DEFERRED_TRANSACTION_ID", "")
    if status == RELEASED and payload.text("transactionType").casefold() in _SENT:
        yield Skipped(**fields, reason="a payout: its settlement books it", amount=amount)
    elif status == RELEASED:
        yield Announced(**fields, amount=amount)
        if was_deferred:
            fields |= {"external_id": f"{fields['external_id']}:released", "memo": f"Released {was_deferred}"}
            yield from _deferral(payload, fields, amount, related, sign=-1)
    elif status in DEFERRED:
        fields |= {"external_id": f"{fields['external_id']}:deferred", "memo": f"Deferred: {fields['memo']}"}
        yield from _deferral(payload, fields, amount, related, sign=1)
    else:
        yield Unknown(**fields, what=f"Amazon transaction of status {status[:40]!r}", amount=amount)


def _related(payload: Payload) -> dict[str, str]:
    found = payload.objects("relatedIdentifiers")
    return {one.text("relatedIdentifierName"): one.text("relatedIdentifierValue") for one in found}


def _deferral(
    payload: Payload, fields: dict[str, Any], amount: int, related: dict[str, str], *, sign: int
) -> Iterator[Record]:
    """The sale or refund as the breakdown tells it; ``sign`` −1 takes it back."""
    kind = payload.text("transactionType").casefold()
    parts, problem = Parts(), "" if kind in ("shipment", "refund") else f"deferred transaction of type {kind[:40]!r}"
    total = 0
    for heading, leaf, value in _leaves(payload, fields["currency"]):
        part, name = _part(heading, leaf)
        problem = problem if part else problem or f"deferred transaction with a breakdown {leaf[:60]!r}"
        total += value
        if part:
            parts.add(part, sign * value, name)
    if not problem and total != amount:
        problem = f"the breakdown comes to {total}, the transaction to {amount}: difference {total - amount}"
    if problem:
        yield Unknown(**fields, what=problem, amount=sign * amount)
        return
    market = payload.object_or_none("marketplaceDetails")
    channel = market.text("marketplaceName", "") if market else ""
    yield from facts_of(parts, fields, channel=channel, number=related.get("ORDER_ID", ""), back=kind == "refund")


def _leaves(payload: Payload, currency: str) -> Iterator[tuple[str, str, int]]:
    """(the heading above, name, amount) of each innermost breakdown. Amazon's own example wraps the list in an object."""
    told = payload.raw("breakdowns", [])
    if isinstance(told, dict):
        yield from _within(Payload.of(told, payload.at("breakdowns")), "", currency, DEEPEST)
    else:
        yield from _within(payload, "", currency, DEEPEST)


def _within(payload: Payload, heading: str, currency: str, depth: int) -> Iterator[tuple[str, str, int]]:
    if not depth:
        raise PayloadError(payload.path, f"has breakdowns more than {DEEPEST} deep")
    for one in payload.objects("breakdowns"):
        name = one.text("breakdownType")
        if one.raw("breakdowns", []):
            above = heading if _plain(heading) in _FEES else name
            yield from _within(one, above, currency, depth - 1)
        else:
            yield heading, name, minor_of(one, "breakdownAmount", currency)


def _part(heading: str, leaf: str) -> tuple[str, str]:
    """(which part of a sale a breakdown is, the name of a fee); ('', '') for one nobody has told us of."""
    if _plain(heading) in _FEES or _plain(leaf) in _FEES:
        return "fee", fee_name(leaf)
    collected = withheld_part(leaf)
    return (collected, "input tax") if collected else (_LEAVES.get(_plain(leaf), ""), "")


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
