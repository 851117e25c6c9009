"""Bank matching: what is matched, with which reason, and what is left for a person."""

from __future__ import annotations

import random
import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.assignment import MOST_MARGIN, best_assignment
from ledger.core.matching import ACCEPT, Window, match
from ledger.core.signals import BankSide, BookSide
from ledger.core.subsets import MOST_MEMBERS, subsets_with_sum
from ledger.core.transfers import transfer_pairs

DAY = date(2026, 3, 2)


def bank(id_, amount, text="", days=0, **more):
    return BankSide(id_, DAY + timedelta(days=days), amount, text, **more)


def book(id_, amount, days=0, **more):
    return BookSide(id_, DAY + timedelta(days=days), amount, **more)


def payout(id_, amount, ref, days=0, name="ACQUIRER"):
    return book(id_, amount, days, names=(name,), references=(ref,))


def accepted(said):
    return {(one.lines, one.items) for one in said if one.confidence >= ACCEPT}


def test_reference_decides_between_equal_amounts():
    items = [payout("p1", 5000, "KQABCDEF"), payout("p2", 5000, "ZXWVUTSR")]
    lines = [bank("b1", 5000, "ACQUIRER TRANSFER ZXWVUTSR", 1), bank("b2", 5000, "ACQUIRER TRANSFER KQABCDEF", 2)]
    assert accepted(match(lines, items)) == {(("b1",), ("p2",)), (("b2",), ("p1",))}


def refused(line, *items):
    return {(frozenset([line] if isinstance(line, str) else line), frozenset(items))}


def test_a_refused_pair_is_not_said_again_and_the_next_best_is():
    items = [payout("p1", 5000, "KQABCDEF"), payout("p2", 5000, "ZXWVUTSR")]
    lines = [bank("b1", 5000, "ACQUIRER TRANSFER ZXWVUTSR", 1)]
    (said,) = match(lines, items, refused=refused("b1", "p2"))
    assert said.items == ("p1",)
    assert match(lines, items[1:], refused=refused("b1", "p2")) == []


def test_a_refused_line_leaves_its_item_to_the_other_line():
    items = [payout("p1", 5000, "KQABCDEF")]
    lines = [bank("b1", 5000, "ACQUIRER KQABCDEF", 1), bank("b2", 5000, "ACQUIRER", 1)]
    (said,) = match(lines, items, refused=refused("b1", "p1"))
    assert (said.lines, said.items) == (("b2",), ("p1",))


def test_a_refused_sum_gives_way_to_another():
    items = [payout(f"p{n}", amount, f"REF{n}XYZ") for n, amount in enumerate((1000, 2000, 500, 2500))]
    lines = [bank("b1", 3000, "ACQUIRER", 1)]
    first = match(lines, items)[0]
    second = match(lines, items, refused=refused("b1", *first.items))[0]
    assert {frozenset(first.items), frozenset(second.items)} == {frozenset(["p0", "p1"]), frozenset(["p2", "p3"])}
    both = refused("b1", "p0", "p1") | refused("b1", "p2", "p3")
    assert match(lines, items, refused=both) == []


def test_a_refused_split_is_not_said_again():
    lines = [bank("b1", 1000, "ACQUIRER", 1), bank("b2", 2000, "ACQUIRER", 1)]
    items = [payout("p1", 3000, "KQABCDEF")]
    assert [one.kind for one in match(lines, items)] == ["one-to-many"]
    assert match(lines, items, refused=refused(["b1", "b2"], "p1")) == []


def test_truncated_and_garbled_reference_still_decides():
    items = [payout("p1", 5000, "KQABCDEF"), payout("p2", 5000, "ZOWVUTSR")]
    lines = [bank("b1", 5000, "ACQUIRER TRANSFER Z0W", 1), bank("b2", 5000, "ACQUIRER TRANSFER KQA", 1)]
    assert accepted(match(lines, items)) == {(("b1",), ("p2",)), (("b2",), ("p1",))}


def test_equal_claims_are_offered_not_taken():
    items = [payout("p1", 5000, "KQABCDEF"), payout("p2", 5000, "ZXWVUTSR")]
    said = match([bank("b1", 5000, "ACQUIRER", 1)], items)
    assert accepted(said) == set()
    assert [one.lines for one in said] == [("b1",)]
    assert "another pairing is almost as good" in said[0].reasons


