"""Query parameters, paging and `expand` of Stripe lists (docs.stripe.com/api/pagination, /api/expanding_objects)."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from integrations.sandbox.stripe.shapes import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.datastructures import MultiDict

    from integrations.sandbox.stripe.shapes import Shape
    from integrations.sandbox.stripe.shop import Shop

MOST = 100
PAGING = frozenset({"limit", "starting_after", "ending_before", "created", "expand"})
FILTERS = {
    "balance_transaction": frozenset({"payout", "type", "source", "currency"}),
    "charge": frozenset({"customer", "payment_intent", "transfer_group"}),
    "refund": frozenset({"charge", "payment_intent"}),
    "dispute": frozenset({"charge", "payment_intent"}),
    "payout": frozenset({"status", "arrival_date", "destination"}),
    "event": frozenset({"type", "types", "delivery_success"}),
}
EXPANDABLE = frozenset({"source", "balance_transaction", "charge", "failure_balance_transaction", "payout"})


class BadParameter(Exception):  # noqa: N818  # an answer to the caller, status 400
    def __init__(self, message: str, param: str, code: str = "") -> None:
        super().__init__(message)
        self.param = param
        self.code = code


def _name(key: str) -> str:
    return key.partition("[")[0]


def check_names(args: MultiDict[str, str], allowed: frozenset[str]) -> None:
    for key in args:
        if _name(key) not in allowed:
            raise BadParameter(f"Received unknown parameter: {key}", key, "parameter_unknown")


def _integer(args: MultiDict[str, str], key: str) -> int:
    try:
        return int(args[key])
    except ValueError as error:
        raise BadParameter(f"Invalid integer: {args[key]}", key, "parameter_invalid_integer") from error


@dataclass(frozen=True, slots=True)
class Span:
    """Epoch seconds from `low` to `high`, both included."""

    low: int
    high: int

    def holds(self, value: int) -> bool:
        return self.low <= value <= self.high


def span_of(args: MultiDict[str, str], name: str) -> Span:
    """The span `name`, `name[gt]`, `name[gte]`, `name[lt]` and `name[lte]` leave."""
    low, high = 0, 2**40
    if name in args:
        low = high = _integer(args, name)
    for key in args:
        if not key.startswith(f"{name}["):
            continue
        word, value = key[len(name) + 1 : -1], _integer(args, key)
        if word not in {"gt", "gte", "lt", "lte"}:
            raise BadParameter(f"Received unknown parameter: {key}", key, "parameter_unknown")
        if word.startswith("g"):
            low = max(low, value + (word == "gt"))
        else:
            high = min(high, value - (word == "lt"))
    return Span(low, high)


def limit_of(args: MultiDict[str, str]) -> int:
    if "limit" not in args:
        return 10
    limit = _integer(args, "limit")
    if not 1 <= limit <= MOST:
        raise BadParameter(f"This value must be between 1 and {MOST}.", "limit", "parameter_invalid_integer")
    return limit


def identifier(item: Any) -> str:
    return str(item["id"] if isinstance(item, dict) else item.id)


def created_of(item: Any) -> int:
    return int(item["created"]) if isinstance(item, dict) else seconds(item.created)


class Shelf:
    """A newest-first list that finds a moment or an object in it without walking through."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self._ages = [-created_of(item) for item in items]
        self._places = {identifier(item): index for index, item in enumerate(items)}

    def page(self, args: MultiDict[str, str], admits: Callable[[Any], bool]) -> tuple[list[Any], bool]:
        """(page, has_more) under `created`, `limit`, `starting_after` and `ending_before`."""
        limit, span = limit_of(args), span_of(args, "created")
        start, end = bisect_left(self._ages, -span.high), bisect_right(self._ages, -span.low)
        after, before = args.get("starting_after"), args.get("ending_before")
        if after and before:
            raise BadParameter("You cannot provide both starting_after and ending_before.", "ending_before")
        if before:
            stop = min(end, self._place(before, "ending_before"))
            newer = list(islice(filter(admits, reversed(self.items[start:stop])), limit + 1))
            return newer[:limit][::-1], len(newer) > limit
        if after:
            start = max(start, self._place(after, "starting_after") + 1)
        found = list(islice(filter(admits, islice(self.items, start, end)), limit + 1))
        return found[:limit], len(found) > limit

    def _place(self, cursor: str, name: str) -> int:
        if cursor not in self._places:
            raise BadParameter(f"No such object: '{cursor}'", name, "resource_missing")
        return self._places[cursor]


def wanted_paths(args: MultiDict[str, str]) -> list[str]:
    return [value for key in args if _name(key) == "expand" for value in args.getlist(key)]


def expand(shop: Shop, shape: Shape, path: str) -> None:
    """Replace the id under a dotted path by its object, as far down as the path goes."""
    head, _, rest = path.partition(".")
    if head not in EXPANDABLE and not re.fullmatch(r"balance_transactions|refunds", head):
        raise BadParameter(f"This property cannot be expanded ({head}).", "expand[]")
    value = shape.get(head)
    if isinstance(value, str):
        shape[head] = value = shop.by_id(value) or value
    if rest and isinstance(value, dict):
        expand(shop, value, rest)
