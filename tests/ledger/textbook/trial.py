"""Trial balances of draft entries for the worked cases: role (and key) → amount in major units, debit positive."""

from __future__ import annotations

from datetime import date
from decimal import Decimal


def minor(text):
    """Minor units of a two-decimal figure as a textbook prints it: ``"27,509.23"``."""
    return int(Decimal(text.replace(",", "")).scaleb(2))


def trial(*entries, keyed=False):
    """Balance by role (or role:key) over all entries as printed figures; roles at nil are left out."""
    sums = {}
    for entry in entries:
        for line in entry.lines:
            place = f"{line.role}:{line.key}" if keyed and line.key else line.role
            sums[place] = sums.get(place, 0) + line.debit - line.credit
    assert sum(sums.values()) == 0
    return {place: f"{Decimal(amount).scaleb(-2):.2f}" for place, amount in sums.items() if amount}


def lines(entry):
    """The entry as a textbook sets it: (role, debit, credit) in order, figures as printed, '' for the empty side."""

    def said(amount):
        return f"{Decimal(amount).scaleb(-2):.2f}" if amount else ""

    return [(line.role, said(line.debit), said(line.credit)) for line in entry.lines]


def fact(kind, currency="USD", on=date(2026, 3, 2), /, **fields):
    """A record of this kind; money is given in minor units."""
    return kind(external_id="x1", booked_on=on, currency=currency, **fields)


def sides(entry):
    """The entry as printed, with keys: ``"clearing[till] Dr 40.00"``, in order."""
    return [
        f"{line.role}{f'[{line.key}]' if line.key else ''} {'Dr' if line.debit else 'Cr'} "
        f"{Decimal(line.debit or line.credit).scaleb(-2):.2f}"
        for line in entry.lines
    ]
