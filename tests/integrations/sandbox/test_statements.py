"""The bank's statement files read back to the lines and balances of the world, in every format there is."""

from __future__ import annotations

import pytest
import requests

from integrations import bankfiles
from integrations.sandbox.statements import FORMATS, NUMBERS, statements_of
from integrations.sandbox.world import build_world
from integrations.sandbox.world.truth import truth_of


@pytest.fixture(scope="module")
def statements():
    """Each by its account and month."""
    return {(one.account, str(one.month)): one for one in statements_of(build_world(7).company("osprey"))}


@pytest.fixture(scope="module")
def bank():
    return truth_of(build_world(7).company("osprey"))["bank"]


def as_a_person_reads(one):
    """Only of the CSV something is asked (whether its amounts are money in); the proposal is right."""
    try:
        return bankfiles.read(one.content, filename=one.filename, currency="USD")
    except bankfiles.LayoutNeeded as needed:
        assert one.format == "csv"
        return bankfiles.read(one.content, filename=one.filename, layout=needed.proposal, currency="USD")


@pytest.mark.parametrize(("account", "month"), FORMATS)
def test_a_file_says_what_the_world_knows(account, month, statements):
    one = statements[account, month]
    assert bankfiles.detect(one.content, one.filename) == one.format
    (read,) = as_a_person_reads(one)
    assert read.account == NUMBERS[one.account]
    assert [(line.booked_on, line.amount) for line in read.lines] == [
        (line.posted_on, line.amount_minor) for line in one.lines
    ]
    assert all(line.text in got.description for line, got in zip(one.lines, read.lines, strict=True))
    assert [line.reference for line in read.lines if line.reference.isdigit()] == [
        line.check_number for line in one.lines if line.check_number and one.format != "csv"
    ]
    assert read.closing == (None if one.format == "qif" else one.closing_minor)
    assert read.warnings == ()
    assert one.lines


@pytest.mark.parametrize("account", NUMBERS)
def test_statements_follow_each_other_to_the_banks_balance(account, bank, statements):
    months = sorted(month for name, month in FORMATS if name == account)
    mine = [statements[account, month] for month in months]
    assert [one.opening_minor for one in mine[1:]] == [one.closing_minor for one in mine[:-1]]
    assert [one.closing_minor for one in mine] == [bank[account]["months"][month] for month in months]


def test_every_format_is_there_and_only_for_a_bank_without_a_feed():
    assert set(FORMATS.values()) == {"ofx", "qfx", "camt.053", "mt940", "qif", "csv"}
    assert statements_of(build_world(7).company("tamarack")) == []


def test_the_control_address_gives_the_files(sandbox, statements):
    listed = requests.get(f"{sandbox.url}/_control/statements/osprey", timeout=5).json()["statements"]
    assert len(listed) == len(FORMATS)
    one = listed[0]
    got = requests.get(f"{sandbox.url}/_control/statements/osprey/{one['filename']}", timeout=5)
    assert got.content == statements[one["account"], one["month"]].content
    assert requests.get(f"{sandbox.url}/_control/statements/osprey/none.ofx", timeout=5).status_code == 404
    assert requests.get(f"{sandbox.url}/_control/statements/nobody", timeout=5).status_code == 404
