"""Who stands behind an edit in the accounting system, as far as the system says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.models import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clients.models import Client


def last_editors(client: Client, external_ids: Iterable[str]) -> dict[tuple[str, str, str], str]:
    """(provider, account there, ``<type>:<id>``) → who changed the document last: a name, or the system's number of the user.

    From the newest version that was read; a document that is gone has nobody, for a deletion does not say by whom. One query.
    """
    facts = Fact.objects.filter(
        client=client, kind__in=["LedgerDocument", "LedgerDeletion"], external_id__in=set(external_ids)
    ).order_by("id")
    rows = facts.values_list(
        "connection__provider", "connection__account_id", "external_id", "kind", "data__changed_by"
    )
    return {
        (provider, account, external_id): "" if kind == "LedgerDeletion" else by or ""
        for provider, account, external_id, kind, by in rows
    }


def said(system: str, by: str) -> str:
    """In words: ``in QuickBooks Online by user 42``."""
    if not by:
        return f"in {system}, which does not name the user"
    return f"in {system} by {'user ' if by.isdigit() else ''}{by}"
