"""Won deals: a person makes an invoice of one, which a second person approves, or says why there is none.

The approved invoice is a document of the deal's connection and takes the way of every other: mapped, posted, sent as an Invoice.
A deal that is changed or moved back after somebody decided is a question to a person; nothing is replaced.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from clients import audit
from integrations.models import Fact
from integrations.payload import Payload
from integrations.records import CustomerInvoice, InvoiceLine, WonDeal
from integrations.records_json import from_json
from integrations.storing import Item, Shape, canonical, store
from ledger import booking, exceptions_inbox
from ledger.exceptions_inbox import OPEN, Problem
from ledger.models import DealInvoice, LedgerException

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from clients.models import Client, User

#: The stream of a deal's connection that approved invoices are documents of.
STREAM = "invoices-of-won-deals"
CAUSE = "a deal was changed after somebody decided on it"
GONE = "no longer won"


class DealError(ValueError):
    """What a person wants with a deal cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice as typed; lines in minor units of the deal's currency."""

    customer: str
    number: str
    invoiced_on: date
    due_on: date
    lines: tuple[InvoiceLine, ...]

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.lines)


def won(client: Client) -> QuerySet[Fact]:
    """The won deals as their systems tell them now, from the cut-over on, the newest first."""
    facts = Fact.objects.filter(client=client, kind=WonDeal.__name__).exclude(state=Fact.State.SUPERSEDED)
    if client.cut_over_on is not None:
        facts = facts.filter(booked_on__gte=client.cut_over_on)
    return facts.order_by("-booked_on", "-pk")


def deal_of(fact: Fact) -> WonDeal:
    record = from_json(fact.kind, fact.data)
    assert isinstance(record, WonDeal)
    return record


def decisions(client: Client, facts: Sequence[Fact]) -> dict[tuple[int, str], DealInvoice]:
    """What was decided on these deals, by connection and deal. One query."""
    rows = DealInvoice.objects.filter(client=client, deal__in=[fact.external_id for fact in facts])
    return {(row.connection_id, row.deal): row for row in rows.select_related("prepared_by", "approved_by")}


def said(deal: WonDeal) -> dict[str, Any]:
    """What of a deal its invoice follows from."""
    lines = [[line.product, line.amount] for line in deal.lines]
    return {"customer": deal.customer, "amount": deal.amount, "currency": deal.currency, "lines": lines}


@transaction.atomic
def prepare(client: Client, fact: Fact, draft: Draft, *, by: User) -> DealInvoice:
    """Keep the invoice for a second person; typed again it replaces what waits. Raises DealError."""
    deal = deal_of(fact)
    if problem := _problem(client, deal, draft):
        raise DealError(problem)
    row = _to_decide(client, fact)
    row.state, row.reason, row.based_on = DealInvoice.State.WAITING, "", said(deal)
    row.customer, row.number = draft.customer, draft.number
    row.invoiced_on, row.due_on = draft.invoiced_on, draft.due_on
    row.currency, row.amount_minor = deal.currency, draft.amount
    row.lines = [_plain(line) for line in draft.lines]
    row.prepared_by = by
    row.save()
    audit.record(client, by, "deal.prepared", str(row), {"deal": row.deal, "amount_minor": row.amount_minor})
    return row


def _problem(client: Client, deal: WonDeal, draft: Draft) -> str:
    if deal.currency.upper() != client.home_currency and deal.rate is None:
        return f"This deal is in {deal.currency} and names no rate: write its invoice in the accounting system."
    if not draft.customer.strip():
        return "An invoice needs a customer."
    if draft.due_on < draft.invoiced_on:
        return "It cannot be due before its own date."
    if not draft.lines or draft.amount <= 0:
        return "An invoice needs lines that come to more than nothing."
    halves = [line for line in draft.lines if (line.service_from is None) != (line.service_to is None)]
    return "A line earned over time needs both days." if halves else ""


def _plain(line: InvoiceLine) -> dict[str, Any]:
    return {
        "product": line.product,
        "amount": line.amount,
        "department": line.department,
        "memo": line.memo,
        "service_from": line.service_from.isoformat() if line.service_from else None,
        "service_to": line.service_to.isoformat() if line.service_to else None,
    }


def lines_of(row: DealInvoice) -> tuple[InvoiceLine, ...]:
    return tuple(
        InvoiceLine(
            amount=line["amount"],
            product=line["product"],
            department=line["department"],
            memo=line["memo"],
            service_from=date.fromisoformat(line["service_from"]) if line["service_from"] else None,
            service_to=date.fromisoformat(line["service_to"]) if line["service_to"] else None,
        )
        for line in row.lines
    )


@transaction.atomic
def dismiss(client: Client, fact: Fact, *, reason: str, by: User) -> DealInvoice:
    """No invoice is to be written of this deal; preparing one later takes it up again. Raises DealError."""
    if not reason.strip():
        raise DealError("Say why no invoice is written of it.")
    deal, row = deal_of(fact), _to_decide(client, fact)
    row.state, row.reason, row.based_on = DealInvoice.State.DISMISSED, reason.strip()[:300], said(deal)
    row.customer, row.currency, row.amount_minor = deal.customer[:200], deal.currency, deal.amount
    row.prepared_by = by
    row.save()
    audit.record(client, by, "deal.dismissed", str(row), {"deal": row.deal, "reason": row.reason})
    return row


