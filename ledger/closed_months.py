"""Records dated in a month that is closed: booked on the first open day, put right there, or left as the month was signed.

The date is never changed in silence: the memo names the record's own, and a person chose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from integrations.models import Fact
from integrations.records import Withdrawn
from integrations.records_json import from_json
from integrations.registry import all_providers
from ledger import booking, exceptions_inbox, mapping, posting, rates, revisions
from ledger.core.rules import drafts
from ledger.models import LedgerException
from ledger.settling import SettlingError, must_be

if TYPE_CHECKING:
    from datetime import date

    from clients.models import Client, User

#: Why an entry of a signed month is taken back in a later one.
CHANGED = "The source changed this record after its month was closed."
LEFT = "Changed after the month was signed; it stays as signed."


@transaction.atomic
def post_on_open_day(row: LedgerException, *, by: User, on: date | None = None) -> str:
    """Book a record of a closed month on a day of an open one (the first open day). Where the closed month holds an entry of
    it already, an adjustment is posted instead: its reversal and what the record says now, both on that day.

    Raises SettlingError, also for a day before the record's own or in a month that is closed.
    """
    must_be(row, LedgerException.Kind.CLOSED)
    fact = _fact(row)
    assert fact.booked_on is not None
    record = from_json(fact.kind, fact.data)
    day = open_day(row.client, fact.booked_on, on, too_early=f"It happened on {fact.booked_on}")
    try:
        with transaction.atomic():
            adjusted = (
                _withdraw(row.client, fact, record, day, by)
                if isinstance(record, Withdrawn)
                else _put(row.client, fact, day, by)
            )
    except posting.PostingError as error:
        raise SettlingError(str(error)) from error
    booking.supersede(row.client, [fact.pk])
    Fact.objects.filter(pk=fact.pk).update(state="proof" if isinstance(record, Withdrawn) else "booked", reason="")
    done = "Adjusted" if adjusted else "Posted"
    exceptions_inbox.resolve(row, by=by, resolution=f"{done} on {day} instead of {fact.booked_on}.")
    if adjusted:
        return f"Adjusted on {day:%b} {day.day}; the closed month stays as it is."
    return f"Posted on {day:%b} {day.day}, with its own date in the memo."


@transaction.atomic
def leave(row: LedgerException, *, by: User) -> str:
    """The closed month stays as it is, and the record is not asked about again. Raises SettlingError."""
    must_be(row, LedgerException.Kind.CLOSED)
    fact = _fact(row)
    Fact.objects.filter(pk=fact.pk).update(state="skipped", reason=LEFT)
    exceptions_inbox.resolve(row, by=by, resolution=LEFT, ignored=True)
    return LEFT


def _fact(row: LedgerException) -> Fact:
    fact = Fact.objects.select_related("connection").filter(client=row.client, pk=row.fact_id or 0).first()
    if fact is None or fact.booked_on is None:
        raise SettlingError("The record behind this is no longer there.")
    return fact


def _put(client: Client, fact: Fact, day: date, by: User) -> bool:
    """Post what the record says, after taking back what stands of it; whether anything stood."""
    adjusted = False
    for entry in _moved(client, fact, day):
        live = revisions.live_entry(client.pk, entry.source_key, entry.purpose)
        if live is not None:
            if bytes(live.content_sha256) == entry._replace(booked_on=live.booked_on).digest():
                continue
            posting.reverse(live, reason=CHANGED, booked_on=entry.booked_on, actor_id=by.pk)
            adjusted = True
        newest = revisions.newest_entry(client.pk, entry.source_key, entry.purpose)
        revised = entry._replace(revision=newest.revision + 1 if newest else 0)
        posting.post(client.pk, [revised], actor_id=by.pk)
    return adjusted


def _withdraw(client: Client, fact: Fact, record: Withdrawn, day: date, by: User) -> bool:
    """Take back in the open month what the source no longer says; whether anything stood."""
    key = booking.source_key(fact.connection, fact)
    standing = revisions.standing_of(client.pk, fact, record.kinds, key)
    for entry in standing:
        posting.reverse(entry, reason=revisions.NO_LONGER_SAID, booked_on=day, actor_id=by.pk)
    revisions.no_longer_counts(client.pk, fact, record.kinds)
    return bool(standing)


def open_day(client: Client, first: date, on: date | None, *, too_early: str) -> date:
    """The day asked for, from ``first`` on; the first open one where none is. Raises SettlingError."""
    if on is None:
        return booking.first_open_day(client.pk, first)
    if on < first:
        raise SettlingError(f"{too_early}; choose a later day.")
    if booking.first_open_day(client.pk, on) != on:
        raise SettlingError(f"The books of {on:%B %Y} are closed here; choose a day of an open month.")
    return on


def _moved(client: Client, fact: Fact, day: date) -> list[posting.Entry]:
    """The fact's entries on another day. Raises SettlingError for a category without an account."""
    assert fact.booked_on is not None
    provider = fact.connection.provider
    declared = all_providers().get(provider)
    version = mapping.load(client.pk).on(day)
    record = rates.Rates(client).lent(from_json(fact.kind, fact.data), client.home_currency)
    entries = []
    category = declared.category if declared else ""
    for draft in drafts(record, provider=provider, category=category, home=client.home_currency):
        lines, unmapped = mapping.Placer().lines(version, draft, record, provider)
        if unmapped is not None:
            raise SettlingError(f"No account is mapped for {unmapped.role} {unmapped.key}".strip() + ".")
        said = f"{draft.memo} (of {draft.booked_on})"
        entry = posting.Entry(
            day, booking.source_key(fact.connection, fact), draft.purpose, lines, memo=said, fact_id=fact.pk,
            mapping_version_id=version.version_id if version else None,
        )  # fmt: skip
        entries.append(entry)
    if not entries:
        raise SettlingError("This record makes no entry.")
    return entries
