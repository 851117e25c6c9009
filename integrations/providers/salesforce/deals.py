"""Won deals and activated orders read as proposals. What is changed or taken back after it was won is put before a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.money import to_major
from integrations.providers.salesforce.readings import begun, customer, minor, product, text
from integrations.records import InvoiceLine, Record, Skipped, Unknown, WonDeal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.payload import Payload
    from integrations.provider import Context
    from integrations.providers.salesforce.objects import Thing

#: Stages every org begins with; those of others say nothing by their names.
_STAGES = (
    *("Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Id. Decision Makers"),
    *("Perception Analysis", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost"),
)
_NEEDS = "an invoice of it needs a credit note"


def read_opportunity(payload: Payload, context: Context) -> Iterator[Record]:
    """A won deal as a proposal of an invoice, never revenue.

    https://developer.salesforce.com/docs/platform/object-reference/references/standard-objects/object-opportunity.html
    """
    thing, fields = begun(payload, context)
    amount, is_won = minor(payload, thing, "amount", fields, 0), _is_won(payload)
    steps = _steps(payload)
    was_won = any(step.flag("IsWon", False) for step in steps)
    if payload.flag("IsDeleted", False):
        what = f"a won deal was deleted: {_NEEDS}"
        is_over = is_won or was_won
        yield Unknown(**fields, what=what, amount=amount) if is_over else Skipped(**fields, reason="deleted")
    elif not is_won and was_won:
        yield Unknown(**fields, what=f"a won deal was moved back: {_NEEDS}", amount=amount)
    elif not is_won:
        yield Skipped(**fields, reason="not won", amount=amount)
    elif not payload.has(thing.fields["amount"]):
        yield Unknown(**fields, what="a won deal without an amount")
    else:
        yield WonDeal(
            **fields,
            customer=customer(payload, thing),
            amount=amount,
            lines=_lines(payload, thing, fields, amount),
            name=text(payload, thing, "name"),
            owner=text(payload, thing, "owner"),
        )
        yield from _edited(steps, fields, amount)


def _steps(payload: Payload) -> list[Payload]:
    """What it went through, in time."""
    return sorted(payload.objects("history"), key=lambda step: (step.instant("CreatedDate"), step.text("Id", "")))


def _edited(steps: list[Payload], fields: dict[str, Any], amount: int) -> Iterator[Record]:
    """Whether the amount is another than when it was won, the last time it was."""
    won: Payload | None = None
    for step in steps:
        won = (won or step) if step.flag("IsWon", False) else None
    if won is None or not won.has("Amount"):
        return
    before, currency = won.minor("Amount", fields["currency"]), fields["currency"]
    if before != amount:
        said = f"won at {to_major(before, currency)} and changed to {to_major(amount, currency)} afterwards"
        changed = fields | {"external_id": f"{fields['external_id']}:changed"}
        needs = _NEEDS if amount < before else "an invoice of it needs another for the rest"
        yield Unknown(**changed, what=f"a deal {said}: {needs}", amount=amount - before)


def _lines(payload: Payload, thing: Thing, fields: dict[str, Any], amount: int) -> tuple[InvoiceLine, ...]:
    """Its products, where they come to its amount."""
    part = thing.parts["lines"]
    found = tuple(
        InvoiceLine(amount=minor(line, part, "amount", fields), product=product(line, part))
        for line in payload.objects("lines")
    )
    return found if sum(line.amount for line in found) == amount else ()


def _is_won(payload: Payload) -> bool:
    """Stages have names of the org's own: whether one wins is a field of the deal."""
    stage = payload.text("StageName", "")
    if not payload.has("IsWon") and stage in _STAGES:
        return stage == "Closed Won"
    return payload.flag("IsWon")


def read_order(payload: Payload, context: Context) -> Iterator[Record]:
    """An activated order as a proposal, unless it came of a deal, which is one already.

    https://developer.salesforce.com/docs/platform/object-reference/references/standard-objects/object-order.html
    """
    thing, fields = begun(payload, context)
    amount, status = minor(payload, thing, "amount", fields, 0), text(payload, thing, "status")
    gone, number = payload.flag("IsDeleted", False), text(payload, thing, "number")
    if status in thing.waiting or (gone and status not in thing.booked):
        yield Skipped(**fields, reason="deleted" if gone else "not activated", amount=amount)
    elif text(payload, thing, "deal"):
        yield Skipped(**fields, reason="the deal it came of is the proposal", amount=amount)
    elif gone:
        yield Unknown(**fields, what=f"an activated order was deleted: {_NEEDS}", amount=amount)
    elif status not in thing.booked:
        yield Unknown(**fields, what=f"Salesforce order of status {status!r}", amount=amount)
    elif not payload.has(thing.fields["amount"]):
        raise PayloadError(payload.at(thing.fields["amount"]), "is missing")
    else:
        yield WonDeal(**fields, customer=customer(payload, thing), amount=amount, name=f"Order {number}".strip())
