"""Money on QuickBooks' wire and in this engine: integer cents inside, plain decimal numbers outside."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import orjson


class BadAmountError(ValueError):
    """The value is no amount in whole cents."""


def cents(value: Any) -> int:
    """Cents of a JSON number read as int, Decimal or text; a binary float is refused, as is a fraction of a cent."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise BadAmountError(f"{value!r} is not an amount")
    if isinstance(value, int):
        return value * 100
    try:
        scaled = Decimal(value) * 100
        whole = int(scaled)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise BadAmountError(f"{value!r} is not an amount") from error
    if whole != scaled:
        raise BadAmountError(f"{value!r} has more than two decimals")
    return whole


def number(amount: int) -> int | Decimal:
    """The JSON number QuickBooks writes for these cents: 100, 56.5, 103.55."""
    if amount % 100 == 0:
        return amount // 100
    return Decimal(amount).scaleb(-2).normalize()


def cell(amount: int) -> str:
    """A report's money cell: always two decimals, no separators."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 100)
    return f"{sign}{whole}.{rest:02d}"


def grouped(amount: int) -> str:
    """A money cell of the detail reports, which group thousands."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 100)
    return f"{sign}{whole:,}.{rest:02d}"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"{type(value).__name__} has no place in a QuickBooks body")


def dump(body: Any) -> bytes:
    """JSON bytes; decimals become JSON numbers with their own digits."""
    return orjson.dumps(body, default=_plain)
