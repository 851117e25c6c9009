"""What one pull shall cover, and the moments that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from integrations.payload import Payload

#: The client's first day may begin this much before the same day in UTC.
EASTERNMOST = timedelta(hours=14)


def earliest(day: date) -> datetime:
    """When a calendar day begins wherever it begins first."""
    return datetime.combine(day, time(), UTC) - EASTERNMOST


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """What one pull shall cover: the stored cursor ('' at first), the cut-over date, and the provider-independent now."""

    cursor: str
    since: date
    now: datetime

    @property
    def begin(self) -> datetime:
        """The earliest moment of the cut-over date."""
        return earliest(self.since)

    @property
    def reached(self) -> datetime:
        """The moment that a cursor holds where it is one. Raises PayloadError for any other cursor."""
        return Payload({"cursor": self.cursor}).instant("cursor")

    @property
    def reached_on(self) -> date:
        """The day that a cursor holds where it is one; the cut-over at first. Raises PayloadError for any other cursor."""
        return Payload({"cursor": self.cursor}).day("cursor") if self.cursor else self.since
