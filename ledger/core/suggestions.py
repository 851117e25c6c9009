"""An account for a category without a rule, with the reason: from what the books did before and what accounts are called.

Pure, and never more than a proposal: a person takes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ledger.core import roles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.core.placing import Case

_WORD = re.compile(r"[a-z0-9]{3,}")
#: Words that tell nothing of what an account is for.
_EMPTY = frozenset({"and", "the", "for", "other", "any", "account", "payable", "expense", "expenses", "income", "new"})


class Known(NamedTuple):
    """An account of the chart as a suggestion needs it; ``type`` is one of ``AccountType``."""

    pk: int
    name: str
    type: str


class Precedent(NamedTuple):
    """What the client's books did: lines of ``role`` and ``key`` (or of ``party``) went to the account this many times."""

    account: int
    lines: int
    role: str = ""
    key: str = ""
    party: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    account: int
    reason: str


def suggest(case: Case, accounts: Sequence[Known], precedents: Iterable[Precedent]) -> Suggestion | None:
    """The best account for a case, None where nothing speaks for one.

    In this order: the same item elsewhere in the client's books, the same party, the account whose name shares most words with
    the item, the account that the category itself is called after, the only account of the category's type.
    """
    types = {account.pk: account.type for account in accounts}
    role = roles.ROLES.get(case.role)
    wanted = role.type if role else None
    fitting = [one for one in precedents if one.account in types and (wanted is None or types[one.account] == wanted)]
    return (
        _by_item(case, fitting)
        or _by_party(case, fitting)
        or _by_words(case.key, accounts, wanted, "it is called alike")
        or _by_words(role.label if role else "", accounts, wanted, "it is called like the category")
        or _only_one(accounts, wanted)
    )


def _by_item(case: Case, precedents: Sequence[Precedent]) -> Suggestion | None:
    if not case.key:
        return None
    same = [one for one in precedents if one.key.casefold() == case.key.casefold()]
    best = max(same, key=lambda one: (one.role == case.role, one.lines, -one.account), default=None)
    if best is None:
        return None
    what = "the same item" if best.role == case.role else f"“{best.key}” as {roles.label(best.role).lower()}"
    return Suggestion(best.account, f"{what} went there {_times(best.lines)}")


def _by_party(case: Case, precedents: Sequence[Precedent]) -> Suggestion | None:
    names = {name.casefold() for name in (case.party, case.key) if name}
    same = [one for one in precedents if one.party and one.party.casefold() in names]
    total = sum(one.lines for one in same)
    best = max(same, key=lambda one: (one.lines, -one.account), default=None)
    if best is None or 2 * best.lines <= total:
        return None
    return Suggestion(best.account, f"{best.party} went there {best.lines} of {total} times")


def _by_words(said: str, accounts: Sequence[Known], wanted: str | None, reason: str) -> Suggestion | None:
    words = _words(said)
    if not words:
        return None
    scored = []
    for account in accounts:
        shared = words & _words(account.name)
        if shared and (wanted is None or account.type == wanted):
            scored.append((len(shared), -len(_words(account.name)), -account.pk, account.pk))
    return Suggestion(max(scored)[-1], reason) if scored else None


def _only_one(accounts: Sequence[Known], wanted: str | None) -> Suggestion | None:
    fitting = [account for account in accounts if account.type == wanted]
    return Suggestion(fitting[0].pk, f"it is the only {wanted} account") if len(fitting) == 1 else None


def _words(text: str) -> set[str]:
    return {word.rstrip("s") for word in _WORD.findall(text.casefold())} - _EMPTY


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
