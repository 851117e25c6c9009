"""What the books of a month were made from, as hashes: every source document, every mapping rule."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import connection

from closeout.manifest import canonical, sha256
from ledger import mapping
from ledger.models import MappingVersion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clients.models import Client
    from ledger.core.period import Month
    from ledger.models import MappingRule

#: One row a connection and stream: documents that have a fact dated to the month's end, in one order, hashed together.
#: Conditions that a rule may name beside those of the first five columns.
ADDED = ("party", "product", "jurisdiction", "tender", "location", "channel")
SOURCES = """
SELECT c.provider, c.account_id, d.stream, count(*),
       encode(sha256(convert_to(string_agg(d.external_id || ':' || d.version || ':' || encode(d.sha256, 'hex'), E'\\n'
              ORDER BY d.external_id COLLATE "C", d.version), 'UTF8')), 'hex')
FROM integrations_sourcedocument d JOIN integrations_connection c ON c.id = d.connection_id
WHERE d.client_id = %(client)s AND EXISTS (
    SELECT 1 FROM integrations_fact f
    WHERE f.client_id = d.client_id AND f.document_id = d.id AND f.booked_on <= %(last)s)
GROUP BY c.provider, c.account_id, d.stream ORDER BY 1, 2, 3
"""


def sources(client: Client, month: Month) -> list[dict[str, Any]]:
    """Per connection and stream: how many source documents reach the month's end, and the hash of their hashes."""
    with connection.cursor() as cursor:
        cursor.execute(SOURCES, {"client": client.pk, "last": month.last})
        return [
            {"system": provider, "account": account, "stream": stream, "documents": count, "sha256": digest}
            for provider, account, stream, count, digest in cursor.fetchall()
        ]


def mappings(client: Client, month: Month) -> list[dict[str, Any]]:
    """Every approved or retired version in effect by the month's end, with the hash of all its rules ever signed."""
    versions = MappingVersion.objects.filter(client=client, effective_from__lte=month.last).exclude(state="draft")
    return [
        {
            "version": row.number,
            "effective_from": str(row.effective_from),
            "approved_by": row.approved_by_id,
            "sha256": sha256(canonical(_rules(row.rules(manager="every").all()))),
        }
        for row in versions.order_by("number")
    ]


def _rules(rules: Iterable[MappingRule]) -> list[list[Any]]:
    """Role and conditions, account and tags of each rule; what a rule leaves open adds nothing, so that older seals hold."""
    said: list[list[Any]] = []
    for rule in rules:
        added = [f"{name}={value}" for name in (*ADDED, *mapping.TAGS) if (value := getattr(rule, name))]
        said.append([rule.role, rule.key, rule.department, rule.provider, rule.words, rule.account_id, *added])
    return sorted(said)


@lru_cache(maxsize=1)
def code_version() -> str:
    """The program that sealed, as a hash of its own source files: the same code anywhere gives the same words."""
    root = Path(__file__).resolve().parent.parent
    files = sorted(
        path for app in ("clients", "integrations", "ledger", "closeout") for path in (root / app).rglob("*.py")
    )
    every = hashlib.sha256()
    for path in files:
        every.update(f"{path.relative_to(root)}\n".encode())
        every.update(hashlib.sha256(path.read_bytes()).digest())
    return every.hexdigest()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
