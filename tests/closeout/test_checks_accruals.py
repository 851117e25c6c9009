"""Wages earned and unpaid at the month's end: proven, wrong, not there to prove, and what nobody can tell yet (K21)."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from integrations.models import Connection, Fact
from integrations.records_json import from_json
from ledger import accruals
from ledger.models import JournalEntry
from tests.closeout.checked import MARCH, books, client
from tests.scene import arrive

#: The run of 3 April pays 14 to 27 March; the 30th and 31st are two tenths of one like it.
KNOWN, ESTIMATED = 1_237_249, 247_449


@pytest.fixture
def estimated(books):
    accruals.estimate(books.client, MARCH, by=books.client.preparer)
    return books


def runs(books):
    facts = (
        Fact.objects.filter(client=books.client, kind="PayrollRun").exclude(state="superseded").order_by("booked_on")
    )
    return [from_json(fact.kind, fact.data) for fact in facts]


def accrual(books, purpose="accrual"):
    key = accruals.key_of(books.connection("gusto"), MARCH)
    return (
        JournalEntry.objects.filter(client=books.client, source_key=key, purpose=purpose).order_by("-revision").first()
    )


def test_days_that_no_known_run_pays_cannot_be_told(books):
    (found,) = books.results("K21")
    assert (found.state, found.items[0].amount) == ("cannot_tell", ESTIMATED)
    assert "not known yet" in found.summary


def test_with_the_estimate_the_whole_accrual_is_proven(estimated):
    (found,) = estimated.results("K21")
    assert (found.state, found.expected, found.actual) == ("pass", KNOWN + ESTIMATED, KNOWN + ESTIMATED)
    assert "Days of Mar 14 to Mar 27, paid Apr 3; Days after Mar 27, estimated" in found.summary


def test_once_the_run_is_known_it_counts_and_the_estimate_does_not(estimated):
    last = runs(estimated)[-1]
    paid = date(2026, 4, 17)
    known = replace(
        last, external_id="next", period_start=date(2026, 3, 28), period_end=date(2026, 4, 10), booked_on=paid, debit_on=paid
    )  # fmt: skip
    arrive(estimated.client, "gusto", "payrolls", known)
    assert estimated.results("K21")[0].state == "pass", "the same pay as the estimate supposed"
    dearer = replace(known, payslips=known.payslips[1:])
    arrive(estimated.client, "gusto", "payrolls", dearer)
    assert estimated.bad("K21").summary == "The booked accrual is not what the run gives."
    accruals.book(estimated.client)
    (found,) = estimated.results("K21")
    assert (found.state, found.difference) == ("pass", 0)


def test_an_estimate_that_was_taken_away_leaves_the_days_unknown(estimated):
    estimated.undo(accrual(estimated))
    found = estimated.bad("K21")
    assert (found.state, found.summary) == ("cannot_tell", "The run that pays the month's last days is not known yet.")


def test_an_accrual_of_known_days_that_was_taken_away_is_missed_to_the_cent(books):
    Fact.objects.filter(client=books.client, kind="PayrollRun", booked_on=date(2026, 4, 3)).update(state="superseded")
    arrive(books.client, "gusto", "payrolls", replace(runs(books)[-1], external_id="long", **LONG))
    accruals.book(books.client)
    (found,) = books.results("K21")
    assert found.state == "pass"
    books.undo(accrual(books))
    found = books.bad("K21")
    assert (found.state, found.summary, found.difference) == ("fail", "The accrual is not booked.", -found.expected)


#: A period that runs over the month's end and is known.
LONG = {"period_start": date(2026, 3, 23), "period_end": date(2026, 4, 3), "booked_on": date(2026, 4, 10)}


def test_an_accrual_without_its_reversal_fails(estimated):
    estimated.undo(accrual(estimated, "accrual-reversal"))
    assert estimated.bad("K21").summary == "The accrual has no reversal."


def test_an_accrual_that_no_run_asks_for_fails(books):
    """The pay of March was all paid in March after all; what stood for April's run is still there."""
    Fact.objects.filter(client=books.client, kind="PayrollRun", booked_on=date(2026, 4, 3)).update(state="superseded")
    paid = {"period_start": date(2026, 3, 14), "period_end": date(2026, 3, 31), "booked_on": date(2026, 3, 31)}
    arrive(books.client, "gusto", "payrolls", replace(runs(books)[-1], external_id="paid", **paid))
    assert books.bad("K21").summary == "An accrual stands that no run asks for."
    accruals.book(books.client)
    (found,) = books.results("K21")
    assert (found.state, found.summary) == ("not_applicable", "No pay period straddles the month's end.")


def test_a_register_that_does_not_add_up_cannot_be_told(books):
    last = runs(books)[-1]
    slip = last.payslips[0]
    broken = replace(last, payslips=(replace(slip, net_pay=slip.net_pay + 1), *last.payslips[1:]))
    arrive(books.client, "gusto", "payrolls", broken)
    (found,) = books.results("K21")
    assert (found.state, "is not the net pay" in found.summary) == ("cannot_tell", True)


def test_without_any_known_run_nobody_can_tell(books):
    Fact.objects.filter(client=books.client, kind="PayrollRun").update(state="superseded")
    assert books.results("K21")[0].state == "cannot_tell"


def test_without_a_payroll_system_it_does_not_apply(books):
    Connection.objects.filter(pk=books.connection("gusto").pk).update(state="disconnected")
    assert books.results("K21")[0].state == "not_applicable"
