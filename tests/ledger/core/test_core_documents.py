"""Gathering a processor's rows into documents: no choice of modes, payouts or days doubles, loses or moves anything."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.core.documents import NEXT_PAYOUT, Choice, Group, Move, Row, mode_on, plan, shown
from ledger.core.period import Month

JANUARY = date(2026, 1, 1)
LATER = date(2026, 12, 31)
MODES = st.sampled_from(["event", "day", "payout"])
DAYS = st.integers(0, 100).map(lambda days: JANUARY + timedelta(days))
CHOICES = st.lists(st.builds(Choice, DAYS, st.integers(0, 9), MODES), max_size=5)
CLEARING, TRANSIT, SALES, FEES = 1, 2, 3, 4


@st.composite
def accounts(draw):
    """(rows, moves by entry) of two processor accounts whose modes change as they like."""
    rows, moves = [], {}
    for entry, (account, day, amount, fee, is_payout) in enumerate(
        draw(
            st.lists(
                st.tuples(
                    st.sampled_from(["stripe:a", "square:b"]),
                    DAYS,
                    st.integers(1, 90_000),
                    st.integers(1, 90),
                    st.booleans(),
                ),
                max_size=14,
            )
        ),
        1,
    ):
        channel = "" if is_payout else ("online", "shop", "")[amount % 3]
        rows.append(Row(entry, day, account, channel, "day", f"po_{entry}" if is_payout else ""))
        moves[entry] = (
            [Move(TRANSIT, amount), Move(CLEARING, -amount, is_clearing=True)]
            if is_payout
            else [Move(CLEARING, amount, is_clearing=True), Move(FEES, fee), Move(SALES, -amount - fee)]
        )
    chosen = draw(CHOICES)
    return [row._replace(mode=mode_on(chosen, row.day)) for row in rows], moves


def totals(pairs):
    """(account, month) → debit − credit of (day, account, amount) triples, without those that come to nil."""
    sums = defaultdict(int)
    for day, account, amount in pairs:
        sums[account, Month.of(day)] += amount
    return {place: amount for place, amount in sums.items() if amount}


def written(groups, moves):
    """What the documents say, as (day, account, debit − credit)."""
    for group in groups:
        lines = shown((move for entry in group.entries for move in moves[entry]), settles=group.settles)
        for (account, is_debit), amount in lines.items():
            yield group.day, account, amount if is_debit else -amount


def of_rows(rows, moves):
    return [(row.day, move.account, move.amount) for row in rows for move in moves[row.entry]]


def entries_of(groups):
    return sorted(entry for group in groups for entry in group.entries)


@given(accounts())
def test_whatever_the_modes_each_row_goes_out_once_and_no_month_of_any_account_moves(scene):
    rows, moves = scene
    done = plan(rows, today=LATER)
    assert done.waiting == ()
    assert entries_of(done.groups) == sorted(moves)
    assert totals(written(done.groups, moves)) == totals(of_rows(rows, moves))


@given(accounts(), DAYS)
def test_on_any_day_each_row_goes_or_waits_and_never_both(scene, today):
    rows, moves = scene
    done = plan(rows, today=today)
    assert entries_of([*done.groups, *done.waiting]) == sorted(moves)
    for waits in done.waiting:
        assert waits.reason == NEXT_PAYOUT
        assert all(rows[entry - 1].mode == "payout" for entry in waits.entries)


@given(accounts(), st.randoms(use_true_random=False))
def test_the_order_in_which_rows_come_says_nothing(scene, random):
    rows, _moves = scene
    mixed = list(rows)
    random.shuffle(mixed)
    assert plan(mixed, today=LATER) == plan(rows, today=LATER)


@given(accounts(), st.lists(DAYS, min_size=1, max_size=4), st.data())
def test_sending_again_and_again_while_rows_still_arrive_keeps_every_total(scene, days, data):
    rows, moves = scene
    arrivals = {row.entry: data.draw(st.integers(0, len(days) - 1)) for row in rows}
    sent: dict[int, str] = {}
    groups: list[Group] = []
    for turn, today in enumerate([*sorted(days), LATER]):
        here = [row for row in rows if arrivals[row.entry] <= turn and row.entry not in sent]
        again = plan(here, today=today)
        assert again == plan(here, today=today), "the same again is the same"
        groups += again.groups
        sent |= {entry: group.key for group in again.groups for entry in group.entries}
    assert entries_of(groups) == sorted(moves)
    assert totals(written(groups, moves)) == totals(of_rows(rows, moves))


@given(accounts(), CHOICES)
def test_a_mode_changed_between_two_sendings_neither_doubles_nor_leaves_out(scene, afterwards):
    rows, moves = scene
    first = plan(rows, today=date(2026, 2, 10))
    gone = set(entries_of(first.groups))
    left = [row._replace(mode=mode_on(afterwards, row.day)) for row in rows if row.entry not in gone]
    groups = [*first.groups, *plan(left, today=LATER).groups]
    assert entries_of(groups) == sorted(moves)
    assert totals(written(groups, moves)) == totals(of_rows(rows, moves))


@given(accounts())
def test_a_group_never_leaves_the_month_of_its_rows(scene):
    rows, _moves = scene
    for group in plan(rows, today=LATER).groups:
        assert {Month.of(rows[entry - 1].day) for entry in group.entries} == {Month.of(group.day)}
        assert all(rows[entry - 1].day <= group.day for entry in group.entries)


@given(accounts())
def test_a_settlement_shows_the_deposit_to_the_cent(scene):
    """Dr in transit is the payout, and the clearing account moves by what is not settled yet, on one side only."""
    rows, moves = scene
    for group in plan(rows, today=LATER).groups:
        if not group.settles:
            continue
        payouts = [entry for entry in group.entries if rows[entry - 1].payout]
        lines = shown((move for entry in group.entries for move in moves[entry]), settles=True)
        assert lines.get((TRANSIT, True), 0) == sum(moves[entry][0].amount for entry in payouts)
        assert len(payouts) <= 1
        assert not ((CLEARING, True) in lines and (CLEARING, False) in lines)


def sale(entry, day, amount, fee=3):
    row = Row(entry, date(2026, *day), "stripe:a", mode="payout")
    return row, [Move(CLEARING, amount - fee, is_clearing=True), Move(FEES, fee), Move(SALES, -amount)]


def payout(entry, day, amount, number="po_1"):
    row = Row(entry, date(2026, *day), "stripe:a", mode="payout", payout=number)
    return row, [Move(TRANSIT, amount), Move(CLEARING, -amount, is_clearing=True)]


def test_a_settlement_over_a_months_end_is_two_entries_with_the_balance_carried_forward():
    """Jan 30 sale 103 (fee 3), Feb 1 sale 53 (fee 3), Feb 2 payout 150.

    Jan 31: Dr clearing 100, Dr fees 3; Cr sales 103.
    Feb 2:  Dr in transit 150, Dr fees 3; Cr sales 53, Cr clearing 100.
    """
    given = [sale(1, (1, 30), 103), sale(2, (2, 1), 53), payout(3, (2, 2), 150)]
    moves = {row.entry: lines for row, lines in given}
    carried, settled = plan([row for row, _ in given], today=date(2026, 2, 3)).groups
    assert (carried.day, carried.entries) == (date(2026, 1, 31), (1,))
    assert shown(moves[1], settles=True) == {(CLEARING, True): 100, (FEES, True): 3, (SALES, False): 103}
    assert (settled.day, settled.entries, settled.key) == (date(2026, 2, 2), (2, 3), "stripe:a#po_1")
    lines = shown([*moves[2], *moves[3]], settles=True)
    assert lines == {(TRANSIT, True): 150, (FEES, True): 3, (SALES, False): 53, (CLEARING, False): 100}


def test_what_no_payout_took_goes_at_the_months_end_and_not_before():
    row, _lines = sale(1, (1, 30), 103)
    waits = plan([row], today=date(2026, 1, 31))
    assert (waits.groups, waits.waiting[0].reason) == ((), NEXT_PAYOUT)
    assert plan([row], today=date(2026, 2, 1)).groups[0].day == date(2026, 1, 31)


def test_a_held_payout_waits_with_its_rows_and_its_reason_and_goes_by_itself_once_complete():
    rows = [sale(1, (1, 30), 103)[0], sale(2, (2, 1), 53)[0], payout(3, (2, 2), 150)[0]]
    held = plan(rows, today=date(2026, 2, 3), held={("stripe:a", "po_1"): "1 record is held"})
    assert [group.entries for group in held.groups] == [(1,)], "January stands for itself"
    assert held.waiting == (((2, 3), "1 record is held", "po_1"),)
    assert [group.entries for group in plan(rows, today=date(2026, 2, 3)).groups] == [(1,), (2, 3)]


def test_the_day_of_a_channel_is_one_document():
    rows = [Row(n, JANUARY, "stripe:a", channel) for n, channel in enumerate(["online", "shop", "online", ""], 1)]
    assert {group.key: group.entries for group in plan(rows, today=JANUARY).groups} == {
        "stripe:a": (4,),
        "stripe:a/online": (1, 3),
        "stripe:a/shop": (2,),
    }
