"""Payroll earned and unpaid at a month's end: booked on the last day, reversed on the first of the next month.

What known runs pay for is booked by itself, and again when a run changes. Days that no run is known for are estimated from the
last run if a person says so; the estimate gives way as soon as the run is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from clients import audit
from integrations.models import Connection
from ledger import mapping, payroll_proof, posting, revisions
from ledger.core.entry import DraftEntry, merge
from ledger.core.period import Month
from ledger.core.rules import Unbookable, payroll_accrual, payroll_accrual_estimate, pays_for_days
from ledger.models import JournalEntry, Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from django.db.models import QuerySet

    from clients.models import Client, User
    from integrations.records import PayrollRun
    from ledger.mapping import Mapping

PURPOSE, BACK = "accrual", "accrual-reversal"
#: Purposes of every entry an accrual leads to, those that take it back too.
PURPOSES = (PURPOSE, BACK, f"reversal:{PURPOSE}", f"reversal:{BACK}")


class AccrualError(ValueError):
    """Nothing can be estimated: every day is known, no account is mapped, or the month is closed."""


@dataclass(frozen=True, slots=True)
class Unpaid:
    """What one payroll system's runs leave unpaid at a month's end.

    ``runs`` pay after it for days before it, and ``known`` is the accrual they ask for, unless one ``is_unreadable``.
    ``estimate`` is for the days after the last of them, drawn from ``last``. ``problem`` says why one of both cannot be told.
    """

    connection: Connection
    runs: tuple[PayrollRun, ...]
    known: DraftEntry | None
    last: PayrollRun | None
    estimate: DraftEntry | None
    problem: str = ""
    is_unreadable: bool = False

    @property
    def whole(self) -> DraftEntry | None:
        """The known days and the estimated ones in one entry."""
        return _joined([entry for entry in (self.known, self.estimate) if entry])


def unpaid(client: Client, month: Month) -> list[Unpaid]:
    """The unpaid days of each payroll system that has runs, by the stored registers alone."""
    return [_unpaid(connection, runs, month) for connection, runs in _systems(client)]


def _systems(client: Client) -> list[tuple[Connection, list[PayrollRun]]]:
    """Each payroll system with its runs that pay for days and were not taken back."""
    found: dict[int, list[PayrollRun]] = {}
    for fact, run in payroll_proof.runs(client, since=client.cut_over_on):
        found.setdefault(fact.connection_id, []).append(run)
    connections = Connection.objects.filter(client=client).in_bulk(found)
    systems = []
    for pk, runs in sorted(found.items()):
        taken_back = {run.reverses for run in runs}
        kept = [run for run in runs if pays_for_days(run) and run.external_id not in taken_back]
        systems.append((connections[pk], kept))
    return systems


def _unpaid(connection: Connection, runs: Sequence[PayrollRun], month: Month) -> Unpaid:
    begun = [run for run in runs if run.period_start <= month.last]
    last = max(begun, key=lambda run: run.period_end, default=None)
    try:
        asked = [(run, entry) for run in begun if (entry := payroll_accrual(run, month.last))]
    except Unbookable as problem:
        return Unpaid(connection, (), None, last, None, problem.what, is_unreadable=True)
    known, straddling = _joined([entry for _run, entry in asked]), tuple(run for run, _entry in asked)
    if last is None or connection.state == Connection.State.DISCONNECTED:
        return Unpaid(connection, straddling, known, last, None)
    try:
        estimate = payroll_accrual_estimate(last, month.last)
    except Unbookable as problem:
        return Unpaid(connection, straddling, known, last, None, problem.what)
    return Unpaid(connection, straddling, known, last, estimate)


def _joined(entries: Sequence[DraftEntry]) -> DraftEntry | None:
    """The entries of one month's end as one; as it is where there is one."""
    if len(entries) < 2:
        return entries[0] if entries else None
    first = entries[0]
    memo = f"Pay earned and unpaid at {first.booked_on}, {len(entries)} pay periods"
    lines = merge(line for entry in entries for line in entry.lines)
    return DraftEntry(PURPOSE, first.booked_on, memo, lines, first.currency, first.reverses_on)


def key_of(connection: Connection, month: Month) -> str:
    return f"{connection.provider}:{connection.account_id}:accrual:{month}"


def standing(connection: Connection, month: Month) -> tuple[JournalEntry | None, JournalEntry | None]:
    """The accrual that stands for a month's end, and its reversal."""
    key = key_of(connection, month)
    return (
        revisions.live_entry(connection.client_id, key, PURPOSE),
        revisions.live_entry(connection.client_id, key, BACK),
    )


def is_estimated(one: Unpaid, month: Month) -> bool:
    """Whether a person accrued an estimate that still stands; its reason says from what."""
    accrual, _back = standing(one.connection, month)
    return accrual is not None and bool(accrual.reason)


