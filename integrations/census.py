"""How a system counts what it has: a list by the day objects were made, beside the one by change that is pulled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar

from integrations.errors import RetryLater

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from zoneinfo import ZoneInfo

    from integrations.provider import Api

One = TypeVar("One")
DAY = timedelta(days=1)
#: How far back a system's days may still change, unless it says otherwise: they are counted again every day.
LATE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days in the client's zone, both ends included; as instants from ``begin`` to before ``end``."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.first, time(), self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last + DAY, time(), self.zone).astimezone(UTC)

    def __iter__(self) -> Iterator[date]:
        return (self.first + DAY * number for number in range((self.last - self.first).days + 1))


@dataclass(frozen=True, slots=True)
class Listed:
    """One object as the system lists it: its external id, when it was ``made``, and its amount (minor units of its currency,
    signed as its fact is) where the list tells one.
    """

    external_id: str
    made: str
    amount: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Census:
    """``listed`` gives every object made within days, checked against the number that the system itself tells (``all_of``);
    one that tells none (``is_told``) is asked for all of them, and its list is what counts. It raises what ``Api`` raises.

    ``made`` are the keys, one inside the other, under which a stored object keeps the same moment: an ISO 8601 instant (UTC
    where it names no zone) or a date. ``*`` stands for any one key, ``**`` for any number of them; the first found counts.
    ``late`` is how long after its day an object may still come or go.
    """

    made: tuple[str, ...]
    listed: Callable[[Api, Days], Iterable[Listed]]
    is_told: bool = True
    late: timedelta = LATE

    @property
    def path(self) -> str:
        """``made`` in SQL's own path language."""
        return "$" + "".join(f".{key}" if set(key) == {"*"} else f'."{key}"' for key in self.made)


def all_of(found: list[One], told: int) -> list[One]:
    """A list that is as long as the system says. Raises RetryLater where it changed under the reader."""
    if len(found) != told:
        raise RetryLater(f"{told} were counted and {len(found)} listed", retry_after=60)
    return found
