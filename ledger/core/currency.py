"""A foreign entry in home currency, by the provider's own rate; the foreign amounts stay beside the lines."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from integrations.money import exponent, split
from ledger.core.entry import DraftEntry, DraftLine, Foreign
from ledger.core.roles import is_kept_by_system

if TYPE_CHECKING:
    from collections.abc import Sequence

_MILLION = 1_000_000


def home_value(minor: int, currency: str, home: str, rate: Decimal) -> int:
    """Minor units of ``home`` for those of ``currency`` at ``rate`` (home per unit of currency), half to even.

    Raises MoneyError for what is no currency code.
    """
    scale = exponent(home) - exponent(currency)
    return int((Decimal(minor) * rate).scaleb(scale).to_integral_value(rounding=ROUND_HALF_EVEN))


def foreign_line(line: DraftLine, value: int, currency: str, rate: Decimal) -> DraftLine:
    """The line at its home value, with its own amount, currency and rate beside it and its place kept apart by currency."""
    beside = Foreign(line.debit or line.credit, currency, int((rate * _MILLION).to_integral_value()))
    sides = (value, 0) if line.debit else (0, value)
    return line._replace(debit=sides[0], credit=sides[1], key=place(line.role, line.key, currency), foreign=beside)


def place(role: str, key: str, currency: str) -> str:
    """The key of a foreign line: a provider's accounts (clearing, in transit, reserve) are kept one to a currency."""
    return f"{key} {currency}".strip() if is_kept_by_system(role) else key


def in_home(entry: DraftEntry, home: str, rate: Decimal) -> DraftEntry | None:
    """The entry at ``rate`` home per unit of its currency; None if all of it is worth less than half a minor unit.

    Each side comes to the converted total: what rounding leaves goes to the side's largest line. Lines worth nothing fall
    out. Raises MoneyError for what is no currency code.
    """
    currency = entry.currency.upper()
    total = home_value(entry.total, currency, home, rate)
    if not total:
        return None
    worth = [0] * len(entry.lines)
    for is_debit in (True, False):
        places = [index for index, line in enumerate(entry.lines) if (line.debit > 0) == is_debit]
        amounts = [entry.lines[index].debit or entry.lines[index].credit for index in places]
        values = [home_value(amount, currency, home, rate) for amount in amounts]
        for index, value in zip(places, _summing_to(total, values, amounts), strict=True):
            worth[index] = value
    lines = tuple(
        foreign_line(line, value, currency, rate) for line, value in zip(entry.lines, worth, strict=True) if value
    )
    return replace(entry, lines=lines, currency=home)


def _summing_to(total: int, values: list[int], amounts: list[int]) -> list[int]:
    """The values with the remainder on the largest; shared anew where that one cannot bear it (many lines of one unit)."""
    largest = amounts.index(max(amounts))
    values[largest] += total - sum(values)
    return values if values[largest] >= 0 else split(total, amounts)


def own_amounts(
    nets: Sequence[int], told: Sequence[int | None], rate: Decimal, *, currency: str, home: str
) -> list[int] | None:
    """Each line's minor units of ``currency``, debit positive: as told, else its home value (``nets``) at ``rate``.

    They balance: what rounding leaves goes to the largest line that was not told. None where nothing can bear it, or a line
    would be worth nothing. Raises MoneyError for what is no currency code.
    """
    scale = exponent(currency) - exponent(home)
    found = [
        int((Decimal(net) / rate).scaleb(scale).to_integral_value(rounding=ROUND_HALF_EVEN)) if one is None else one
        for net, one in zip(nets, told, strict=True)
    ]
    if rest := sum(found):
        free = [index for index, one in enumerate(told) if one is None]
        if not free:
            return None
        largest = max(free, key=lambda index: abs(found[index]))
        found[largest] -= rest
    agree = all(one * net > 0 for one, net in zip(found, nets, strict=True))
    return found if agree else None
