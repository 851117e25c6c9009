"""Printed amounts to exact decimals. Which of point and comma is the decimal mark is read from the column, never from a row."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from integrations.errors import PayloadError
from integrations.money import MoneyError, to_minor

if TYPE_CHECKING:
    from collections.abc import Iterable

_DASHES = str.maketrans({"−": "-", "–": "-", "‒": "-", "\u00a0": " ", "\u202f": " ", "’": "'", "\u2009": " "})
_CURRENCY = re.compile(r"(?:[A-Z]{1,3})?[$€£¥₹₽₺₩₪฿]|(?<![A-Za-z])(?:[A-Z]{3}|kr|zł|Kč|Ft|Fr|lei)\.?(?![A-Za-z])")
_SIDE = re.compile(r"(?i)(?<=[0-9.)])\s*(DR|CR|D|C)\.?$")
_PLAIN = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{2})?")
_CORE = re.compile(r"[0-9][0-9.,' ]*|[.,][0-9]+")
_FITS = {
    ".": re.compile(r"(?:[1-9][0-9]{0,2}(?P<s>[,' ])(?:[0-9]{2,3}(?P=s))*[0-9]{3}|[0-9]+)?(?:\.[0-9]*)?"),
    ",": re.compile(r"(?:[1-9][0-9]{0,2}(?P<s>[.' ])(?:[0-9]{2,3}(?P=s))*[0-9]{3}|[0-9]+)?(?:,[0-9]*)?"),
}
_MAXIMUM_DIGITS, _MAXIMUM_DECIMALS = 15, 10


def split_sign(text: str) -> tuple[bool | None, str] | None:
    """(is negative, bare digits) of a printed amount, the first None where no sign stands; None when it is not an amount."""
    if _PLAIN.fullmatch(text):
        return (True, text[1:]) if text[0] == "-" else (None, text)
    bare = text.translate(_DASHES).strip()
    if not bare or len(bare) > 40 or not any(character.isdigit() for character in bare):
        return None
    negative: bool | None = None
    if side := _SIDE.search(bare):
        negative = side[1].upper() in {"D", "DR"}
        bare = bare[: side.start()]
    bare = _CURRENCY.sub("", bare).strip()
    if bare.startswith("(") and bare.endswith(")"):
        negative, bare = True, bare[1:-1].strip()
    elif bare[:1] in {"+", "-"}:
        negative, bare = (bare[0] == "-") != (negative is True), bare[1:].strip()
    elif bare[-1:] in {"+", "-"}:
        negative, bare = (bare[-1] == "-") != (negative is True), bare[:-1].strip()
    return (negative, bare) if _CORE.fullmatch(bare) else None


def marks(core: str) -> str:
    """The decimal marks the digits can be read with: ``"."``, ``","``, ``".,"`` (either), or none."""
    return "".join(mark for mark, pattern in _FITS.items() if pattern.fullmatch(core))


def is_amount(text: str) -> bool:
    found = split_sign(text)
    return found is not None and bool(marks(found[1]))


def decimal_mark(texts: Iterable[str]) -> tuple[str, bool]:
    """The mark all these amounts are printed with, and whether that is certain.

    ``1.234`` alone could be one thousand; a column without any mark is certain because it does not matter.
    """
    seen: set[str] = set()
    unclear = False
    for text in texts:
        found = split_sign(text)
        if found is None:
            continue
        possible = marks(found[1])
        if len(possible) == 1:
            seen.add(possible)
        elif possible and ("." in found[1] or "," in found[1]):
            unclear = True
    if len(seen) == 1:
        return seen.pop(), True
    return ".", not seen and not unclear


def amount(text: str, mark: str, *, path: str) -> Decimal:
    """The exact signed amount. Raises PayloadError naming ``path`` when the text is not one in this notation."""
    found = split_sign(text)
    if found is None or mark not in marks(found[1]):
        raise PayloadError(path, f"{text.strip()[:40]!r} is not an amount")
    whole, _, fraction = found[1].partition(mark)
    digits = re.sub(r"[^0-9]", "", whole)
    if len(digits.lstrip("0")) > _MAXIMUM_DIGITS or len(fraction) > _MAXIMUM_DECIMALS:
        raise PayloadError(path, f"{text.strip()[:40]!r} has too many digits to be money")
    size = Decimal(f"{digits or '0'}.{fraction or '0'}")
    return -size if found[0] and size else size


def minor(value: Decimal, currency: str, *, path: str, warnings: list[str]) -> int:
    """Minor units. Surplus decimals other than zeros are rounded (half to even) and told in ``warnings``.

    A bank that prints ``115.8331`` USD still moved whole cents; refusing the file would hide all its other lines, and the
    balance check shows it when the rounding is wrong. An unknown currency raises PayloadError.
    """
    try:
        return to_minor(value, currency)
    except MoneyError as error:
        try:
            rounded = to_minor(value, currency, rounding=True)
        except MoneyError:
            raise PayloadError(path, str(error)) from error
        warnings.append(f"{path}: {error}; rounded")
        return rounded