def book(client: Client) -> int:
    """Book what known runs leave unpaid in every open month, with its reversal; gives how many entries are new.

    What changed since is reversed and booked anew. An accrual that a person reversed stays reversed, and an estimate stands
    until the days it stands for are known.
    """
    versions, closed, systems = mapping.load(client.pk), _closed(client), _systems(client)
    posted = 0
    for first in Period.objects.filter(client=client, state="open").values_list("month", flat=True):
        month, version = Month.of(first), versions.on(Month.of(first).last)
        if client.cut_over_on is None or first < client.cut_over_on or version is None or month.next.first in closed:
            continue
        for connection, runs in systems:
            posted += _book(_unpaid(connection, runs, month), month, version)
    return posted


def _book(one: Unpaid, month: Month, version: Mapping) -> int:
    entries = _entries(one.connection, month, one.known, version)
    if one.is_unreadable or entries is None or (one.estimate and is_estimated(one, month)):
        return 0
    return _put(one.connection, month, entries)


@transaction.atomic
def estimate(client: Client, month: Month, *, by: User) -> int:
    """Accrue the days no run is known for from the last run, beside those that are known; gives how many entries are new.

    Raises AccrualError where there is nothing to estimate, PostingError when the books refuse.
    """
    version = mapping.load(client.pk).on(month.last)
    found = [one for one in unpaid(client, month) if one.estimate]
    if not found or version is None:
        raise AccrualError("Every day of the month is known from a run, or none is.")
    if {month.first, month.next.first} & _closed(client):
        raise AccrualError(f"The books of {month.label} or of the month after are closed.")
    posted = 0
    for one in found:
        assert one.last is not None
        reason = f"Estimated from the run of {one.last.booked_on}, until the run that pays these days is known."
        entries = _entries(one.connection, month, one.whole, version, reason=reason)
        if entries is None:
            raise AccrualError("A category of this run has no account yet; see the mapping.")
        posted += _put(one.connection, month, entries, by=by)
        audit.record(client, by, "entry.posted", key_of(one.connection, month), {"reason": reason})
    return posted


def _closed(client: Client) -> set[date]:
    return set(Period.objects.filter(client=client).exclude(state="open").values_list("month", flat=True))


def _entries(
    connection: Connection, month: Month, draft: DraftEntry | None, version: Mapping, *, reason: str = ""
) -> list[posting.Entry] | None:
    """The accrual and its reversal, none where nothing is unpaid; None while an account is missing (the check says so)."""
    lines = []
    for line in draft.lines if draft else ():
        placed = version.line_for(line, connection.provider)
        if placed is None:
            return None
        lines.append(placed)
    if draft is None:
        return []
    key, mapped_by = key_of(connection, month), version.version_id
    back = [line._replace(debit=line.credit, credit=line.debit) for line in lines]
    said = f"Reversal of {draft.memo}"
    return [
        posting.Entry(month.last, key, PURPOSE, lines, memo=draft.memo, reason=reason, mapping_version_id=mapped_by),
        posting.Entry(month.next.first, key, BACK, back, memo=said, reason=reason, mapping_version_id=mapped_by),
    ]


def _put(connection: Connection, month: Month, wanted: Iterable[posting.Entry], *, by: User | None = None) -> int:
    """Let just these stand for the month's end; gives how many were posted."""
    client_id, actor, posted = connection.client_id, by.pk if by else None, 0
    entries = {entry.purpose: entry for entry in wanted}
    for purpose, stands in zip((PURPOSE, BACK), standing(connection, month), strict=True):
        entry = entries.get(purpose)
        if stands is not None and (entry is None or bytes(stands.content_sha256) != entry.digest()):
            posting.reverse(
                stands, reason="What is unpaid is known otherwise.", booked_on=stands.booked_on, actor_id=actor
            )
        elif stands is not None or entry is None or (by is None and _was_taken_away(client_id, entry)):
            continue
        if entry is not None:
            posting.post(client_id, [entry._replace(revision=_revision(client_id, entry))], actor_id=actor)
            posted += 1
    return posted


def _was_taken_away(client_id: int, entry: posting.Entry) -> bool:
    """Whether a person reversed what stood for this month's end: it is not put back behind their back."""
    newest = _versions(client_id, entry).order_by("-revision").first()
    return newest is not None and newest.reversals.filter(origin=JournalEntry.Origin.MANUAL).exists()


def _revision(client_id: int, entry: posting.Entry) -> int:
    return _versions(client_id, entry).count()


def _versions(client_id: int, entry: posting.Entry) -> QuerySet[JournalEntry]:
    return JournalEntry.objects.filter(client_id=client_id, source_key=entry.source_key, purpose=entry.purpose)
