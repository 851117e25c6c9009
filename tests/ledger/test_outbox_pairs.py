"""Leaving out entries that were reversed before they went changes no balance, whatever became of the others."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest
from django.db import transaction

from clients.tenancy import client_context
from ledger import outbox_cancelled, posting
from ledger.models import JournalEntry, JournalLine, OutboxItem, OutboxMember

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(4))
def test_what_goes_comes_to_what_is_booked_on_every_day(standing, seed):
    """Any mix of entries, reversals, and documents in any state: leaving pairs out changes no balance on any day."""
    books, dice = standing[1], random.Random(seed)
    client, states = books.client, ["new", "sending", "posted", "rejected", "uncertain", "dropped"]
    with client_context(client.pk), transaction.atomic():
        like = OutboxItem.objects.filter(client=client).first()
        made = []
        for n in range(24):
            lines = [
                posting.Line(books.account("6310").pk, 100 + n),
                posting.Line(books.account("1010").pk, 0, 100 + n),
            ]
            made.append(posting.Entry(date(2026, 5, 1) + timedelta(n % 5), f"stripe:x:y:cancel_{n}", "sale", lines))
        ids = posting.post(client.pk, made).ids.values()
        ours = list(JournalEntry.objects.filter(pk__in=ids).order_by("pk"))
        dropped = set()
        for n, entry in enumerate(ours):
            state = dice.choice([None, None, *states])
            gone_back = dice.random() < 0.6 or state == "dropped"
            if gone_back:
                later = 0 if state == "dropped" else dice.choice([0, 0, 1])
                posting.reverse(entry, reason="Tried.", booked_on=entry.booked_on + timedelta(later))
            if state is None:
                continue
            document = OutboxItem.objects.create(
                client=client, connection=like.connection, type="JournalEntry", booked_on=entry.booked_on,
                group_key=f"entry:{entry.pk}", marker=f"T{seed}-{n}", payload="{}", payload_sha256=b"x" * 32,
                request_id=f"00000000-0000-4000-8000-{seed:04d}{n:08d}", total_minor=1, state=state,
                external_id="JournalEntry:9", approved_by=like.approved_by,
            )  # fmt: skip
            OutboxMember.objects.create(client=client, outbox=document, entry=entry)
            if state == "dropped":
                dropped.add(entry.pk)
        all_ids = set(
            JournalEntry.objects.filter(client=client, source_key__contains="cancel_").values_list("pk", flat=True)
        )
        carried = set(OutboxMember.objects.filter(entry__in=all_ids).values_list("entry_id", flat=True)) - dropped
        goes = set(outbox_cancelled.going(client).filter(pk__in=all_ids).values_list("pk", flat=True)) | carried
        assert len(goes) < len(all_ids)
        assert by_day(goes) == by_day(all_ids)


def by_day(ids):
    sums = defaultdict(int)
    for line in JournalLine.objects.filter(entry_id__in=ids):
        sums[line.booked_on, line.account_id] += line.net_minor
    return {place: net for place, net in sums.items() if net}
