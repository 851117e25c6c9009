"""What is seen proposes what nobody inventoried; words that are only part of others, and buying at a market, propose nothing."""

from __future__ import annotations

from datetime import date

import pytest

from clients import catalogue
from clients.discovery import Sighting, named, propose

JAN, MAR = date(2026, 1, 3), date(2026, 3, 28)


def seen(text, kind="bank", *, came=0, left=0, count=1, first=JAN, last=MAR):
    return Sighting(kind, text, count, came, left, first, last)


@pytest.mark.parametrize(
    ("text", "systems"),
    [
        ("TOAST DEP 4471 HARBOR ST", ["toast"]),
        ("Toast Inc monthly", ["toast"]),
        ("AFFIRM * PAY 77AB", ["affirm"]),
        ("SHOPIFY CAPITAL REMITTANCE", ["shopify-capital"]),
        ("SQ *CORNER CAFE", ["square"]),
        ("RAMP STATEMENT", ["ramp"]),
        ("CRAMPON OUTDOOR GOODS", []),
        ("TRAMPOLINE RAMPART", []),
        ("PAYCHEX TPS TAXES AND PAYPAL INST XFER", ["paychex", "paypal"]),
        ("CORNER BAKERY", []),
    ],
)
def test_a_text_names_whole_words_and_the_longest_of_them(text, systems):
    assert named(seen(text, left=100)) == systems


def test_a_marketplace_is_told_by_money_that_came_from_it():
    assert named(seen("AMAZON MARKETPLACE", left=4_200)) == []
    assert named(seen("AMAZON.COM SVCS SETTLEMENT", came=4_200)) == ["amazon"]
    assert named(seen("Amazon", "vendor", left=4_200)) == []


def test_an_app_is_told_by_its_name_as_it_spells_it():
    assert named(seen("Created by Synder, sync 8812", "app")) == ["stripe"]
    assert named(seen("bill for the ramp", "app")) == []


def test_the_evidence_adds_up_by_kind_the_most_telling_first():
    found = propose(
        [
            seen("TOAST DEP 1", came=1_000, first=date(2026, 2, 1), last=date(2026, 2, 1)),
            seen("TOAST DEP 2", came=2_000, count=3),
            seen("Toast Inc", "vendor", left=500),
            seen("toast", "connection"),
            seen("GUSTO PAY 1", left=9_000),
        ],
        known={"gusto"},
    )
    assert list(found) == ["toast"]
    assert [(each.kind, each.count, each.in_minor, each.out_minor) for each in found["toast"]] == [
        ("connection", 1, 0, 0),
        ("bank", 4, 3_000, 0),
        ("vendor", 1, 0, 500),
    ]
    bank = found["toast"][1].as_json()
    assert (bank["first"], bank["last"], bank["examples"]) == (
        "2026-01-03",
        "2026-03-28",
        ["TOAST DEP 2", "TOAST DEP 1"],
    )


def test_every_word_of_the_catalogue_finds_its_system():
    for system in catalogue.SYSTEMS:
        for word in system.words:
            assert system.slug in named(seen(f"X {word} 12", came=1, left=1)), word