def test_line_that_names_another_system_is_not_taken():
    items = [payout("p1", 5000, "KQABCDEF"), payout("p2", 5000, "ZXWVUTSR", 1, name="SHOPPAY")]
    lines = [bank("b1", 5000, "SHOPPAY DEPOSIT", 1), bank("b2", 5000, "SHOPPAY DEPOSIT", 2)]
    taken = {item for one in match(lines, items) for item in one.items}
    assert "p1" not in taken


def test_unnamed_deposit_of_the_same_amount_is_only_offered():
    said = match([bank("b1", 5000, "WIRE IN 123", 1)], [payout("p1", 5000, "KQABCDEF")])
    assert accepted(said) == set()
    assert said[0].confidence < ACCEPT


def test_line_outside_the_window_is_no_match():
    assert match([bank("b1", 5000, "ACQUIRER", 7)], [payout("p1", 5000, "KQABCDEF")]) == []
    assert match([bank("b1", 5000, "ACQUIRER", -1)], [payout("p1", 5000, "KQABCDEF")]) == []


def test_cheque_may_clear_months_later():
    cheque = book("c1", -61200, references=("1042",), days_after=180)
    assert accepted(match([bank("b1", -61200, "CHECK 1042", 95)], [cheque])) == {(("b1",), ("c1",))}


def test_short_reference_must_be_a_word_of_its_own():
    cheques = [book("c1", -500, references=("104",)), book("c2", -500, references=("1042",))]
    assert accepted(match([bank("b1", -500, "CHECK 1042", 1)], cheques)) == {(("b1",), ("c2",))}


def test_amount_off_by_a_cent_is_no_match():
    assert match([bank("b1", 4999, "ACQUIRER KQABCDEF")], [payout("p1", 5000, "KQABCDEF")]) == []


def test_scopes_never_meet():
    assert match([bank("b1", 5000, scope="one")], [book("p1", 5000, scope="two")]) == []


def test_several_payouts_in_one_deposit():
    items = [payout(f"p{n}", amount, f"REFEREN{n}") for n, amount in enumerate((1001, 2003, 40007))] + [
        payout("p9", 999, "REFEREN9", 1)
    ]
    (said,) = match([bank("b1", 43011, "ACQUIRER BATCH 77", 2)], items)
    assert said.kind == "many-to-one"
    assert said.items == ("p0", "p1", "p2")
    assert said.is_accepted


def test_sum_that_can_be_made_two_ways_is_offered():
    items = [payout(f"p{n}", amount, f"REFEREN{n}") for n, amount in enumerate((100, 400, 200, 300))]
    said = match([bank("b1", 500, "ACQUIRER BATCH", 1)], items)
    assert accepted(said) == set()
    assert said[0].kind == "many-to-one"


def crowd(days=7, each=8):
    """Forty and more free payouts within reach of one line, of amounts whose sums do not meet by accident."""
    chance = random.Random(11)
    return [
        payout(f"p{day}{number}", chance.randint(100_000, 2_000_000), f"REF{day}{number}XYZ", day)
        for day in range(days)
        for number in range(each)
    ]


def test_a_batch_of_one_day_is_found_among_many_payouts():
    items = crowd()
    total = sum(item.amount for item in items[8:12])
    (said,) = match([bank("b1", total, "ACQUIRER BATCH", 6)], items)
    assert said.items == tuple(item.id for item in items[8:12])
    assert said.is_accepted


def test_a_batch_with_a_twin_outside_it_is_offered():
    items = [*crowd(), payout("twin", crowd()[9].amount, "REFTWINXYZ", 1)]
    total = sum(item.amount for item in items[8:12])
    (said,) = match([bank("b1", total, "ACQUIRER BATCH", 6)], items)
    assert not said.is_accepted
    assert "another sum is as good" in said.reasons


