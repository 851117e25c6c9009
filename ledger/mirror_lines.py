"""The stored lines of a mirrored document: what makes two readings of it the same to the books. Pure.

A stored line is [account id, debit, credit, memo, party, department, class, department's id, class's id], and with a foreign
amount [minor units, currency, rate in millionths]; readings of before these ids were kept end with the class.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

#: Where a stored line's own fields begin that say which class and department it is on: by name, and by id.
_NAMES, _IDS = slice(5, 7), slice(7, 9)


def digest(day: date, lines: Iterable[Sequence[Any]]) -> bytes:
    """SHA-256 of a document's day and sums by account, department and class, whatever the order of lines.

    Departments and classes count by id: renaming one moves nothing.
    """
    return sha256(f"{day}|{sorted(_placed(lines, _IDS).items())}".encode()).digest()


def same(day: date, lines: Sequence[Sequence[Any]], was_on: date, before: Sequence[Sequence[Any]]) -> bool:
    """Whether two readings say the same; where the earlier one kept no ids, departments and classes count by name."""
    if day != was_on:
        return False
    part = _IDS if all(len(line) >= _IDS.stop for line in before) else _NAMES
    return _placed(lines, part) == _placed(before, part)


def _placed(lines: Iterable[Sequence[Any]], part: slice) -> dict[Any, int]:
    return sums_of(((line[0], *(*line[part], "", "")[:2]), line[1] - line[2]) for line in lines)


def foreign_of(line: Sequence[Any]) -> tuple[int, str, int] | None:
    """Minor units, currency and rate in millionths of a stored line; None for one at home."""
    told = line[_IDS.stop : _IDS.stop + 3]
    return (told[0], told[1], told[2]) if len(told) == 3 else None


def foreign_by_account(lines: Iterable[Sequence[Any]], accounts: Mapping[str, int], currency: str) -> dict[int, int]:
    """Debit − credit in minor units of a foreign currency, by our account."""
    told = ((line, foreign_of(line)) for line in lines)
    return sums_of(
        (accounts[line[0]], foreign[0] if line[1] else -foreign[0])
        for line, foreign in told
        if foreign is not None and foreign[1] == currency
    )


def by_account(lines: Iterable[Sequence[Any]], accounts: Mapping[str, int]) -> dict[int, int]:
    """Debit − credit in minor units by our account; accounts that come to nil are left out."""
    return sums_of((accounts[line[0]], line[1] - line[2]) for line in lines)


def sums_of(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    total: dict[Any, int] = {}
    for key, amount in pairs:
        total[key] = total.get(key, 0) + amount
    return {key: amount for key, amount in total.items() if amount}


def difference(after: Mapping[Any, int], before: Mapping[Any, int]) -> dict[Any, int]:
    """What moved from one to the other, by key."""
    return sums_of([*after.items(), *((key, -amount) for key, amount in before.items())])