def _to_decide(client: Client, fact: Fact) -> DealInvoice:
    """The deal's row, locked and not approved yet, or a new one. Raises DealError."""
    row = (
        DealInvoice.objects.select_for_update()
        .filter(client=client, connection=fact.connection_id, deal=fact.external_id)
        .first()
    )
    if row is not None and row.state == DealInvoice.State.APPROVED:
        raise DealError("Its invoice is approved already.")
    return row or DealInvoice(client=client, connection_id=fact.connection_id, deal=fact.external_id)


@transaction.atomic
def approve(client: Client, fact: Fact, *, by: User) -> DealInvoice:
    """A second person stands behind the invoice, which is booked and goes out now. Raises DealError."""
    row = _to_decide(client, fact)
    if row.pk is None or row.state != DealInvoice.State.WAITING:
        raise DealError("No invoice waits to be approved.")
    if row.prepared_by_id == by.pk:
        raise DealError("Whoever prepared an invoice cannot approve it.")
    if difference(row, fact):
        raise DealError("The deal was changed meanwhile: somebody has to look at its invoice again.")
    row.state, row.approved_by, row.approved_at = DealInvoice.State.APPROVED, by, datetime.now(UTC)
    row.save()
    _keep(row, deal_of(fact))
    audit.record(client, by, "deal.approved", str(row), {"deal": row.deal, "amount_minor": row.amount_minor})
    booking.book(client, connection_id=row.connection_id)
    return row


def _keep(row: DealInvoice, deal: WonDeal) -> None:
    """The invoice as a document and its fact, which keep who said what."""
    assert row.invoiced_on is not None
    record = CustomerInvoice(
        external_id=row.deal,
        booked_on=row.invoiced_on,
        currency=row.currency,
        rate=deal.rate,
        customer=row.customer,
        amount=row.amount_minor,
        lines=lines_of(row),
        number=row.number,
        due_on=row.due_on,
        memo=f"Invoice of won deal {deal.name}".strip()[:300],
    )
    body = canonical(
        {"deal": row.deal, "based_on": row.based_on, "customer": row.customer, "number": row.number, "lines": row.lines}
        | {"invoiced_on": str(row.invoiced_on), "due_on": str(row.due_on), "currency": row.currency}
        | {"prepared_by": row.prepared_by.email, "approved_by": row.approved_by.email if row.approved_by else ""}
    )
    shape = Shape(STREAM, lambda _payload: (record,), lambda _payload: row.deal)
    item = Item(row.deal, body, hashlib.sha256(body).digest(), Payload({}), facts=(record,))
    store(row.connection, shape, [item], at=datetime.now(UTC))


# ---- deals that change ---------------------------------------------------------------------------------------------------


def difference(row: DealInvoice, fact: Fact | None) -> str:
    """How the deal is another than when somebody decided on it, in words; '' where it is not."""
    if fact is None:
        return GONE
    before, now = row.based_on, said(deal_of(fact))
    names = [name for name in now if before.get(name) != now[name]]
    return ", ".join(f"another {'set of lines' if name == 'lines' else name}" for name in names)


@transaction.atomic
def leave_as_it_is(client: Client, row: DealInvoice, fact: Fact | None, *, reason: str, by: User) -> None:
    """A person looked at a changed deal: what was decided stands. Raises DealError without a reason."""
    if not reason.strip():
        raise DealError("Say why what was decided stands.")
    locked = DealInvoice.objects.select_for_update().get(pk=row.pk)
    before, locked.based_on = locked.based_on, said(deal_of(fact)) if fact is not None else {"gone": True}
    locked.save()
    detail = {"deal": row.deal, "reason": reason.strip()[:300], "before": before, "now": locked.based_on}
    audit.record(client, by, "deal.left", str(row), detail)
    exceptions_inbox.settle(client.pk, ["unknown"], [_identity(row)], resolution=reason.strip(), by=by)


def review(client: Client) -> int:
    """Ask about every deal that is another than when somebody decided on it; how many. Settles what is no question any more."""
    rows = list(DealInvoice.objects.filter(client=client).select_related("connection"))
    if not rows:
        return 0
    facts = {
        (fact.connection_id, fact.external_id): fact
        for fact in won(client).filter(external_id__in=[row.deal for row in rows])
    }
    found = []
    for row in rows:
        fact = facts.get((row.connection_id, row.deal))
        how = difference(row, fact)
        if how and not (fact is None and row.based_on.get("gone")):
            found.append(_question(row, fact, how))
    exceptions_inbox.open_problems(client.pk, found)
    asked = {problem.identity for problem in found}
    open_ = LedgerException.objects.filter(client=client, cause=CAUSE, state__in=OPEN).values_list(
        "identity", flat=True
    )
    over = [identity for identity in open_ if identity not in asked]
    exceptions_inbox.settle(client.pk, ["unknown"], over, resolution="The deal is again as it was decided on.")
    return len(found)


def _question(row: DealInvoice, fact: Fact | None, how: str) -> Problem:
    done = {"waiting": "its invoice waits", "approved": "it is invoiced", "dismissed": "it was set aside"}[row.state]
    return Problem(
        kind="unknown",
        identity=_identity(row),
        cause=CAUSE,
        title=f"Deal of {row.customer}: {how}, and {done}. Nothing was changed here.",
        source=str(row.connection),
        amount_minor=(fact.amount_minor or 0) - row.based_on.get("amount", 0) if fact else -row.amount_minor,
        booked_on=fact.booked_on if fact else row.invoiced_on,
        connection_id=row.connection_id,
        fact_id=fact.pk if fact else None,
        detail={"deal": row.pk},
    )


def _identity(row: DealInvoice) -> str:
    return f"deal:{row.connection_id}:{row.deal}"[:200]
