"""Entries made by hand (K45)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Sum

from closeout.checks.registry import Item, Result, Scope, check, many
from ledger.models import JournalEntry, SupportFile

if TYPE_CHECKING:
    from collections.abc import Container

#: Minor units of which a total is a round sum that a reader looks at twice.
ROUND_MINOR = 100_000
_SATURDAY = 5


@check("K45", area="books", title="Manual entries have support and a second person")
def manual_entries_are_backed(scope: Scope) -> Result:
    """Entries made by hand above the client's limit have a file and a second person; all are listed, odd ones marked as such."""
    entries = list(
        JournalEntry.objects.filter(
            client=scope.client, origin="manual", booked_on__range=(scope.month.first, scope.month.last)
        )
        .annotate(total=Sum("lines__debit_minor"))
        .prefetch_related("approvals")
    )
    supported = set(
        SupportFile.objects.filter(
            client=scope.client, entry__source_key__in=[entry.source_key for entry in entries]
        ).values_list("entry__source_key", flat=True)
    )
    items = tuple(_item(scope, entry, supported) for entry in entries)
    open_items = [item for item in items if item.is_open]
    return Result(
        state="fail" if open_items else "pass",
        unit="count",
        expected=len(items),
        actual=len(items) - len(open_items),
        items=items,
        evidence=scope.url("entries"),
        summary=many(len(open_items), f"# of {len(items)} lacks|lack a second person or its file.")
        if open_items
        else many(len(items), "# manual entry|entries, all backed."),
    )


def _item(scope: Scope, entry: JournalEntry, supported: Container[str]) -> Item:
    """The entry with what it lacks. A reversal undoes what stands already: its reason is its support."""
    total: int = entry.total  # type: ignore[attr-defined]
    approval = next(iter(entry.approvals.all()), None)
    is_large = total > scope.client.materiality_minor and entry.reverses_id is None
    lacks = []
    if approval is None or (is_large and approval.approved_by_id == entry.posted_by_id):
        lacks.append("no second person")
    if is_large and entry.source_key not in supported:
        lacks.append("no file supports it")
    marks = [*lacks, *_odd(scope, entry, total)]
    return Item(
        label=f"{entry.booked_on:%b} {entry.booked_on.day} {entry.memo}",
        amount=total,
        url=scope.url("entries", entry.pk),
        key=f"entry:{entry.pk}",
        is_open=bool(lacks),
        note="; ".join(filter(None, [", ".join(marks), entry.reason])),
    )


def _odd(scope: Scope, entry: JournalEntry, total: int) -> list[str]:
    """What a reviewer looks at twice: a round sum, a weekend, an entry made after the month was handed over."""
    posted = entry.posted_at.astimezone(ZoneInfo(scope.client.timezone)).date()
    prepared = scope.close.prepared_at
    return [
        said
        for said, is_so in (
            ("round sum", total >= ROUND_MINOR and total % ROUND_MINOR == 0),
            ("posted on a weekend", posted.weekday() >= _SATURDAY),
            ("posted after the month was prepared", prepared is not None and entry.posted_at > prepared),
        )
        if is_so
    ]
