"""As much GraphQL as a caller that only reads needs: fields with arguments and variables, inline fragments, connections.

A value is a dict of fields; a field that is a function is called with its arguments. https://spec.graphql.org/October2021/
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_TOKEN = re.compile(r'\.\.\.|"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?|[A-Za-z_]\w*|[{}()\[\]:$!=]')
_TERM = re.compile(r"(\w+):(>=|<=|>|<|)'?([^'\s]+)'?")
MOST = 250
#: Counts without a limit of their own end here.
USUAL_LIMIT = 10_000


class Bad(Exception):  # noqa: N818  # an error of the answer, status 200
    """A query that cannot be answered; ``code`` as Shopify says it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Field:
    """A selected field, or with ``on`` an inline fragment."""

    name: str
    arguments: Mapping[str, Any]
    inside: tuple[Field, ...] = ()
    on: str = ""


class _Reader:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._tokens = _TOKEN.findall(text)
        self._at = 0
        self._variables = variables

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self, wanted: str = "") -> str:
        found = self.peek()
        if not found or (wanted and found != wanted):
            raise Bad("PARSE_ERROR", f"expected {wanted or 'more'}, found {found or 'the end'}")
        self._at += 1
        return found

    def document(self) -> tuple[Field, ...]:
        if self.peek() == "query":
            while self.peek() not in ("{", ""):
                self.take()
        return self.selection()

    def selection(self) -> tuple[Field, ...]:
        self.take("{")
        fields = []
        while self.peek() != "}":
            fields.append(self._field())
        self.take("}")
        return tuple(fields)

    def _field(self) -> Field:
        if self.peek() == "...":
            self.take()
            self.take("on")
            return Field("", {}, on=self.take(), inside=self.selection())
        name = self.take()
        arguments: dict[str, Any] = {}
        if self.peek() == "(":
            self.take()
            while self.peek() != ")":
                key = self.take()
                self.take(":")
                arguments[key] = self._value()
            self.take(")")
        return Field(name, arguments, self.selection() if self.peek() == "{" else ())

    def _value(self) -> Any:
        said = self.take()
        if said == "$":
            return self._variables.get(self.take())
        if said.startswith('"'):
            return said[1:-1]
        if said in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[said]
        return int(said) if said.lstrip("-").isdigit() else said


def run(text: str, variables: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """The data of the answer. Raises Bad."""
    reader = _Reader(text, variables)
    fields = reader.document()
    if reader.peek():
        raise Bad("PARSE_ERROR", f"unexpected {reader.peek()}")
    return _resolve(root, fields)


def _resolve(value: Any, fields: tuple[Field, ...]) -> Any:
    if isinstance(value, list):
        return [_resolve(one, fields) for one in value]
    if not isinstance(value, dict) or not fields:
        return value
    found: dict[str, Any] = {}
    for field in fields:
        if field.on:
            found |= _resolve(value, field.inside) if value.get("__typename") == field.on else {}
        elif field.name not in value:
            raise Bad("undefinedField", f"Field '{field.name}' doesn't exist")
        else:
            inner = value[field.name]
            found[field.name] = _resolve(inner(field.arguments) if callable(inner) else inner, field.inside)
    return found


def connection(rows: Sequence[Any], times: Mapping[str, str] | None = None) -> Callable[[Mapping[str, Any]], Any]:
    """A field that pages through rows. ``times`` are the terms of its ``query``: name → the field of a row compared with."""

    def page(arguments: Mapping[str, Any]) -> dict[str, Any]:
        first = arguments.get("first")
        if not isinstance(first, int) or not 0 < first <= MOST:
            raise Bad("BAD_REQUEST", f"first must be from 1 to {MOST}")
        wanted = [row for row in rows if _fits(row, arguments.get("query") or "", times or {})]
        start = _place(arguments.get("after"))
        end = start + first
        nodes = wanted[start:end]
        info = {"hasNextPage": end < len(wanted), "endCursor": _cursor(end) if nodes else None}
        return {"nodes": nodes, "pageInfo": info}

    return page


def counted(rows: Sequence[Any], times: Mapping[str, str]) -> Callable[[Mapping[str, Any]], Any]:
    """A field that counts what a connection of the same ``query`` pages through, up to its limit."""

    def count(arguments: Mapping[str, Any]) -> dict[str, Any]:
        limit = arguments.get("limit", USUAL_LIMIT)
        found = sum(_fits(row, arguments.get("query") or "", times) for row in rows)
        is_exact = limit is None or found <= limit
        return {"count": found if is_exact else limit, "precision": "EXACT" if is_exact else "AT_LEAST"}

    return count


def _cursor(place: int) -> str:
    return base64.b64encode(f"place:{place}".encode()).decode()


def _place(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("place:"))
    except ValueError as error:
        raise Bad("BAD_REQUEST", "invalid cursor") from error


def _fits(row: Any, query: str, times: Mapping[str, str]) -> bool:
    return all(_holds(row[times[name]], sign, wanted) for name, sign, wanted in _terms(query) if name in times)


def _terms(query: str) -> Iterator[tuple[str, str, str]]:
    for match in _TERM.finditer(query):
        yield match.group(1), match.group(2), match.group(3)


def _holds(value: str, sign: str, wanted: str) -> bool:
    left, right = datetime.fromisoformat(value), datetime.fromisoformat(wanted)
    return {">=": left >= right, "<=": left <= right, ">": left > right, "<": left < right, "": left == right}[sign]
