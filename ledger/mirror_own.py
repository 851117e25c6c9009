"""By what the mirror knows a document of ours: its id, its number, or what it says while nobody answered whether it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from integrations.payload import parse_json
from ledger.models import JournalLine, OutboxItem, OutboxMember

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import QuerySet

    from clients.models import Client
    from integrations.models import Connection
    from integrations.records import LedgerDocument


@dataclass(frozen=True, slots=True)
class Own:
    """Documents of ours among those that a month shows for the first time, and what each of them carried."""

    known: Mapping[str, OutboxItem]
    lines: Mapping[int, Sequence[JournalLine]]

    @classmethod
    def read(cls, client: Client, connection: Connection, documents: Iterable[LedgerDocument]) -> Own:
        """Four queries, however many documents there are."""
        ids, numbers = [], []
        for document in documents:
            ids.append(document.external_id)
            numbers.append(document.number)
        if not ids:
            return cls({}, {})
        sent = OutboxItem.objects.filter(client=client, connection=connection, voids__isnull=True)
        shown = sent.filter(Q(external_id__in=ids) | Q(marker__in=numbers)).defer("payload")
        known = {key: item for item in shown for key in (item.external_id, f"#{item.marker}") if key}
        known |= _under_way(sent)
        members = OutboxMember.objects.filter(client=client, outbox__in={item.pk for item in known.values()})
        carried_by = dict(members.values_list("entry_id", "outbox_id"))
        lines: dict[int, list[JournalLine]] = {}
        for line in JournalLine.objects.filter(client=client, entry_id__in=carried_by):
            lines.setdefault(carried_by[line.entry_id], []).append(line)
        return cls(known, lines)

    def of(self, document: LedgerDocument, lines: Sequence[Sequence[Any]]) -> OutboxItem | None:
        """The item that a document is, by its id, its number, or what it says while nobody answered whether it stands."""
        known = self.known.get(document.external_id) or self.known.get(f"#{document.number}")
        return known or self.known.get(told(document, lines))


def _under_way(sent: QuerySet[OutboxItem]) -> dict[str, OutboxItem]:
    """Documents that bear another's number (a supplier's, a customer's), while nobody answered whether they stand."""
    items = sent.filter(state__in=["sending", "uncertain"], type__in=["Bill", "VendorCredit", "Invoice", "CreditMemo"])
    return {
        f"{item.type}#{parse_json(item.payload)['DocNumber']}#{item.booked_on}#{item.total_minor}": item
        for item in items
    }


def told(document: LedgerDocument, lines: Sequence[Sequence[Any]]) -> str:
    """Type, number, day and total, where no id or marker is known yet."""
    return f"{document.type}#{document.number}#{document.booked_on}#{sum(line[1] for line in lines)}"
