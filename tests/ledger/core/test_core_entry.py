"""Draft entries: what is refused, what reversal and merging keep."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.entry import DraftEntry, DraftLine, EntryError, balances, credit, debit, merge, reversal

ON = date(2026, 3, 31)
ROLES = st.sampled_from(["clearing", "sales", "bank", "wages", "account:35"])
AMOUNTS = st.integers(-(10**9), 10**9)


@st.composite
def balanced(draw):
    """An entry of any size: random lines, closed by one line on rounding."""
    lines = []
    for _ in range(draw(st.integers(1, 8))):
        lines += debit(draw(ROLES), draw(AMOUNTS.filter(bool)), draw(st.sampled_from(["", "a", "b"])))
    rest = sum(line.raw for line in lines)
    lines += credit("rounding", rest) if rest else (*debit("fx", 1), *credit("fx", 1))
    return DraftEntry("any", ON, "", tuple(lines))


@given(balanced())
def test_entry_and_its_reversal_come_to_nil(entry):
    back = reversal(entry, date(2026, 4, 1))
    assert set(balances([entry, back]).values()) == {0}
    assert back.total == entry.total


@given(balanced(), st.randoms())
def test_order_of_lines_changes_no_balance(entry, chance):
    shuffled = list(entry.lines)
    chance.shuffle(shuffled)
    assert balances([DraftEntry("any", ON, "", tuple(shuffled))]) == balances([entry])


@given(balanced())
def test_merging_keeps_totals_and_balances(entry):
    merged = merge(entry.lines)
    assert sum(line.debit for line in merged) == entry.total
    assert sum(line.credit for line in merged) == entry.total
    again = DraftEntry("any", ON, "", merged) if len(merged) > 1 else entry
    assert balances([again]) == balances([entry])
    assert len({(line.role, line.key, line.debit > 0) for line in merged}) == len(merged)


@given(balanced(), st.integers(1, 10**6))
def test_one_changed_unit_is_refused(entry, change):
    first, *rest = entry.lines
    changed = DraftLine(first.role, first.debit and first.debit + change, first.credit and first.credit + change)
    with pytest.raises(EntryError) as refused:
        DraftEntry("any", ON, "", (changed, *rest))
    assert abs(refused.value.difference) == change


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (DraftLine("bank", 5),),
        (DraftLine("bank", 5, 5), DraftLine("sales", 0, 0)),
        (DraftLine("bank", -5), DraftLine("sales", 0, -5)),
        (DraftLine("bank", 5), DraftLine("nonsense", 0, 5)),
        (DraftLine("bank", 5), DraftLine("account:", 0, 5)),
        (DraftLine("bank", 1 << 63), DraftLine("sales", 0, 1 << 63)),
    ],
)
def test_what_is_no_entry_is_refused(lines):
    with pytest.raises(EntryError):
        DraftEntry("any", ON, "", lines)


def test_zero_makes_no_line_and_negative_turns_sides():
    assert debit("bank", 0) == credit("bank", 0) == ()
    assert debit("bank", -7) == credit("bank", 7)


def test_merging_keeps_both_sides_of_a_role_visible():
    merged = merge([*debit("clearing", 5), *credit("clearing", 2), *debit("clearing", 1)])
    assert [(line.debit, line.credit) for line in merged] == [(6, 0), (0, 2)]
