"""What is posted from a month on, grouped by what a mapping rule may ask for: the lines that a new mapping may move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection as database

from ledger.core.entry import DraftLine
from ledger.core.placing import NO_TRAITS, Traits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from clients.models import Client

#: LATERAL keeps to one look into an index for each line, whatever the planner knows of the tables.
GROUPS = """
SELECT month, provider, role, key, department, klass, party, channel, location, tender, product, taxed, account_id, is_kept,
       sum(net)::bigint, count(*)::int, array_agg(entry_id)
FROM (
    SELECT CASE WHEN e.purpose = 'remapped' THEN split_part(e.source_key, ':', 3)::date
                ELSE date_trunc('month', e.booked_on::timestamp)::date END AS month,
           split_part(e.source_key, ':', 1) AS provider, l.role, l.key, l.department, l.klass, l.account_id,
           e.id AS entry_id, l.debit_minor - l.credit_minor AS net,
           e.purpose = 'remapped' OR m.is_live IS NOT NULL AS is_kept,
           CASE WHEN %(party)s THEN coalesce(nullif(l.party, ''), f.data->>'vendor', f.data->>'merchant', f.data->>'customer',
                f.data->>'contractor', '') ELSE '' END AS party,
           CASE WHEN %(traits)s THEN coalesce(t.channel, f.data->>'channel', '') ELSE '' END AS channel,
           CASE WHEN %(traits)s THEN coalesce(t.location, f.data->>'location', '') ELSE '' END AS location,
           CASE WHEN %(traits)s AND t.tender IS NOT NULL THEN t.tender
                WHEN %(traits)s AND jsonb_typeof(f.data->'tenders') = 'array' AND jsonb_array_length(f.data->'tenders') = 1
                THEN coalesce(nullif(f.data->'tenders'->0->>'name', ''), replace(f.data->'tenders'->0->>'kind', '_', ' '), '')
                ELSE '' END AS tender,
           CASE WHEN %(traits)s THEN CASE WHEN t.product IS NOT NULL THEN t.product
                WHEN jsonb_array_length(jsonb_path_query_array(f.data, '$.goods[*]')) > 0
                THEN (SELECT CASE WHEN count(DISTINCT coalesce(g->>'product', '')) = 1 THEN max(coalesce(g->>'product', '')) END
                      FROM jsonb_path_query(f.data, '$.goods[*]') g)
                ELSE f.data->>'product' END END AS product,
           CASE WHEN %(traits)s THEN CASE WHEN t.jurisdiction IS NOT NULL THEN t.jurisdiction
                WHEN jsonb_array_length(jsonb_path_query_array(f.data, '$.taxes[*]')) > 0
                THEN (SELECT CASE WHEN count(DISTINCT coalesce(t->>'jurisdiction', '')) = 1
                             THEN max(coalesce(t->>'jurisdiction', '')) END FROM jsonb_path_query(f.data, '$.taxes[*]') t)
                ELSE f.data->>'jurisdiction' END END AS taxed
    FROM ledger_journalline l
    CROSS JOIN LATERAL (SELECT * FROM ledger_journalentry WHERE id = l.entry_id OFFSET 0) e
    LEFT JOIN LATERAL (
        SELECT id FROM ledger_journalentry WHERE client_id = e.client_id AND reverses_id = e.id LIMIT 1) r ON true
    LEFT JOIN LATERAL (
        SELECT is_live FROM ledger_matchmember
        WHERE client_id = e.client_id AND entry_id = e.id AND is_live LIMIT 1) m ON true
    LEFT JOIN LATERAL (
        SELECT data FROM integrations_fact
        WHERE (%(traits)s OR %(party)s) AND id = e.fact_id AND client_id = e.client_id LIMIT 1) f ON true
    LEFT JOIN LATERAL (
        SELECT * FROM ledger_movedtraits WHERE %(traits)s AND entry_id = e.id AND client_id = e.client_id) t ON true
    WHERE l.client_id = %(client)s AND l.booked_on >= date_trunc('month', %(first)s::timestamp) AND l.role = ANY(%(roles)s)
      AND e.client_id = l.client_id AND e.origin = 'source' AND e.reverses_id IS NULL
      AND (e.booked_on >= %(first)s AND e.purpose <> 'remapped'
           OR e.purpose = 'remapped' AND split_part(e.source_key, ':', 3)::date >= date_trunc('month', %(first)s::timestamp))
      AND e.source_key NOT LIKE 'bank-line:%%' AND r.id IS NULL) x
GROUP BY month, provider, role, key, department, klass, party, channel, location, tender, product, taxed, account_id, is_kept
"""


class Group(NamedTuple):
    """Posted lines alike. ``net`` is debit − credit in minor units; ``is_kept``: their entries are not reversed."""

    month: date
    provider: str
    line: DraftLine
    traits: Traits
    account_id: int
    is_kept: bool
    net: int
    lines: int
    entries: Sequence[int]


def groups(client: Client, first: date, roles: Sequence[str], *, party: bool, traits: bool) -> Iterator[Group]:
    """The lines of these roles from a day's month on; ``party`` and ``traits``: whether any rule asks for them. One query."""
    asked: dict[str, Any] = {"client": client.pk, "first": first, "roles": roles, "party": party, "traits": traits}
    with database.cursor() as cursor:
        cursor.execute(GROUPS, asked)
        for row in cursor.fetchall():
            month, provider, role, key, department, klass, name, *said, account, is_kept, net, lines, entries = row
            channel, location, tender, product, taxed = said
            line = DraftLine(role, key=key, department=department, party=name, klass=klass)
            told = Traits(channel, location, tender, "", product or "", taxed or "") if traits else NO_TRAITS
            yield Group(month, provider, line, told, account, is_kept, net, lines, entries)
