"""Objects the provider no longer has, where it says so by listing all that still exist."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.db import connection as database

from integrations.models import Fact
from integrations.payload import Payload
from integrations.records import BankLineRemoved, LedgerDeletion, Record
from integrations.storing import Item, Stored, store

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from integrations.models import Connection
    from integrations.storing import Shape

MISSING = """
SELECT latest.id, latest.external_id FROM (
    SELECT DISTINCT ON (external_id) id, external_id, is_deleted FROM integrations_sourcedocument
    WHERE client_id = %(client)s AND connection_id = %(connection)s AND stream = %(stream)s
    ORDER BY external_id, version DESC
) AS latest
LEFT JOIN unnest(%(only)s::text[]) AS still (external_id) ON still.external_id = latest.external_id
WHERE still.external_id IS NULL AND NOT latest.is_deleted AND latest.external_id NOT LIKE 'unreadable:%%'
"""
#: What the provider lists and we do not hold, in the order of its own ids.
ABSENT = """
SELECT still.external_id FROM unnest(%(only)s::text[]) AS still (external_id)
WHERE NOT EXISTS (
    SELECT 1 FROM integrations_sourcedocument d WHERE d.client_id = %(client)s AND d.connection_id = %(connection)s
    AND d.stream = %(stream)s AND d.external_id = still.external_id)
ORDER BY 1
"""
#: Missing ids that are kept by name; more are counted.
NAMED = 50
BODY = b'{"deleted":true}'


def bury(connection: Connection, shape: Shape, only: Iterable[str], *, at: datetime) -> Stored:
    """Give every stored object outside ``only`` a last, deleted version, with the fact that it is gone."""
    keys: dict[str, Any] = {
        "client": connection.client_id,
        "connection": connection.pk,
        "stream": shape.stream,
        "only": list(only),
    }
    with database.cursor() as cursor:
        cursor.execute(MISSING, keys)
        gone = dict(cursor.fetchall())
    if not gone:
        return Stored()
    before: dict[int, list[Record]] = {}
    for fact in Fact.objects.filter(client_id=connection.client_id, document_id__in=list(gone)):
        removal = _removal(fact)
        if removal is not None:
            before.setdefault(fact.document_id, []).append(removal)
    items = [
        Item(
            external_id,
            BODY,
            hashlib.sha256(BODY).digest(),
            Payload({}),
            facts=tuple(before.get(document_id, ())),
            is_deleted=True,
        )
        for document_id, external_id in gone.items()
    ]
    return store(connection, shape, items, at=at)


def compare(connection: Connection, stream: str, only: Collection[str], before: Mapping[str, Any]) -> dict[str, Any]:
    """The full compare of a stream: ``there`` objects that the provider lists, ``here`` those of them that we hold, the
    ``absent`` ids, and the ``missing`` ones of them: absent ``before`` as well, so that no reading brought them.

    Fifty of them are named at most. Needs the client's context.
    """
    absent = _absent(connection, stream, only)
    earlier = set(before.get("absent", ()))
    return {
        "there": len(only),
        "here": len(only) - len(absent),
        "absent": absent[:NAMED],
        "missing": [external_id for external_id in absent if external_id in earlier][:NAMED],
    }


def confirm(connection: Connection, stream: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """The last compare, after another reading that listed nothing: what it still has not brought is missing."""
    if not before.get("absent"):
        return dict(before)
    absent = _absent(connection, stream, before["absent"])
    found = len(before["absent"]) - len(absent)
    return {**before, "here": before["here"] + found, "absent": absent, "missing": absent}


def _absent(connection: Connection, stream: str, only: Collection[str]) -> list[str]:
    keys: dict[str, Any] = {
        "client": connection.client_id,
        "connection": connection.pk,
        "stream": stream,
        "only": list(only),
    }
    with database.cursor() as cursor:
        cursor.execute(ABSENT, keys)
        return [external_id for (external_id,) in cursor.fetchall()]


def _removal(fact: Fact) -> Record | None:
    kinds: dict[str, type[Record]] = {
        "LedgerDocument": LedgerDeletion,
        "LedgerAccount": LedgerDeletion,
        "LedgerParty": LedgerDeletion,
        "BankLine": BankLineRemoved,
    }
    kind = kinds.get(fact.kind)
    if kind is None or fact.booked_on is None:
        return None
    return kind(external_id=fact.external_id, booked_on=fact.booked_on, currency=fact.currency)
