"""The revisions of one identity in the journal: what stands, and what is taken back because its source no longer says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from django.db import connection as database

from integrations.models import Fact
from ledger import posting
from ledger.models import JournalEntry, RollbackMember

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from django.db.models import QuerySet

#: Why an entry was reversed, so that the source may say it again; what a person reversed is not booked anew.
NO_LONGER_SAID = "The source no longer says this."


#: Begins the reason of records whose entries were taken back in a batch, until that is posted again.
ROLLED_BACK = "Rolled back: "


class Gone(Protocol):
    """A fact ``Withdrawn`` as booking reads it."""

    @property
    def pk(self) -> int: ...
    @property
    def connection_id(self) -> int: ...
    @property
    def stream(self) -> str: ...
    @property
    def external_id(self) -> str: ...


def newest_entry(client_id: int, key: str, purpose: str) -> JournalEntry | None:
    """The last revision of an identity, reversed or not."""
    found = JournalEntry.objects.filter(client_id=client_id, source_key=key, purpose=purpose)
    return found.order_by("-revision").first()


def live_entry(client_id: int, key: str, purpose: str) -> JournalEntry | None:
    """The newest entry of an identity that no reversal undoes."""
    newest = newest_entry(client_id, key, purpose)
    if newest is None or JournalEntry.objects.filter(client_id=client_id, reverses=newest).exists():
        return None
    return newest


def live_entries(client_id: int, keys: Collection[str], *purposes: str) -> dict[str, int]:
    """The same for many identities: the entry by key, of those that one stands for."""
    found = JournalEntry.objects.filter(client_id=client_id, source_key__in=keys, purpose__in=purposes)
    newest = found.order_by("source_key", "purpose", "-revision").distinct("source_key", "purpose")
    entries = dict(newest.values_list("pk", "source_key"))
    undone = JournalEntry.objects.filter(client_id=client_id, reverses_id__in=entries)
    gone = set(undone.values_list("reverses_id", flat=True))
    return {key: entry for entry, key in entries.items() if entry not in gone}


def tip(entry: JournalEntry) -> JournalEntry | None:
    """The end of the chain of reversals behind an entry, which is what to reverse to undo it; None where it is undone.

    An entry, its reversal and the reversal of that stand as the entry does.
    """
    end, stands = entry, True
    while (undone := JournalEntry.objects.filter(client_id=entry.client_id, reverses=end).first()) is not None:
        end, stands = undone, not stands
    return end if stands else None


def taken_back(client_id: int, key: str, purpose: str) -> JournalEntry | None:
    """The newest entry of an identity, where it was reversed because the source no longer said it, or with a batch that a
    person lets be posted again.
    """
    newest = newest_entry(client_id, key, purpose)
    if newest is None:
        return None
    undone = JournalEntry.objects.filter(client_id=client_id, reverses=newest, reason=NO_LONGER_SAID)
    again = RollbackMember.objects.filter(client_id=client_id, entry=newest, rollback__undone_at__isnull=False)
    return newest if undone.exists() or again.exists() else None


def back_again(client_id: int, done: posting.PostResult) -> list[int]:
    """Entries offered that are known as they are, but were reversed: the source may have changed back to what it was."""
    if not done.known:
        return []
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT reverses_id FROM ledger_journalentry WHERE client_id = %s AND reverses_id = ANY(%s)",
            [client_id, list(done.ids.values())],
        )
        reversed_ids = {row[0] for row in cursor.fetchall()}
    return [index for index, entry_id in done.ids.items() if entry_id in reversed_ids]


def withheld(client_id: int, entries: Sequence[posting.Entry], done: posting.PostResult) -> list[int]:
    """Facts of offered entries whose identity was taken back in a batch that nobody posted again yet."""
    if not (done.known or done.changed):
        return []
    members = RollbackMember.objects.filter(
        client_id=client_id, entry_id__in=list(done.ids.values()), rollback__undone_at__isnull=True
    )
    identities = JournalEntry.objects.filter(client_id=client_id, pk__in=members.values("entry_id"))
    back = set(identities.values_list("source_key", "purpose"))
    return [entry.fact_id for entry in entries if entry.fact_id and (entry.source_key, entry.purpose) in back]


def take_back(client_id: int, fact: Gone, kinds: Collection[str], key: str, closed: Collection[date]) -> date | None:
    """Reverse what the facts of these kinds made, dated as it was, and let those facts count no more.

    Gives the day of an entry whose month is closed: nothing is touched then.
    """
    standing = standing_of(client_id, fact, kinds, key)
    for entry in standing:
        if entry.booked_on.replace(day=1) in closed:
            return entry.booked_on
    for entry in standing:
        posting.reverse(entry, reason=NO_LONGER_SAID, booked_on=entry.booked_on)
    no_longer_counts(client_id, fact, kinds)
    return None


def standing_of(client_id: int, fact: Gone, kinds: Collection[str], key: str) -> list[JournalEntry]:
    """What stands of the facts of these kinds that came before ``fact``."""
    return list(
        JournalEntry.objects.filter(
            client_id=client_id,
            source_key=key,
            fact_id__in=_before(client_id, fact, kinds).values("pk"),
            reverses__isnull=True,
            reversals__isnull=True,
        )
    )


def no_longer_counts(client_id: int, fact: Gone, kinds: Collection[str]) -> None:
    """The booked facts of these kinds before ``fact`` give way to it."""
    _before(client_id, fact, kinds).filter(state=Fact.State.BOOKED).update(state=Fact.State.SUPERSEDED)


def _before(client_id: int, fact: Gone, kinds: Collection[str]) -> QuerySet[Fact]:
    return Fact.objects.filter(
        client_id=client_id,
        connection_id=fact.connection_id,
        stream=fact.stream,
        external_id=fact.external_id,
        kind__in=kinds,
        pk__lt=fact.pk,
    )


def let_stand(
    client_id: int,
    key: str,
    purposes: Sequence[str],
    wanted: Mapping[str, posting.Entry],
    *,
    reason: str,
    actor_id: int | None = None,
) -> int:
    """Let just the wanted entries, by purpose, stand for an identity: what says otherwise is reversed on its own day.

    Gives how many were posted. Raises PostingError, PeriodClosed where a month closed meanwhile.
    """
    posted = 0
    for purpose in purposes:
        stands, entry = live_entry(client_id, key, purpose), wanted.get(purpose)
        if stands is not None and entry is not None and bytes(stands.content_sha256) == entry.digest():
            continue
        if stands is not None:
            posting.reverse(stands, reason=reason, booked_on=stands.booked_on, actor_id=actor_id)
        if entry is not None:
            last = newest_entry(client_id, key, purpose)
            posting.post(client_id, [entry._replace(revision=last.revision + 1 if last else 0)], actor_id=actor_id)
            posted += 1
    return posted
