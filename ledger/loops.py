"""The loop guard: a document that was written from here, and came back as a record of a system that reads the accounting system.

It is known by its number, which nobody else gives: booking it again would double what is there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ledger.models import OutboxItem

if TYPE_CHECKING:
    from clients.models import Client
    from integrations.records import Record

#: How ``outbox.marker_for`` writes a number: two letters, the day, the first entry's id in base 32.
_is_marker = re.compile(r"[A-Z]{2}\d{6}-[A-Z2-7]{2,13}").fullmatch


class Guard:
    """Whether records of a client are documents of ours; the database is asked only for numbers of our own form."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, bool] = {}

    def came_back(self, record: Record) -> str:
        """Why the record is not booked, as the reason it is skipped with; '' for one that others made."""
        number = getattr(record, "number", "")
        if not number or not _is_marker(number):
            return ""
        if number not in self._known:
            self._known[number] = OutboxItem.objects.filter(client=self._client, marker=number).exists()
        return f"written from here: document {number} came back" if self._known[number] else ""