def test_so_many_small_items_that_chance_makes_the_sum_are_not_taken():
    """Among two hundred takings of 1 to 60 in one week any amount is the sum of some two."""
    chance = random.Random(3)
    items = [payout(f"p{n}", chance.randint(100, 6000), f"REF{n:03d}XYZ", n % 7) for n in range(200)]
    said = match([bank(f"b{n}", 7000 + n, "ACQUIRER BATCH", 6) for n in range(20)], items)
    assert accepted(said) == set()


def test_sum_of_small_items_that_may_be_chance_is_offered():
    items = [payout(f"p{n}", amount, f"REFEREN{n}") for n, amount in enumerate((11, 12, 14, 18, 26, 42))]
    (said,) = match([bank("b1", 23, "ACQUIRER BATCH", 1)], items)
    assert not said.is_accepted
    assert "so many make such a sum by chance" in said.reasons


def test_a_line_that_names_nobody_does_not_make_another_pair_sure():
    """Both payouts may be the acquirer's line; the card purchase of the same amount, near one of them, changes nothing."""
    items = [payout("p1", 5000, "KQABCDEF", 3), payout("p2", 5000, "ZXWVUTSR", 4)]
    lines = [bank("b1", 5000, "ACQUIRER TRA", 4), bank("b2", 5000, "CARD PURCHASE", 3)]
    said = match(lines, items)
    assert accepted(said) == set()
    assert said[0].lines == ("b1",)


def test_one_item_pulled_in_two_lines():
    pulled = book("run", -3074158, names=("PAYDESK",))
    said = match(
        [bank("b1", -2083292, "PAYDESK NET PAY"), bank("b2", -990866, "PAYDESK TAX"), bank("b3", -990866, "RENT")],
        [pulled],
    )
    assert accepted(said) == {(("b1", "b2"), ("run",))}
    assert said[0].kind == "one-to-many"


def test_entry_and_line_with_shared_words():
    items = [book("e1", -9900, text="Cobalt Espresso Service"), book("e2", -9900, text="Harbor Insurance")]
    lines = [bank("b1", -9900, "HARBOR INSURANCE WEB PMT", 1), bank("b2", -9900, "COBALT ESPRESSO SVC", 1)]
    assert {(one.lines, one.items) for one in match(lines, items)} == {(("b1",), ("e2",)), (("b2",), ("e1",))}


def test_transfer_is_found_on_two_accounts():
    lines = [
        bank("out", -50000, "TRANSFER TO SAVINGS", account="checking"),
        bank("in", 50000, "TRANSFER", 1, account="savings"),
    ]
    (said,) = transfer_pairs(lines)
    assert (said.lines, said.items, said.kind, said.is_accepted) == (("in",), ("out",), "transfer", True)


def test_opposite_amounts_on_one_account_are_no_transfer():
    assert transfer_pairs([bank("out", -50000, account="checking"), bank("in", 50000, account="checking")]) == []


def test_opposite_amounts_without_a_word_are_only_offered():
    lines = [bank("out", -50000, "ACME", account="checking"), bank("in", 50000, "ACME REFUND", account="visa")]
    assert accepted(transfer_pairs(lines)) == set()


SIDES = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9), st.sampled_from(["", "AX", "BX"])), max_size=14)


@given(SIDES, SIDES, st.randoms())
def test_matching_uses_everything_once_and_ignores_order(lines, items, chance):
    told_lines = [bank(f"b{n}", amount, text, days) for n, (amount, days, text) in enumerate(lines)]
    told_items = [
        book(f"p{n}", amount, days, names=(name,) if name else ()) for n, (amount, days, name) in enumerate(items)
    ]
    said = match(told_lines, told_items)
    used = [id_ for one in said for id_ in (*one.lines, *one.items)]
    assert len(used) == len(set(used))
    amounts = {side.id: side.amount for side in (*told_lines, *told_items)}
    assert all(sum(amounts[i] for i in one.lines) == sum(amounts[i] for i in one.items) for one in said)
    chance.shuffle(told_lines)
    chance.shuffle(told_items)
    assert match(told_lines, told_items) == said


SCORES = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(-2, 12), max_size=16)


def best_total(scores, row=0, used=frozenset()):
    """The best total by trying everything."""
    if row > 4:
        return 0
    with_row = [
        scores[row, column] + best_total(scores, row + 1, used | {column})
        for column in range(5)
        if column not in used and scores.get((row, column), 0) > 0
    ]
    return max([best_total(scores, row + 1, used), *with_row])


