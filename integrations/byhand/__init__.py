"""Figures that people type, where a system has no other road: one form a kind of system, declared as data.

A form says which figures the books need, how their signs go, which sum must hold, and which facts they are. Amounts are integer
minor units of the form's currency. Pure: nothing here knows the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from integrations.records import Record

Kind = Literal["money", "text", "day", "lines"]


@dataclass(frozen=True, slots=True)
class Field:
    """One figure. ``money`` is not below nil unless ``signed``; ``lines`` are (category, amount) rows; ``help`` says the sign."""

    name: str
    label: str
    kind: Kind = "money"
    help: str = ""
    required: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, ready to be read: ``account`` names the account, lender or place, ``identity`` the thing for ever."""

    system: str
    account: str
    booked_on: date
    currency: str
    identity: str
    values: Mapping[str, Any]

    def money(self, name: str) -> int:
        return int(self.values.get(name) or 0)

    def text(self, name: str) -> str:
        return str(self.values.get(name) or "")

    def lines(self, name: str) -> list[tuple[str, int]]:
        return [(str(category), int(amount)) for category, amount in self.values.get(name) or ()]


@dataclass(frozen=True, slots=True)
class Sum:
    """What must hold: the figures ``plus`` less those of ``minus`` come to ``total``."""

    said: str
    total: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()

    def difference(self, typed: Typed) -> int:
        """Stated total less what the parts come to; a field of lines counts with its sum."""
        come = sum(_worth(typed, name) for name in self.plus) - sum(_worth(typed, name) for name in self.minus)
        return typed.money(self.total) - come


@dataclass(frozen=True, slots=True)
class Form:
    """One form. ``account`` and ``day`` are the labels of what is named and dated; ``is_monthly`` ones are due every month,
    the others when something happened. ``number`` is the field that tells apart two of the same day.
    """

    key: str
    title: str
    account: str
    day: str
    fields: tuple[Field, ...]
    read: Callable[[Typed], tuple[Record, ...]]
    evidence: str
    sums: tuple[Sum, ...] = ()
    is_monthly: bool = True
    number: str = ""

    def problems(self, typed: Typed) -> list[tuple[Sum, int]]:
        """Each sum that does not hold, with its difference in minor units."""
        return [(each, off) for each in self.sums if (off := each.difference(typed))]


def _worth(typed: Typed, name: str) -> int:
    value = typed.values.get(name)
    return sum(amount for _category, amount in typed.lines(name)) if isinstance(value, list) else typed.money(name)
