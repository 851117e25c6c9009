"""Typed reading of provider JSON. Every error names the path of the field; floats are refused where money is read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from integrations.errors import PayloadError
from integrations.money import MOST_MINOR, MoneyError, to_minor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MISSING = object()
#: Places before the first digit or after it that a number may be written with: 1e999999999 would fill the memory as text.
MOST_PLACES = 400
#: Instants between these have a calendar date in every zone.
FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def parse_json(raw: bytes | str) -> Any:
    """JSON with exact numbers: decimals become ``Decimal``, never float. Raises PayloadError at ``$``."""
    if raw.lstrip()[:1] in ("<", b"<"):
        raise PayloadError("$", "XML: ask for JSON")
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise PayloadError("$", f"not JSON: {error}") from error


def render_json(value: Any) -> bytes:
    """The inverse: keys sorted, no spaces, ``Decimal`` as the exact number it is; equal values give equal bytes.

    Raises TypeError, which says why, for what has no place in JSON and for a number of more than ``MOST_PLACES`` places.
    """
    try:
        return orjson.dumps(value, default=_exact_number, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise TypeError(str(error.__cause__ or error)) from error


def _exact_number(value: object) -> Any:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no place in a request")
    if not is_writable(value):
        raise TypeError(f"{value:.6g} cannot be written out as a number")
    return orjson.Fragment(format(value, "f"))


def is_writable(number: Decimal) -> bool:
    """Whether a number can be written out digit by digit without filling the memory."""
    return number.is_finite() and abs(number.adjusted()) <= MOST_PLACES


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


@dataclass(frozen=True, slots=True)
class Payload:
    """A JSON object with its place in the document."""

    data: Mapping[str, Any]
    path: str = "$"

    @classmethod
    def of(cls, value: object, path: str = "$") -> Payload:
        if not isinstance(value, dict):
            raise PayloadError(path, f"expected an object, found {_kind(value)}")
        return cls(value, path)

    def at(self, name: str) -> str:
        return f"{self.path}.{name}"

    def has(self, name: str) -> bool:
        """Present and not null."""
        return self.data.get(name) is not None

    def raw(self, name: str, default: Any = MISSING) -> Any:
        value = self.data.get(name)
        if value is None:
            if default is MISSING:
                raise PayloadError(self.at(name), "is missing")
            return default
        return value

    def text(self, name: str, default: Any = MISSING) -> str:
        value = self.raw(name, default)
        if value is default and default is not MISSING:
            return default  # type: ignore[no-any-return]
        if not isinstance(value, str):
            raise PayloadError(self.at(name), f"expected text, found {_kind(value)}")
        return value

    def integer(self, name: str, default: Any = MISSING) -> int:
        value = self.raw(name, default)
        if value is default and default is not MISSING:
            return default  # type: ignore[no-any-return]
        if isinstance(value, bool) or not isinstance(value, int):
            raise PayloadError(self.at(name), f"expected a whole number, found {_kind(value)}")
        if abs(value) > MOST_MINOR:
            raise PayloadError(self.at(name), "is more than a ledger line holds")
        return value

    def flag(self, name: str, default: Any = MISSING) -> bool:
        value = self.raw(name, default)
        if not isinstance(value, bool):
            raise PayloadError(self.at(name), f"expected true or false, found {_kind(value)}")
        return value

    def decimal(self, name: str, default: Any = MISSING) -> Decimal:
        """A number or a decimal text, exactly as written."""
        value = self.raw(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
            raise PayloadError(self.at(name), f"expected an amount, found {_kind(value)}")
        try:
            number = Decimal(value)
        except ArithmeticError as error:
            raise PayloadError(self.at(name), f"{value!s:.60} is not an amount") from error
        if not is_writable(number):
            raise PayloadError(self.at(name), f"{value!s:.60} is not an amount")
        return number

    def minor(self, name: str, currency: str, default: Any = MISSING) -> int:
        """Minor units of a major-unit amount (number or text); more decimals than the currency has is an error."""
        try:
            return to_minor(self.decimal(name, default), currency)
        except MoneyError as error:
            raise PayloadError(self.at(name), str(error)) from error

    def currency(self, name: str) -> str:
        """A currency's three letters, in capitals."""
        code = self.text(name)
        if len(code) != 3 or not code.isascii() or not code.isalpha():
            raise PayloadError(self.at(name), f"{code[:20]!r} is not a currency code")
        return code.upper()

    def day(self, name: str, default: Any = MISSING) -> date:
        """A plain calendar date, ``YYYY-MM-DD`` (anything after the tenth character is ignored)."""
        value = self.raw(name, default)
        if isinstance(value, date):
            return value
        if not isinstance(value, str):
            raise PayloadError(self.at(name), f"expected a date, found {_kind(value)}")
        try:
            return date.fromisoformat(value[:10])
        except ValueError as error:
            raise PayloadError(self.at(name), f"{value!r} is not a date") from error

    def instant(self, name: str, default: Any = MISSING) -> datetime:
        """An ISO 8601 instant with its offset; one without is refused (its zone would be a guess)."""
        value = self.raw(name, default)
        if isinstance(value, datetime):
            return value
        if not isinstance(value, str):
            raise PayloadError(self.at(name), f"expected a time, found {_kind(value)}")
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise PayloadError(self.at(name), f"{value!r} is not a time") from error
        if moment.tzinfo is None:
            raise PayloadError(self.at(name), f"{value!r} has no time zone")
        if not FIRST < moment < LAST:
            raise PayloadError(self.at(name), f"{value!r} is beyond the calendar")
        return moment.astimezone(UTC)

    def epoch(self, name: str, default: Any = MISSING) -> datetime:
        """Unix seconds to an aware UTC instant."""
        value = self.raw(name, default)
        if isinstance(value, datetime):
            return value
        if isinstance(value, bool) or not isinstance(value, int):
            raise PayloadError(self.at(name), f"expected Unix seconds, found {_kind(value)}")
        if not FIRST.timestamp() < value < LAST.timestamp():
            raise PayloadError(self.at(name), f"{value} is not a time")
        return datetime.fromtimestamp(value, UTC)

    def object(self, name: str) -> Payload:
        return Payload.of(self.raw(name), self.at(name))

    def inside(self, name: str) -> Payload:
        """The object under a name, or this one where it stands bare."""
        return self.object(name) if isinstance(self.data.get(name), dict) else self

    def object_or_none(self, name: str) -> Payload | None:
        return self.object(name) if self.has(name) else None

    def objects(self, name: str, *, required: bool = False) -> Iterator[Payload]:
        """The objects of a list; a missing list is empty unless required."""
        value = self.raw(name) if required else self.raw(name, [])
        if not isinstance(value, list):
            raise PayloadError(self.at(name), f"expected a list, found {_kind(value)}")
        for index, item in enumerate(value):
            yield Payload.of(item, f"{self.at(name)}[{index}]")


def _kind(value: object) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "text",
        bool: "true or false",
        int: "a number",
        type(None): "nothing",
    }
    return names.get(type(value), "a number" if isinstance(value, (Decimal, float)) else type(value).__name__)
