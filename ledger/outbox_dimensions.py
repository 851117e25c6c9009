"""Classes and departments of what goes out, as the accounting system keeps them.

A class it does not know is an exception, and its entries wait; a department it does not know stays with us (a payroll's
departments need be no locations there). Where the company keeps neither, neither is sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db.models import F, Min, Q, Sum

from clients.tenancy import client_context
from integrations.dimensions import Dimensions
from ledger import exceptions_inbox, outbox_cancelled
from ledger.exceptions_inbox import Problem
from ledger.models import JournalLine, LedgerException

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client
    from integrations.records import LedgerDocument
    from ledger.accounting import Accounting
    from ledger.models import JournalEntry


def read(client: Client, accounting: Accounting) -> Dimensions:
    """What the system keeps now, where entries that wait name any; unknown classes become exceptions.

    Call outside a transaction. Raises RetryLater and Reconnect of the accounting system.
    """
    with client_context(client.pk):
        lines = JournalLine.objects.filter(
            client=client, entry__client=client, entry__origin__in=outbox_cancelled.OURS, entry__sent_with__isnull=True
        ).exclude(outbox_cancelled.among(client, "entry_id"))
        tagged = lines.exclude(Q(department="") & Q(klass=""))
        rows = list(
            tagged.order_by()
            .values("klass")
            .annotate(since=Min("booked_on"), amount=Sum(F("debit_minor") + F("credit_minor")))
        )
    found = accounting.books.dimensions(accounting.api) if rows else Dimensions()
    problems = [
        _problem(accounting, row["klass"], row)
        for row in rows
        if found.has_classes and _is_unknown(row["klass"], found)
    ]
    with client_context(client.pk):
        exceptions_inbox.open_problems(client.pk, problems)
        held = LedgerException.objects.filter(
            client=client, kind="refused", identity__startswith="class:", state__in=exceptions_inbox.OPEN
        )
        settled = set(held.values_list("identity", flat=True)) - {problem.identity for problem in problems}
        exceptions_inbox.settle(
            client.pk, ["refused"], settled, resolution="The class is there now, or none is asked for."
        )
    return found


def _is_unknown(klass: str, dimensions: Dimensions) -> bool:
    return bool(klass) and Dimensions.compared(klass) not in dimensions.class_ids


def unknown(entry: JournalEntry, dimensions: Dimensions) -> bool:
    """Whether a line names a class that the system does not know, though it keeps classes."""
    return dimensions.has_classes and any(_is_unknown(line.klass, dimensions) for line in entry.lines.all())


def placed(document: LedgerDocument) -> LedgerDocument:
    """The document with its one department, where its kind has none a line; departments that differ stay with us."""
    if document.type == "JournalEntry":
        return document
    departments = {line.department for line in document.lines[1:]}
    return replace(document, department=departments.pop() if len(departments) == 1 else "")


def _problem(accounting: Accounting, klass: str, row: Mapping[str, Any]) -> Problem:
    return Problem(
        kind="refused",
        identity=f"class:{Dimensions.compared(klass)}",
        cause=f"class {Dimensions.compared(klass)}",
        title=f"Class {klass}: the accounting system has no active class of this name. Make it there; its entries wait.",
        source=str(accounting.connection),
        amount_minor=row["amount"],
        booked_on=row["since"],
        connection_id=accounting.connection.pk,
        detail={"class": klass},
    )
