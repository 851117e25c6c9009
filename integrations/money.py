"""Money: integer minor units of one currency. No float ever enters here.

Exponents follow ISO 4217 (zero- and three-decimal currencies listed; two is the rule). A provider that departs from ISO
(Stripe sends UGX and ISK with two zero decimals) says so in its own folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ZERO_DECIMAL = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE_DECIMAL = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
#: The largest amount in minor units, either way: what the database's bigint holds.
MOST_MINOR = (1 << 63) - 1
#: The largest amount anybody types, in minor units.
MOST_TYPED = 10**15
_MOST_DIGITS = len(str(MOST_MINOR))
#: Scaling never rounds behind our back: an amount of more digits than anybody means is refused instead.
_EXACT = Context(prec=100, traps=[InvalidOperation, Inexact])


class MoneyError(ValueError):
    """An amount that cannot be money: a float, too many decimals or digits, an unknown currency, two currencies added."""


def exponent(currency: str) -> int:
    """Decimals of a currency's minor unit: 2 for USD, 0 for JPY, 3 for KWD."""
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise MoneyError(f"{currency!r} is not a currency code")
    code = currency.upper()
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


def to_minor(amount: Decimal | str | int, currency: str, *, rounding: bool = False) -> int:
    """Minor units of a major-unit amount. More decimals than the currency has raise unless ``rounding`` (half to even).

    Trailing zeros are not decimals: ``"-30.000"`` is -3000 in USD. Raises MoneyError, also beyond ``MOST_MINOR``.
    """
    if isinstance(amount, float):
        raise MoneyError("a float is not money")
    try:
        number = Decimal(amount)
        if not number.is_finite():
            raise MoneyError(f"{_shown(amount)} is not an amount")
        # Looked at before it is written out: the digits of 1e999999999 would fill the memory.
        if number.adjusted() > _MOST_DIGITS:
            raise MoneyError(f"{_shown(amount)} is more than a ledger line holds")
        scaled = number.scaleb(exponent(currency), _EXACT)
    except ArithmeticError as error:
        raise MoneyError(f"{_shown(amount)} is not an amount") from error
    whole = scaled.to_integral_value(rounding=ROUND_HALF_EVEN)
    if abs(whole) > MOST_MINOR:
        raise MoneyError(f"{_shown(amount)} is more than a ledger line holds")
    if whole != scaled and not rounding:
        raise MoneyError(f"{_shown(amount)} has more decimals than {currency.upper()} allows")
    return int(whole)


def minor_of(text: str, currency: str = "USD") -> int | None:
    """Minor units of an amount as people type it (``1,234.50``, ``(45.00)``, ``-3``); None if it is none of the currency."""
    said = text.strip().replace(",", "").replace(" ", "").removeprefix("$")
    negative = said.startswith(("-", "−", "(")) and (not said.startswith("(") or said.endswith(")"))
    try:
        amount = Decimal(said.strip("-−()")) if negative else Decimal(said)
    except InvalidOperation:
        return None
    if not amount.is_finite():
        return None
    minor = amount.scaleb(exponent(currency.upper()))
    if minor != minor.to_integral_value() or abs(minor) > MOST_TYPED:
        return None
    return -int(minor) if negative else int(minor)


def _shown(amount: Decimal | str | int) -> str:
    """The amount as a message shows it, cut where somebody sent a novel."""
    said = str(amount)
    return said if len(said) <= 40 else f"{said[:37]}…"


def to_major(minor: int, currency: str) -> Decimal:
    """The major-unit amount, with exactly the currency's decimals."""
    places = exponent(currency)
    return Decimal(minor).scaleb(-places).quantize(Decimal(1).scaleb(-places))


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Share ``total`` minor units by ``weights``; the parts sum to the total exactly (largest remainder, first wins a tie)."""
    whole = sum(weights)
    if not weights or whole <= 0 or min(weights) < 0:
        raise MoneyError("weights must be non-negative and not all zero")
    sign, size = (-1 if total < 0 else 1), abs(total)
    shares = [size * weight // whole for weight in weights]
    remainders = [size * weight % whole for weight in weights]
    for index in sorted(range(len(weights)), key=lambda i: -remainders[i])[: size - sum(shares)]:
        shares[index] += 1
    return [sign * share for share in shares]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units with its currency; adding two currencies raises."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise MoneyError("minor units are whole numbers")
        exponent(self.currency)

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise MoneyError(f"cannot add {self.currency} and {other.currency}")
        return Money(self.minor + other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    @property
    def major(self) -> Decimal:
        return to_major(self.minor, self.currency)
