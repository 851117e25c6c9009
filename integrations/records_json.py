"""Facts to JSON and back, exactly: dates and times as ISO text, tuples as lists, amounts as whole numbers, rates as text."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson

from integrations import records
from integrations.errors import PayloadError
from integrations.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    _Read = Callable[[Any], Any]

#: Every kind of fact by its class name.
KINDS: dict[str, type[Record]] = {
    name: value
    for name, value in vars(records).items()
    if isinstance(value, type) and issubclass(value, Record) and value is not Record
}
_NAMES = {**vars(records), "date": date, "datetime": datetime}


def render(record: Record) -> bytes:
    """The record's fields as JSON text."""
    return orjson.dumps(record, default=_text_of_rate)


def to_json(record: Record) -> dict[str, Any]:
    """The record's fields as plain JSON values, for a JSON column."""
    fields: dict[str, Any] = orjson.loads(render(record))
    return fields


def _text_of_rate(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def render_fact(record: Record) -> bytes:
    """The record's fields as JSON text, without those that stand at their default: what is kept of a fact, and read often.

    A default of a record is part of what is stored: it can be added with a new field, and never changes.
    """
    names, values, defaults = _defaults(type(record))  # type: ignore[arg-type]
    said = {name: value for name, value, plain in zip(names, values(record), defaults, strict=True) if value != plain}
    return orjson.dumps(said, default=_text_of_rate)


@cache
def _defaults(kind: type[Record]) -> tuple[tuple[str, ...], Callable[[Record], tuple[Any, ...]], tuple[Any, ...]]:
    """The names of a kind's fields, what gets their values, and their defaults (MISSING, which no value equals)."""
    fields = dataclasses.fields(kind)
    names = tuple(field.name for field in fields)
    defaults = tuple(
        field.default if field.default_factory is dataclasses.MISSING else field.default_factory() for field in fields
    )
    return names, attrgetter(*names), defaults


def from_json(kind: str, data: Any) -> Record:
    """The record of this class name. Raises PayloadError for an unknown kind, a missing field or a wrong type."""
    found = KINDS.get(kind)
    if found is None:
        raise PayloadError("$", f"{kind!r} is not a kind of fact")
    try:
        return typing.cast("Record", _build(found, data))
    except _Misread as error:
        raise PayloadError(f"${error.path}", error.said) from error


class _Misread(Exception):  # noqa: N818
    """A value that is not what its field holds; the path grows on the way out, so that reading well costs nothing for it."""

    def __init__(self, said: str, path: str = "") -> None:
        super().__init__(said)
        self.said, self.path = said, path

    def inside(self, place: str) -> _Misread:
        return _Misread(self.said, place + self.path)


def _build(kind: type[Any], data: Any) -> Any:
    if not isinstance(data, dict):
        raise _Misread("expected an object")
    readers, required = _fields(kind)  # type: ignore[arg-type]
    values = {}
    for name, value in data.items():
        read = readers.get(name)
        if read is not None:
            try:
                values[name] = read(value)
            except _Misread as error:
                raise error.inside(f".{name}") from error
    for name in required:
        if name not in values:
            raise _Misread("is missing", f".{name}")
    return kind(**values)


@cache
def _fields(kind: type[Any]) -> tuple[dict[str, _Read], tuple[str, ...]]:
    """How each field is read, and those that have no default."""
    hints, fields = typing.get_type_hints(kind, localns=_NAMES), dataclasses.fields(kind)
    required = tuple(
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
    return {field.name: _reader(hints[field.name]) for field in fields}, required


def _reader(hint: Any) -> _Read:
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
        return partial(_build, typing.cast("type[Any]", hint))
    return _SCALARS.get(hint) or _plain(hint)


def _rate(value: Any) -> Decimal:
    try:
        read = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite():
        raise _Misread("expected a decimal as text")
    return read


def _plain(hint: type) -> _Read:
    def read(value: Any) -> Any:
        if type(value) is not hint:
            raise _Misread(f"expected {hint.__name__}")
        return value

    return read


def _moment(hint: type[date]) -> _Read:
    def read(value: Any) -> Any:
        try:
            return hint.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise _Misread(f"expected a {hint.__name__}") from error

    return read


def _one_of(allowed: tuple[Any, ...]) -> _Read:
    def read(value: Any) -> Any:
        if value not in allowed:
            raise _Misread(f"{value!r} is not one of {', '.join(map(str, allowed))}")
        return value

    return read


def _optional(inner: _Read) -> _Read:
    return lambda value: None if value is None else inner(value)


def _sequence(inner: _Read) -> _Read:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            raise _Misread("expected a list")
        return _listed((inner for _item in value), value)

    return read


def _row(inner: tuple[_Read, ...]) -> _Read:
    def read(value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(inner):
            raise _Misread(f"expected a list of {len(inner)}")
        return _listed(inner, value)

    return read


def _listed(readers: Iterable[_Read], items: list[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for read, item in zip(readers, items, strict=True):
        try:
            found.append(read(item))
        except _Misread as error:
            raise error.inside(f"[{len(found)}]") from error
    return tuple(found)


_SCALARS: dict[Any, _Read] = {date: _moment(date), datetime: _moment(datetime), Decimal: _rate}
