"""The books against the world they describe: to the cent, account by account, month by month."""

from __future__ import annotations

import pytest

from clients.tenancy import client_context
from config.demo import truth
from ledger.core.period import Month
from tests.ledger import plain_books


@pytest.mark.parametrize("month", [Month(2026, 1), Month(2026, 2), Month(2026, 3)], ids=str)
def test_a_clean_company_ties_in_every_month(shelf, month):
    with client_context(shelf.kestrel.pk):
        assert truth.compare(shelf.kestrel, month, truth.read(shelf.kestrel)) == []


@pytest.mark.parametrize("month", [Month(2026, 1), Month(2026, 2)], ids=str)
def test_a_company_with_faults_in_march_ties_before_it(shelf, month):
    with client_context(shelf.quillfeather.pk):
        assert truth.compare(shelf.quillfeather, month, truth.read(shelf.quillfeather)) == []


def test_the_planted_faults_stand_with_their_amounts(shelf):
    client = shelf.quillfeather
    with client_context(client.pk):
        rows = truth.compare(client, Month(2026, 3), truth.read(client))
    off = {row.account: row.actual - row.expected for row in rows}
    assert off["Catering Sales"] == 118_450, "three charges of an unmapped channel"
    assert off["Repairs and Maintenance"] == 61_200, "the vendor's second copy"
    assert off["Wages – Roastery"] == -4_218, "the payroll typed by hand"
    assert off["Bank Charges"] == -4_500, "the fee nobody booked"
    assert off["Merchant Fees"] == -3_525, "the fees of the three charges"
    unread = off["Interest Income"]  # of the days that the bank holds back
    assert off["Savings"] + unread == -200_000, "the move between own accounts that nobody entered"
    assert sum(off.values()) == 0
    assert not off.keys() & {"Rent", "Cafe Sales", "Online Sales", "Wages – Cafe", "Accounts Payable", "Business Visa"}


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["kestrel", "quillfeather"])
def test_other_tools_come_to_our_balances(shelf, slug):
    client = getattr(shelf, slug)
    with client_context(client.pk):
        assert plain_books.differences(client, Month(2026, 3)) == {}
