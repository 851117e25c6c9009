"""The checks of what is captured by hand: proven, off by an amount, waiting for figures, or none of their business."""

from __future__ import annotations

from datetime import date

import pytest

from clients.models import StackItem
from closeout import workflow
from closeout.checks import CHECKS, Scope
from integrations import capturing
from ledger import booking, posting
from ledger.core.period import Month
from ledger.models import Account
from tests.ledger.test_captured import END, books, enter, mapped  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)


def run(of, check_id):
    (found,) = CHECKS[check_id].run(Scope(of.kestrel, MARCH, workflow.open_close(of.kestrel, MARCH)))
    return found


def owe(of, amount):
    """The loan as it stands in the books before the month: cash against what is owed."""
    ids = dict(Account.objects.filter(client=of.kestrel).values_list("name", "id"))
    lines = [posting.Line(ids["Bank"], amount), posting.Line(ids["Loan payable"], 0, amount)]
    posting.post(of.kestrel.pk, [posting.Entry(date(2026, 2, 2), "test:loan", "test", lines)], actor_id=of.bob.pk)


def test_without_anything_by_hand_they_do_not_apply(books):  # noqa: F811
    assert {run(books, check_id).state for check_id in ("K10", "K15", "K32", "K36")} == {"not_applicable"}


def test_a_system_by_hand_whose_figures_nobody_verified_cannot_be_told(books):  # noqa: F811
    StackItem.objects.create(client=books.kestrel, system="loan", category="lending", route="hand")
    enter(books)
    found = run(books, "K32")
    assert (found.state, found.summary) == (
        "cannot_tell",
        "Loan without a feed: no figures of March 2026 are verified.",
    )
    assert "no figures of March 2026 are verified" in run(books, "K01").summary


@pytest.mark.parametrize(("owed", "state", "difference"), [(980_000, "pass", 0), (979_000, "fail", -1_000)])
def test_the_lenders_statement_is_proven_to_the_cent(books, owed, state, difference):  # noqa: F811
    owe(books, owed)
    capturing.verify(enter(books, on=END), by=books.alice)
    booking.book(books.kestrel)
    found = run(books, "K32")
    assert (found.state, found.difference) == (state, difference)
    assert run(books, "K36").state == "not_applicable"


@pytest.mark.parametrize(("system", "check_id"), [("cash-drawer", "K10"), ("toast", "K15"), ("state-sales-tax", "K36")])
def test_each_form_is_proven_by_its_check(books, system, check_id):  # noqa: F811
    capturing.verify(enter(books, system), by=books.alice)
    booking.book(books.kestrel)
    assert run(books, check_id).state == ("pass" if system == "toast" else "fail")
