"""Telling objects of an API by their fields: bare, or beside others under a name of their own where a pull put more to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from integrations.payload import Payload


def has_fields(
    name: str, *needed: str, without: Collection[str] = (), at_most: Collection[str] = ()
) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a payload is such a thing, under its ``name`` or bare, by the fields only it has together.

    ``without`` may stand neither in it nor beside it; ``at_most``, where given, are all the fields it may have.
    """

    def recognise(raw: Mapping[str, Any]) -> bool:
        thing = raw.get(name)
        found = thing if isinstance(thing, dict) else raw
        if any(field in found or field in raw for field in without) or (at_most and set(found) - set(at_most)):
            return False
        return all(field in found for field in needed)

    return recognise


def id_in(name: str) -> Callable[[Payload], str]:
    """Identifies a thing by its own ``id``."""
    return lambda payload: payload.inside(name).text("id")


def id_of(payload: Payload) -> str:
    """Identifies a bare thing by its ``id``."""
    return payload.text("id")
