"""What `/transactions/sync` says: a snapshot first, then what changed since the cursor.

https://plaid.com/docs/api/products/transactions/#transactionssync
A pending line that posts is a removal and a new id that names the old one as `pending_transaction_id`.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from integrations.sandbox.plaid.shapes import account_id, transaction_id, transaction_shape
from integrations.sandbox.world.calendar import HORIZON

if TYPE_CHECKING:
    from integrations.sandbox.plaid.items import Item
    from integrations.sandbox.world.journal import Movement

NOTHING = date(1970, 1, 1)


class BadCursor(Exception):  # noqa: N818  # an answer to the caller, status 400
    pass


class Mutated(Exception):  # noqa: N818  # an answer to the caller, status 400
    """The data changed between two pages of one loop."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Changes after `since` up to `until`, of which the first `offset` were delivered; a finished loop has
    `since` = `until` and offset 0.
    """

    since: date
    until: date
    offset: int
    generation: int

    def text(self) -> str:
        parts = [self.since.isoformat(), self.until.isoformat(), self.offset, self.generation]
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def read_cursor(text: str, item: Item) -> Cursor:
    """Raises BadCursor, and Mutated for the middle of a loop that was overtaken by other data."""
    if not text:
        return Cursor(NOTHING, item.today, 0, item.generation)
    try:
        since, until, offset, generation = json.loads(base64.urlsafe_b64decode(text.encode()))
        cursor = Cursor(date.fromisoformat(since), date.fromisoformat(until), int(offset), int(generation))
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadCursor(text) from error
    if cursor.offset == 0:
        return Cursor(cursor.since, item.today, 0, item.generation)
    if cursor.generation != item.generation:
        raise Mutated(text)
    return cursor


@dataclass(frozen=True, slots=True)
class Change:
    kind: str  # "added" or "removed"
    body: dict[str, Any]


def _seen_pending(line: Movement, day: date) -> bool:
    return line.pending_from is not None and line.pending_from <= day < line.posted_on


def _of_line(item: Item, line: Movement, since: date, until: date) -> list[Change]:
    """What a caller who knew the state at `since` must be told about one line at `until`."""
    changes = []
    was_pending, is_pending = _seen_pending(line, since), _seen_pending(line, until)
    if was_pending and not is_pending:
        gone = {
            "transaction_id": transaction_id(item, line, pending=True),
            "account_id": account_id(item, line.account),
        }
        changes.append(Change("removed", gone))
    if is_pending and not was_pending:
        changes.append(Change("added", transaction_shape(item, line, pending=True)))
    if since < line.posted_on <= until:
        changes.append(Change("added", transaction_shape(item, line, pending=False)))
    return changes


def changes_between(item: Item, lines: tuple[Movement, ...], since: date, until: date) -> list[Change]:
    oldest = HORIZON - timedelta(days=item.days_requested)
    return [
        change
        for line in lines
        if (line.pending_from or line.posted_on) <= until and line.posted_on >= oldest and line.posted_on > since
        for change in _of_line(item, line, since, until)
    ]


def standing(item: Item, lines: tuple[Movement, ...]) -> list[dict[str, Any]]:
    """Every line as it stands today, posted or pending."""
    return [change.body for change in changes_between(item, lines, NOTHING, item.today) if change.kind == "added"]


def sync(item: Item, lines: tuple[Movement, ...], text: str, count: int) -> dict[str, Any]:
    """One page: added, modified, removed, next_cursor, has_more. Raises BadCursor or Mutated."""
    cursor = read_cursor(text, item)
    changes = changes_between(item, lines, cursor.since, cursor.until)
    page = changes[cursor.offset : cursor.offset + count]
    more = len(changes) > cursor.offset + count
    if more:
        following = Cursor(cursor.since, cursor.until, cursor.offset + count, cursor.generation)
    else:
        following = Cursor(cursor.until, cursor.until, 0, cursor.generation)
    return {
        "added": [change.body for change in page if change.kind == "added"],
        "modified": [],
        "removed": [change.body for change in page if change.kind == "removed"],
        "next_cursor": following.text(),
        "has_more": more,
    }