@given(SCORES)
def test_assignment_is_as_good_as_trying_everything(scores):
    pairs = best_assignment(scores)
    assert sum(pair.score for pair in pairs) == best_total(scores)
    assert len({pair.row for pair in pairs}) == len(pairs) == len({pair.column for pair in pairs})
    for pair in pairs:
        without = {place: score for place, score in scores.items() if place != (pair.row, pair.column)}
        assert pair.margin == min(best_total(scores) - best_total(without), MOST_MARGIN)


def test_the_whole_is_settled_best_where_the_nearest_pair_first_would_not():
    """Greedy by evidence gives b1 its best item p1 and leaves b2, which only p1 can be; the best whole settles both."""
    scores = {(1, 1): 10, (1, 2): 9, (2, 1): 8}
    assert [(pair.row, pair.column) for pair in best_assignment(scores)] == [(1, 2), (2, 1)]
    items = [book("e1", -9900, text="Harbor Insurance Agency"), book("e2", -9900, text="Harbor Marina")]
    lines = [bank("b1", -9900, "HARBOR INSURANCE MARINA", 1), bank("b2", -9900, "INSURANCE AGENCY HARBOR", 1)]
    assert {(one.lines, one.items) for one in match(lines, items)} == {(("b1",), ("e2",)), (("b2",), ("e1",))}


def test_hundreds_of_equal_amounts_are_settled_as_a_whole():
    """Subscriptions of one amount, ten a day: greedy in order of date would leave the last days without an item."""
    items = [book(f"p{n:04d}", 999, n // 10, names=("ACQUIRER",), references=(f"REF{n:05d}Z",)) for n in range(300)]
    lines = [bank(f"b{n:04d}", 999, f"ACQUIRER REF{n:05d}"[: 14 + n % 5], n // 10 + 1) for n in range(300)]
    started = time.process_time()
    said = match(lines, items, window=Window(0, 5))
    assert time.process_time() - started < 3
    assert len(said) == 300
    assert all(one.lines[0][1:] == one.items[0][1:] for one in said if one.is_accepted)


@given(st.lists(st.integers(-30, 30), max_size=9), st.integers(-40, 40))
def test_every_small_subset_with_the_sum_is_found_once(amounts, total):
    found = subsets_with_sum(amounts, total)
    expected = [
        way
        for size in range(2, MOST_MEMBERS + 1)
        for way in _ways(len(amounts), size)
        if sum(amounts[i] for i in way) == total
    ]
    assert sorted(found) == sorted(expected)[: len(found)] or set(found) <= set(expected)
    assert len(found) == len(set(found)) == min(len(expected), 64)


def _ways(count, size, start=0):
    if size == 0:
        return [()]
    return [(first, *rest) for first in range(start, count) for rest in _ways(count, size - 1, first + 1)]


@pytest.fixture
def ten_thousand():
    """A busy year of one client: 10,000 items, a third of them of eight amounts, one line each a few days later."""
    chance = random.Random(5)
    usual = [chance.randint(1_000, 90_000) for _ in range(8)]
    items, lines = [], []
    for number in range(10_000):
        amount = chance.choice(usual) if chance.random() < 0.33 else chance.randint(100, 2_000_000)
        day, ref = chance.randint(0, 360), f"{chance.getrandbits(40):010X}"
        items.append(payout(f"p{number}", amount, ref, day))
        text = f"ACQUIRER {ref}" if chance.random() < 0.8 else "ACQUIRER"
        lines.append(bank(f"b{number}", amount, text, day + chance.randint(0, 3)))
    return lines, items


def test_ten_thousand_lines_are_matched_in_seconds(ten_thousand):
    lines, items = ten_thousand
    started = time.process_time()
    said = match(lines, items, window=Window(0, 5))
    assert time.process_time() - started < 3
    wrong = [
        one for one in said if one.is_accepted and one.kind == "one-to-one" and one.lines[0][1:] != one.items[0][1:]
    ]
    taken = sum(one.is_accepted for one in said)
    assert taken > 8_500
    assert len(wrong) * 200 < taken
