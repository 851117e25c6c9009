"""Facts to JSON and back, exactly: dates and times as ISO text, tuples as lists, amounts as whole numbers."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from integrations import records
from integrations.errors import PayloadError
from integrations.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable

#: Every kind of fact by its class name.
KINDS: dict[str, type[Record]] = {
    name: value
    for name, value in vars(records).items()
    if isinstance(value, type) and issubclass(value, Record) and value is not Record
}
_NAMES = {**vars(records), "date": date, "datetime": datetime}


def render(record: Record) -> bytes:
    """The record's fields as JSON text."""
    return orjson.dumps(record)


def to_json(record: Record) -> dict[str, Any]:
    """The record's fields as plain JSON values, for a JSON column."""
    fields: dict[str, Any] = orjson.loads(orjson.dumps(record))
    return fields


def from_json(kind: str, data: Any) -> Record:
    """The record of this class name. Raises PayloadError for an unknown kind, a missing field or a wrong type."""
    found = KINDS.get(kind)
    if found is None:
        raise PayloadError("$", f"{kind!r} is not a kind of fact")
    return typing.cast("Record", _build(found, data, "$"))


def _build(kind: type[Any], data: Any, path: str) -> Any:
    if not isinstance(data, dict):
        raise PayloadError(path, "expected an object")
    values = {}
    for name, (read, required) in _fields(kind).items():  # type: ignore[arg-type]
        if name in data:
            values[name] = read(data[name], f"{path}.{name}")
        elif required:
            raise PayloadError(f"{path}.{name}", "is missing")
    return kind(**values)


@cache
def _fields(kind: type[Any]) -> dict[str, tuple[Callable[[Any, str], Any], bool]]:
    hints = typing.get_type_hints(kind, localns=_NAMES)
    return {
        field.name: (
            _reader(hints[field.name]),
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    }


def _reader(hint: Any) -> Callable[[Any, str], Any]:
    """The function that reads one JSON value as this type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return _one_of(arguments)
    if origin in {typing.Union, types.UnionType}:
        (inner,) = [argument for argument in arguments if argument is not type(None)]
        return _optional(_reader(inner))
    if origin is tuple:
        if arguments[1:] == (Ellipsis,):
            return _sequence(_reader(arguments[0]))
        return _row(tuple(_reader(argument) for argument in arguments))
    if dataclasses.is_dataclass(hint):
        return lambda value, path: _build(typing.cast("type[Any]", hint), value, path)
    return _moment(hint) if hint in {date, datetime} else _plain(hint)


def _plain(hint: type) -> Callable[[Any, str], Any]:
    def read(value: Any, path: str) -> Any:
        if type(value) is not hint:
            raise PayloadError(path, f"expected {hint.__name__}")
        return value

    return read


def _moment(hint: type[date]) -> Callable[[Any, str], Any]:
    def read(value: Any, path: str) -> Any:
        try:
            return hint.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise PayloadError(path, f"expected a {hint.__name__}") from error

    return read


def _one_of(allowed: tuple[Any, ...]) -> Callable[[Any, str], Any]:
    def read(value: Any, path: str) -> Any:
        if value not in allowed:
            raise PayloadError(path, f"{value!r} is not one of {', '.join(map(str, allowed))}")
        return value

    return read


def _optional(inner: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda value, path: None if value is None else inner(value, path)


def _sequence(inner: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, list):
            raise PayloadError(path, "expected a list")
        return tuple(inner(item, f"{path}[{index}]") for index, item in enumerate(value))

    return read


def _row(inner: tuple[Callable[[Any, str], Any], ...]) -> Callable[[Any, str], Any]:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, list) or len(value) != len(inner):
            raise PayloadError(path, f"expected a list of {len(inner)}")
        return tuple(one(item, f"{path}[{index}]") for index, (one, item) in enumerate(zip(inner, value, strict=True)))

    return read
