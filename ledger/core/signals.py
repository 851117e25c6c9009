"""What the words of a bank line tell about a book item. Banks truncate, shout and confuse O with 0."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

#: Words every bank prints; they tell nothing about who paid.
_EMPTY_WORDS = frozenset(
    (
        *("THE", "AND", "FOR", "FROM", "INC", "LLC", "LTD", "CORP", "ACH", "CCD", "PPD", "WEB", "POS", "DEBIT"),
        *("CREDIT", "CARD", "PAYMENT", "PURCHASE", "TRANSFER", "DEPOSIT", "ONLINE"),
    )
)
#: Bits of evidence one agreeing character of a truncated reference gives (about 32 letters and digits).
BITS_PER_CHARACTER = 5
_MOST_REFERENCE_BITS = 40
_BITS_PER_WORD = 4
_MOST_WORD_BITS = 12


class BankSide(NamedTuple):
    """A statement line to be matched. ``amount`` > 0 is money in; only equal ``scope`` and currency may meet."""

    id: str
    on: date
    amount: int
    text: str = ""
    reference: str = ""
    scope: str = ""
    account: str = ""


class BookSide(NamedTuple):
    """What the books expect at the bank: a payout under way, a cheque, an entry on the bank account.

    ``names`` are words the bank may print for it, ``references`` its trace or cheque numbers. ``days_before`` and
    ``days_after`` widen the date window for this item (a cheque may clear after months); None takes the run's.
    """

    id: str
    on: date
    amount: int
    names: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    scope: str = ""
    account: str = ""
    days_before: int | None = None
    days_after: int | None = None


def plain(text: str) -> str:
    """Upper case with look-alikes folded, so that both sides compare."""
    return text.upper().replace("0", "O")


@lru_cache(maxsize=4096)
def folded_name(name: str) -> str:
    """``plain`` of a name: there are few, and they are asked for with every line."""
    return plain(name)


def printed(lines: Iterable[BankSide]) -> list[str]:
    """All the bank printed on each line, ``plain``."""
    return [
        (f"{text} {reference}" if reference else text).upper().replace("0", "O")
        for _, _, _, text, reference, _, _ in lines
    ]


def has_reference(item: BookSide, text: str) -> bool:
    """One of the item's references stands whole in the line. Short ones (cheque numbers) must be a word of their own."""
    for reference in item.references:
        folded = plain(reference)
        if folded in text and (len(folded) >= 6 or folded in _words(text)):
            return True
    return False


def has_name(item: BookSide, text: str) -> bool:
    return any(folded_name(name) in text for name in item.names)


def reference_bits(item: BookSide, text: str) -> int:
    """Evidence of a reference cut off by the bank: the line's last word begins one of the item's references."""
    last = text[text.rfind(" ") + 1 :]
    if not last:
        return 0
    agreed = max((len(last) for reference in item.references if plain(reference).startswith(last)), default=0)
    return min(agreed * BITS_PER_CHARACTER, _MOST_REFERENCE_BITS)


def word_bits(item: BookSide, text: str) -> int:
    """Evidence of shared words between the item's own text and the line."""
    if not item.text:
        return 0
    shared = telling_words(_words(plain(item.text))) & telling_words(_words(text))
    return min(len(shared) * _BITS_PER_WORD, _MOST_WORD_BITS)


def telling_words(words: Iterable[str]) -> set[str]:
    return {word for word in words if len(word) > 2 and not word.isdigit() and word not in _EMPTY_WORDS}


def _words(text: str) -> list[str]:
    return "".join(character if character.isalnum() else " " for character in text).split()
