"""Bank lines that are a book item less a fee."""

from __future__ import annotations

from datetime import date, timedelta

from ledger.core.fees import with_fee
from ledger.core.signals import BankSide, BookSide

DAY = date(2026, 3, 2)


def bank(id_, amount, text="", days=0):
    return BankSide(id_, DAY + timedelta(days=days), amount, text)


def book(id_, amount, text="", days=0, **more):
    return BookSide(id_, DAY + timedelta(days=days), amount, text=text, **more)


def test_a_wire_that_arrives_short_of_its_fee_is_offered_with_the_fee():
    ((said, fee),) = with_fee([bank("b", 985_00, "WIRE FROM HARBOR MARINA")], [book("e", 1_000_00, "Harbor Marina")])
    assert (said.lines, said.items, said.kind, fee) == (("b",), ("e",), "with-fee", 15_00)
    assert not said.is_accepted
    assert said.reasons[0] == "same but for a fee of 1.5 %"


def test_a_payment_that_leaves_with_its_fee_on_top_is_offered_too():
    ((_, fee),) = with_fee([bank("b", -1_015_00, "COBALT ROPE WORKS")], [book("e", -1_000_00, "Cobalt Rope Works")])
    assert fee == 15_00


def test_more_than_the_item_or_a_fee_beyond_reason_is_none():
    items = [book("e", 1_000_00, "Harbor Marina")]
    assert with_fee([bank("b", 1_000_01, "HARBOR MARINA")], items) == []
    assert with_fee([bank("b", 939_99, "HARBOR MARINA")], items) == []
    assert with_fee([bank("b", -985_00, "HARBOR MARINA")], items) == []


def test_nothing_but_a_near_amount_is_no_reason():
    assert with_fee([bank("b", 985_00, "COUNTER DEPOSIT")], [book("e", 1_000_00, "Harbor Marina")]) == []
    assert with_fee([bank("b", 985_00, "HARBOR MARINA", 6)], [book("e", 1_000_00, "Harbor Marina")]) == []


def test_two_lines_and_two_items_are_settled_as_a_whole():
    """The nearest pair first would give b1 to e1 and leave b2, which only e1 is near enough to, without an item."""
    items = [book("e1", 1_000_00, "Harbor Marina"), book("e2", 1_020_00, "Harbor Marina", -4)]
    lines = [bank("b1", 990_00, "HARBOR MARINA"), bank("b2", 950_00, "HARBOR MARINA")]
    assert {(said.lines, said.items) for said, _ in with_fee(lines, items)} == {(("b1",), ("e2",)), (("b2",), ("e1",))}


def test_a_pair_that_a_person_refused_is_not_said_again():
    refused = {(frozenset(["b"]), frozenset(["e"]))}
    assert with_fee([bank("b", 985_00, "MARINA")], [book("e", 1_000_00, "Marina")], refused=refused) == []
