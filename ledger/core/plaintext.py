"""The books as text that plain-text accounting tools read: beancount and hledger. Pure.

https://beancount.github.io/docs/beancount_language_syntax.html
https://hledger.org/hledger.html#journal
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from ledger.core.accounts import Account, AccountType

_BEANCOUNT_ROOTS: dict[AccountType, str] = {
    "asset": "Assets", "liability": "Liabilities", "equity": "Equity", "income": "Income", "expense": "Expenses",
}  # fmt: skip
_HLEDGER_ROOTS: dict[AccountType, tuple[str, str]] = {
    "asset": ("assets", "A"), "liability": ("liabilities", "L"), "equity": ("equity", "E"), "income": ("income", "R"),
    "expense": ("expenses", "X"),
}  # fmt: skip


class Posted(NamedTuple):
    """A posted entry: its number, day, who, what for, where it came from, and (account key, debits − credits) by line."""

    number: int
    on: date
    party: str
    memo: str
    source: str
    lines: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Heading:
    """Whose books, through which day, in what currency with how many decimals."""

    title: str
    through: date
    currency: str
    decimals: int = 2


def beancount_names(accounts: Iterable[Account]) -> dict[str, str]:
    """A name for each account, by key: ``Assets:1010-Operating-checking``; two that would be alike carry their key."""
    return _unique({one.key: f"{_BEANCOUNT_ROOTS[one.type]}:{_component(one)}" for one in accounts}, "-")


def hledger_names(accounts: Iterable[Account]) -> dict[str, str]:
    """A name for each account, by key: ``assets:1010 Operating checking``."""
    return _unique({one.key: f"{_HLEDGER_ROOTS[one.type][0]}:{_said(one)}" for one in accounts}, " ")


def _component(account: Account) -> str:
    """Letters, digits and dashes, beginning with a capital or a digit."""
    plain = unicodedata.normalize("NFKD", f"{account.number} {account.name}").encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")
    return words[:1].upper() + words[1:] if words else f"Account-{account.key}"


def _said(account: Account) -> str:
    """Without what the format gives a meaning: colons, comment signs, runs of spaces."""
    return _clean(re.sub(r"[:;]+", " ", f"{account.number} {account.name}")) or f"account {account.key}"


def _unique(names: Mapping[str, str], between: str) -> dict[str, str]:
    taken: dict[str, int] = {}
    for name in names.values():
        taken[name.casefold()] = taken.get(name.casefold(), 0) + 1
    return {key: f"{name}{between}{_tail(key)}" if taken[name.casefold()] > 1 else name for key, name in names.items()}


def _tail(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", key)


def _clean(text: str) -> str:
    """One line, single spaces, nothing that does not print."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def beancount(heading: Heading, accounts: Sequence[Account], entries: Iterable[Posted]) -> Iterator[str]:
    """Lines of a beancount file: accounts opened on the day of the first entry, then the entries, in order of time."""
    names = beancount_names(accounts)
    yield f'option "title" {_quoted(heading.title)}'
    yield f'option "operating_currency" "{heading.currency}"'
    yield ""
    opened = False
    for entry in entries:
        if not opened:
            yield from (f"{entry.on} open {name} {heading.currency}" for name in sorted(names.values()))
            opened = True
        yield ""
        yield f"{entry.on} * {_quoted(entry.party)} {_quoted(entry.memo)}"
        yield f'  entry: "JE-{entry.number}"'
        yield f"  source: {_quoted(entry.source)}"
        for key, raw in entry.lines:
            yield f"  {names[key]}  {_amount(raw, heading)} {heading.currency}"
    if not opened:
        yield from (f"{heading.through} open {name} {heading.currency}" for name in sorted(names.values()))


def _quoted(text: str) -> str:
    escaped = _clean(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _amount(raw: int, heading: Heading) -> str:
    return f"{Decimal(raw).scaleb(-heading.decimals):f}"


def hledger(heading: Heading, accounts: Sequence[Account], entries: Iterable[Posted]) -> Iterator[str]:
    """Lines of an hledger journal: commodity and accounts declared, so that strict checks pass, then the entries."""
    names = hledger_names(accounts)
    kinds = {one.key: _HLEDGER_ROOTS[one.type][1] for one in accounts}
    yield f"; {_clean(heading.title)}, through {heading.through}"
    sample = "1000." + "0" * heading.decimals
    yield f"commodity {sample} {heading.currency}"
    yield ""
    for key, name in sorted(names.items(), key=lambda item: item[1]):
        yield f"account {name}  ; type:{kinds[key]}"
    for entry in entries:
        yield ""
        about = " | ".join(filter(None, (_described(entry.party), _described(entry.memo))))
        yield f"{entry.on} * (JE-{entry.number}) {about}".rstrip()
        yield f"    ; source:{_described(entry.source).replace(',', ' ')}"
        for key, raw in entry.lines:
            yield f"    {names[key]}  {_amount(raw, heading)} {heading.currency}"


def _described(text: str) -> str:
    """A description: ``;`` would begin a comment, ``|`` divides who from what."""
    return _clean(re.sub(r"[;|]", ",", text))
