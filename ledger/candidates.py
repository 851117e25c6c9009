"""Standing entries as records that move or owe money: what suspect pairs are looked for among."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection as database

from ledger.core.pairing import Candidate

if TYPE_CHECKING:
    from datetime import date

    from clients.models import Client
    from ledger.core.pairing import Effect

#: How far back regular payments are looked at.
LOOK_BACK = timedelta(days=45)
#: Payroll runs have a gate and a proof of their own, line by line (``overlap``, ``payroll_proof``).
ELSEWHERE = ("PayrollRun",)

#: Every standing entry with a line on a money, payables or receivables account. An entry stands while the chain of reversals
#: behind it is even: not reversed, or reversed and that reversed again.
STANDING = """
WITH RECURSIVE held AS (
    SELECT e.id, e.booked_on, e.origin, e.source_key, e.fact_id, e.memo,
           sum(l.debit_minor - l.credit_minor) FILTER (WHERE a."group" IN ('bank', 'card')) AS money,
           sum(l.credit_minor) FILTER (WHERE a."group" IN ('bank', 'card')) AS paid,
           sum(l.debit_minor - l.credit_minor) FILTER (WHERE a."group" = 'payable') AS payable,
           sum(l.debit_minor - l.credit_minor) FILTER (WHERE a."group" = 'receivable') AS receivable,
           min(l.account_id) FILTER (WHERE a."group" IN ('bank', 'card') AND l.credit_minor > 0) AS paid_from,
           min(l.account_id) FILTER (WHERE a."group" IN ('bank', 'card') AND l.debit_minor > 0) AS paid_to,
           max(l.party) AS party,
           max(l.foreign_currency) AS currency, max(l.foreign_minor) AS foreign_minor
      FROM ledger_journalentry e
      JOIN ledger_journalline l ON l.client_id = e.client_id AND l.entry_id = e.id
      JOIN ledger_account a ON a.client_id = l.client_id AND a.id = l.account_id
     WHERE e.client_id = %(client)s AND e.booked_on BETWEEN %(first)s AND %(last)s AND e.reverses_id IS NULL
     GROUP BY e.id
    HAVING bool_or(a."group" IN ('bank', 'card', 'payable', 'receivable'))
), chain AS (
    SELECT id AS root, id AS tip, 0 AS depth FROM held
    UNION ALL
    SELECT c.root, r.id, c.depth + 1 FROM chain c
      JOIN ledger_journalentry r ON r.client_id = %(client)s AND r.reverses_id = c.tip
), dead AS (SELECT root FROM chain GROUP BY root HAVING max(depth) %% 2 = 1)
SELECT h.id, h.booked_on, h.origin, coalesce(h.money, 0), coalesce(h.paid, 0), coalesce(h.payable, 0),
       coalesce(h.receivable, 0), coalesce(h.paid_from, 0), coalesce(h.paid_to, 0), h.currency,
       coalesce(h.foreign_minor, 0), h.memo,
       coalesce(m.external_id, h.source_key), coalesce(m.type, f.kind, 'Manual entry'),
       coalesce(nullif(m.party, ''), nullif(h.party, ''), f.data->>'vendor', f.data->>'merchant', ''),
       coalesce(m.number, f.data->>'number', ''), coalesce(m.note, ''), coalesce(f.external_id, ''),
       coalesce(c.provider, '')
  FROM held h
  LEFT JOIN ledger_mirrordocument m
    ON m.client_id = %(client)s AND m.entry_id = h.id AND NOT m.is_deleted AND m.outbox_id IS NULL
  LEFT JOIN integrations_fact f ON f.client_id = %(client)s AND f.id = h.fact_id
  LEFT JOIN integrations_connection c ON c.client_id = %(client)s AND c.id = f.connection_id
 WHERE NOT EXISTS (SELECT FROM dead WHERE dead.root = h.id)
   AND (h.origin <> 'ledger' OR m.id IS NOT NULL)
   AND (f.kind IS NULL OR f.kind <> ALL(%(elsewhere)s))
"""


class Held(NamedTuple):
    """A standing entry as pairs see it."""

    entry_id: int
    candidate: Candidate
    origin: str
    memo: str


def standing(client: Client, first: date, last: date) -> dict[str, Held]:
    """By identity, every standing entry of these days and of ``LOOK_BACK`` before that moves or owes money."""
    given: dict[str, Any] = {
        "client": client.pk,
        "first": first - LOOK_BACK,
        "last": last,
        "elsewhere": list(ELSEWHERE),
    }
    with database.cursor() as cursor:
        cursor.execute(STANDING, given)
        rows = [_held(row) for row in cursor.fetchall()]
    return {held.candidate.id: held for held in rows if held is not None}


def _held(row: tuple[Any, ...]) -> Held | None:
    (entry_id, on, origin, money, paid, payable, receivable, paid_from, paid_to, currency, foreign, memo,
     identity, type_, party, number, note, external_id, provider) = row  # fmt: skip
    found = _effect(money, paid, payable, receivable)
    if found is None:
        return None
    effect, amount = found
    account = (paid_to if effect == "in" else paid_from) if money or paid else 0
    is_ours = origin == "source"
    candidate = Candidate(
        id=identity,
        # What is typed here and what is typed there are typed alike: only a system gives each record an identity.
        route=provider or ("bank" if is_ours else "typed"),
        on=on,
        amount=amount,
        effect=effect,
        type=type_,
        numbers_its_own=is_ours,
        currency=currency or "",
        foreign=abs(foreign),
        party=party,
        number=number,
        reference=_references(note, external_id),
        account=str(account or ""),
    )
    return Held(entry_id, candidate, origin, memo)


def _effect(money: int, paid: int, payable: int, receivable: int) -> tuple[Effect, int] | None:
    """What the entry does, and with how much: money first, what is owed where no money moves; None for neither."""
    if money:
        return ("in", money) if money > 0 else ("out", -money)
    if paid:
        return "move", paid
    if payable:
        return ("bill", -payable) if payable < 0 else ("out", payable)
    if receivable:
        return ("invoice", receivable) if receivable > 0 else ("in", -receivable)
    return None


def _references(note: str, external_id: str) -> frozenset[str]:
    """Identities another system may repeat: our record's own id, and the words of a note that are long and hold digits."""
    own = external_id.partition(":")[0]
    words = {word.strip(".,;:()[]") for word in note.split()}
    telling = {word for word in words if len(word) >= 8 and any(sign.isdigit() for sign in word)}
    return frozenset(telling | ({own} if len(own) >= 8 else set()))
