"""By what the mirror knows a document of ours: its id, its number, or what it says while nobody answered whether it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.payload import parse_json
from ledger.models import OutboxItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client
    from integrations.models import Connection
    from integrations.records import LedgerDocument


def ours(client: Client, connection: Connection) -> dict[str, OutboxItem]:
    """What was sent (or is on its way) by id, by ``#`` and marker, and by what ``told`` gives."""
    items = OutboxItem.objects.filter(client=client, connection=connection, voids__isnull=True)
    known = {key: item for item in items for key in (item.external_id, f"#{item.marker}") if key}
    return known | _under_way(client, connection)


def _under_way(client: Client, connection: Connection) -> dict[str, OutboxItem]:
    """Documents that bear another's number (a supplier's, a customer's), while nobody answered whether they stand."""
    items = OutboxItem.objects.filter(
        client=client,
        connection=connection,
        state__in=["sending", "uncertain"],
        type__in=["Bill", "VendorCredit", "Invoice", "CreditMemo"],
        voids__isnull=True,
    )
    return {
        f"{item.type}#{parse_json(item.payload)['DocNumber']}#{item.booked_on}#{item.total_minor}": item
        for item in items
    }


def told(document: LedgerDocument, lines: Sequence[Sequence[Any]]) -> str:
    """Type, number, day and total, where no id or marker is known yet."""
    return f"{document.type}#{document.number}#{document.booked_on}#{sum(line[1] for line in lines)}"
