"""What a processor holds of a statement that has not closed: a timing difference of exactly that amount, and of nothing else."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.records import Announced, StatementClosed
from ledger import timing
from tests import builders
from tests.ledger.bank_desk import bob, books
from tests.ledger.test_processor_proof import APRIL, holds, on, opening, prove, stripe
from tests.scene import arrive

pytestmark = pytest.mark.django_db


def at_hour(day, hour):
    return datetime(2026, 4, day, hour, tzinfo=UTC)


def told_ahead(number, day, amount, hour=12):
    at = at_hour(day, hour)
    return Announced(external_id=f"a{number}", booked_on=on(day), currency="USD", occurred_at=at, amount=amount)


def closed(number, day, hour=12):
    return StatementClosed(external_id=f"s{number}", booked_on=on(day), currency="USD", occurred_at=at_hour(day, hour))


def test_what_a_processor_holds_of_an_open_statement_is_timing_of_exactly_that_amount(books, stripe):
    """What was announced since the last statement closed explains the balance to the cent, and clears when the next closes."""
    holds(books, opening(books) + 13_470 + 4_200, key="end", is_closing=True)
    ahead = [
        told_ahead(1, 20, 9_999),
        told_ahead(2, 24, 1_111, hour=11),
        told_ahead(3, 24, 5_000),
        told_ahead(4, 29, -800),
    ]
    arrive(books.client, "stripe", "balance", *ahead)
    assert (prove(books).open, prove(books).roll.to_processor) == (None, -4_200), (
        "nobody knows where the open one began"
    )
    arrive(books.client, "stripe", "balance", closed(1, 10), closed(2, 24))
    found = prove(books)
    assert (found.open.amount, found.open.count, found.open.since) == (4_200, 2, on(24))
    assert (found.roll.to_processor, found.roll.to_ledger, found.rolls) == (0, 0, True)
    (row,) = [row for row in timing.register(books.client, APRIL) if row.kind == timing.STATEMENT]
    assert (row.amount, row.since, row.label) == (4_200, on(24), "2 movements since Apr 24")
    holds(books, 1, key="end of another account", is_closing=True)
    assert (prove(books).roll.to_processor, prove(books).rolls) == (-1, False), "a cent more is not explained"
    arrive(books.client, "stripe", "balance", closed(3, 30))
    assert prove(books).open is None


def test_a_statement_that_tells_no_time_lasts_to_the_end_of_its_day(books, stripe):
    day_only = StatementClosed(external_id="s1", booked_on=on(24), currency="USD")
    arrive(books.client, "stripe", "balance", day_only, told_ahead(1, 24, 700), told_ahead(2, 25, 30))
    assert prove(books).open.amount == 30


def test_the_page_and_the_register_name_it(books, stripe, bob, client):
    holds(books, opening(books) + 13_470 + 700, key="end", is_closing=True)
    arrive(books.client, "stripe", "balance", closed(1, 24), told_ahead(1, 25, 700))
    browser = builders.sign_in(client, bob)
    start = f"/c/{books.client.slug}"
    page = browser.get(f"{start}/processors/2026-04/{stripe.pk}/").content.decode()
    assert "In the statement open since" in page
    assert "1 movement<" in page
    assert "Ties both ways" in page
    assert (
        "In a processor&#x27;s open statement"
        in browser.get(f"{start}/reconciliation/2026-04/timing/").content.decode()
    )
