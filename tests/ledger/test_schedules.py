"""Schedules in the books: each due line once, closed months as they are, whatever changes."""

# ruff: noqa: F401, F811 (fixtures are imported by name)

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from clients.tenancy import client_context
from ledger import schedule_booking, schedule_proof, schedules
from ledger.core.period import Month
from ledger.core.schedules.terms import Step
from ledger.models import (
    EntryApproval,
    JournalEntry,
    Schedule,
)
from ledger.schedules import ScheduleRefused
from tests.ledger.schedule_desk import desk, lines, made, proof

JANUARY, FEBRUARY, MARCH = Month(2026, 1), Month(2026, 2), Month(2026, 3)


def test_what_is_due_is_booked_once_and_rolls_to_the_ledger(desk):
    desk.post("Prepaid expenses", "Checking", 120_000, date(2026, 1, 2))
    of = desk.add()
    assert schedule_booking.book(desk.client) == 0
    assert [row[2] is None for row in lines(of)] == [False] * 3 + [True] * 9
    assert desk.balance("Insurance") == 30_000
    found = proof(desk, "Prepaid expenses")
    assert (found.roll.opening, found.roll.amortised, found.roll.closing, found.difference) == (
        100_000,
        10_000,
        90_000,
        0,
    )
    entry = JournalEntry.objects.get(source_key=f"schedule:{of.pk}:2026-03")
    assert (entry.booked_on, entry.origin, entry.memo) == (date(2026, 3, 31), "source", "A prepaid, March 2026")
    assert EntryApproval.objects.get(entry=entry).approved_by == desk.world.bob


def test_a_month_without_books_is_booked_when_a_person_asks(desk):
    of = desk.add()
    assert schedule_booking.book(desk.client, month=Month(2026, 4), by=desk.world.bob, only=of) == 1
    assert lines(of)[3][2] is not None


def test_above_the_limit_a_second_person_stands_behind_it_first(desk):
    of = desk.add(amount=1_200_000)
    assert not JournalEntry.objects.filter(source_key__startswith=f"schedule:{of.pk}:").exists()
    assert schedule_proof.waiting(desk.client, MARCH, ["prepaid"]) == [of]
    with pytest.raises(ScheduleRefused, match="cannot approve"):
        schedules.approve(of, by=desk.world.bob)
    schedules.approve(of, by=desk.world.alice)
    assert desk.balance("Insurance") == 300_000
    with pytest.raises(ScheduleRefused, match="waits for nobody"):
        schedules.approve(of, by=desk.world.carol)


def test_a_change_recalculates_open_months_and_catches_up_in_the_first(desk):
    of = desk.add()
    desk.close(JANUARY.first, FEBRUARY.first)
    changed = schedules.change(of, desk.asked(ends_on=date(2026, 6, 30)), by=desk.world.bob)
    assert lines(changed, "month", "amount_minor", "catch_up_minor")[:4] == [
        (date(2026, 1, 1), 10_000, 0),
        (date(2026, 2, 1), 10_000, 0),
        (date(2026, 3, 1), 40_000, 20_000),
        (date(2026, 4, 1), 20_000, 0),
    ]
    assert desk.balance("Insurance") == 60_000
    assert desk.balance("Insurance", date(2026, 2, 28)) == 20_000
    march = JournalEntry.objects.filter(source_key=f"schedule:{of.pk}:2026-03").order_by("revision", "pk")
    assert [(entry.revision, entry.reverses_id is None) for entry in march] == [(0, True), (0, False), (1, True)]


def test_a_change_of_estimate_is_carried_by_what_is_left(desk):
    of = desk.add("asset", "straight-line", months=12)
    desk.close(JANUARY.first, FEBRUARY.first)
    asked = desk.asked("asset", "straight-line", months=7, change="spread")
    changed = schedules.change(of, asked, by=desk.world.bob)
    assert [row[1] for row in lines(changed)] == [10_000, 10_000, *[20_000] * 5]


def test_a_late_item_lands_in_the_first_open_month(desk):
    desk.close(JANUARY.first, FEBRUARY.first)
    of = desk.add()
    assert lines(of, "month", "amount_minor", "catch_up_minor")[0] == (date(2026, 3, 1), 30_000, 20_000)
    assert desk.balance("Insurance") == 30_000


def test_what_was_amortised_before_our_books_began_is_taken_as_done(desk):
    of = desk.add(starts_on=date(2025, 7, 1), ends_on=date(2026, 6, 30))
    assert desk.balance("Insurance") == 30_000
    assert (len(lines(of)), proof(desk, "Prepaid expenses", JANUARY).roll.opening) == (12, 60_000)


def test_a_bill_is_spread_from_the_expense_it_was_booked_to(desk):
    bill = desk.post("Insurance", "Checking", 120_000, date(2026, 1, 20))
    source = (bill, 1)
    desk.add(moved_from=desk["Insurance"], added_on=date(2026, 1, 20), source=source)
    assert desk.balance("Insurance") == 30_000
    assert (desk.balance("Prepaid expenses"), proof(desk, "Prepaid expenses").difference) == (90_000, 0)
    with pytest.raises(ScheduleRefused, match="has a schedule already"), transaction.atomic():
        desk.add(moved_from=desk["Insurance"], source=source)


def test_an_asset_is_sold_at_a_loss(desk):
    desk.post("Equipment", "Checking", 600_000, date(2026, 1, 2))
    of = desk.add("asset", "straight-line", 600_000, months=60)
    ending = schedules.Ending(
        on=date(2026, 3, 10),
        reason="Sold",
        proceeds=500_000,
        proceeds_account=desk["Checking"],
        result_account=desk["Gain on disposal"],
    )
    schedules.end(of, ending, by=desk.world.bob)
    names = ("Equipment", "Accumulated depreciation", "Depreciation", "Gain on disposal", "Checking")
    assert [desk.balance(name) for name in names] == [0, 0, 20_000, 80_000, -100_000]
    found = proof(desk, "Equipment"), proof(desk, "Accumulated depreciation")
    assert [(each.roll.disposed, each.roll.closing, each.difference) for each in found] == [
        (600_000, 0, 0),
        (-20_000, 0, 0),
    ]
    schedules.resume(of, by=desk.world.bob)
    assert [desk.balance(name) for name in names] == [600_000, -30_000, 30_000, 0, -600_000]


def test_a_half_year_asset_takes_the_half_of_the_year_it_is_sold_in(desk):
    desk.post("Equipment", "Checking", 600_000, date(2026, 1, 2))
    of = desk.add("asset", "straight-line", 600_000, months=60, convention="half-year", starts_on=date(2026, 1, 2))
    names = ("Equipment", "Accumulated depreciation", "Depreciation")
    assert [desk.balance(name) for name in names] == [600_000, -15_000, 15_000]
    ending = schedules.Ending(on=date(2026, 3, 10), reason="Stolen")
    schedules.end(of, ending, by=desk.world.bob)
    assert lines(of, "on", "amount_minor", "closing_minor")[1:] == [
        (date(2026, 2, 28), 5_000, 590_000),
        (date(2026, 3, 10), -10_000, 600_000),
    ]
    # Placed in service and gone in one year: no depreciation of it, all of the cost is the loss.
    assert [desk.balance(name) for name in names] == [0, 0, 600_000]
    found = proof(desk, "Equipment"), proof(desk, "Accumulated depreciation")
    assert [(each.roll.amortised, each.roll.closing, each.difference) for each in found] == [(0, 0, 0), (-10_000, 0, 0)]
    schedules.resume(of, by=desk.world.bob)
    assert [desk.balance(name) for name in names] == [600_000, -15_000, 15_000]


def test_a_prepaid_that_ends_early_leaves_the_rest_where_it_is_told(desk):
    desk.post("Prepaid expenses", "Checking", 120_000, date(2026, 1, 2))
    of = desk.add()
    schedules.end(
        of, schedules.Ending(on=date(2026, 3, 5), reason="Refunded", result_account=desk["Checking"]), by=desk.world.bob
    )
    assert (desk.balance("Prepaid expenses"), desk.balance("Insurance")) == (0, 20_000)
    assert proof(desk, "Prepaid expenses").difference == 0
    with pytest.raises(ScheduleRefused, match="Only a running"):
        schedules.end(of, schedules.Ending(on=date(2026, 3, 5), reason="x"), by=desk.world.bob)


def test_a_loan_splits_each_payment_and_a_statement_corrects_it(desk):
    desk.post("Checking", "Bank loan", 1_000_000, date(2026, 1, 1))
    said = (Step(date(2026, 2, 28), 179_637, 9_212),)
    of = desk.add(
        "loan",
        "annuity",
        1_000_000,
        starts_on=date(2026, 1, 31),
        added_on=date(2026, 1, 1),
        months=12,
        rate_millionths=120_000,
        steps=said,
    )
    assert (desk.balance("Interest"), -desk.balance("Bank loan")) == (10_000 + 9_212 + 7_415, 660_080)
    assert proof(desk, "Bank loan").difference == 0
    schedules.end(of, schedules.Ending(on=date(2026, 3, 31), reason="Refinanced", proceeds=745_000), by=desk.world.bob)
    assert desk.balance("Bank loan") == 0


def test_deferred_revenue_is_earned_by_milestones(desk):
    desk.post("Checking", "Deferred revenue", 90_000, date(2026, 1, 5))
    steps = (Step(date(2026, 1, 31), 30_000), Step(date(2026, 3, 15), 60_000))
    desk.add("deferred", "milestones", 90_000, added_on=date(2026, 1, 5), starts_on=date(2026, 1, 5), steps=steps)
    assert (desk.balance("Service revenue"), desk.balance("Deferred revenue")) == (-90_000, 0)
    assert proof(desk, "Deferred revenue", FEBRUARY).roll.closing == 60_000


def test_an_accrual_takes_itself_back(desk):
    fields = {"starts_on": date(2026, 1, 31), "ends_on": date(2026, 2, 1), "expected_on": date(2026, 2, 10)}
    desk.add("accrual", "once", 5_000, support="Order 17", **fields)
    assert [desk.balance("Insurance", month.last) for month in (JANUARY, FEBRUARY)] == [5_000, 0]
    found = proof(desk, "Accrued expenses", JANUARY)
    assert (found.roll.added, found.roll.closing, found.difference) == (5_000, 5_000, 0)
    with pytest.raises(ScheduleRefused, match="supports"), transaction.atomic():
        desk.add("accrual", "once", 5_000, **fields)


def test_a_cancelled_schedule_leaves_nothing_unless_a_closed_month_holds_it(desk):
    of = desk.add()
    schedules.cancel(of, by=desk.world.bob, reason="Typed twice")
    assert (desk.balance("Insurance"), list(of.lines.all()), schedule_proof.proofs(desk.client, MARCH)) == (0, [], [])
    other = desk.add()
    desk.close(JANUARY.first)
    with pytest.raises(ScheduleRefused, match="closed month holds"):
        schedules.cancel(other, by=desk.world.bob, reason="Typed twice")


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"amount": 0}, "amount"), ({"ends_on": date(2025, 1, 1)}, "ends_on"), ({"method": "annuity"}, "method")],
)
def test_terms_that_do_not_hold_are_refused_by_their_field(desk, fields, field):
    with pytest.raises(ScheduleRefused) as refused:
        schedules.draw(desk.client, desk.asked(**fields))
    assert refused.value.field == field


def test_what_is_booked_keeps_its_account_and_day(desk):
    of = desk.add()
    with pytest.raises(ScheduleRefused, match="stands on this account"):
        schedules.change(of, desk.asked(added_on=date(2026, 1, 2)), by=desk.world.bob)


# ---- the database ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def now(act):
    """Do it, and let the database look at once."""
    act()
    raw("SET CONSTRAINTS ALL IMMEDIATE")
    raw("SET CONSTRAINTS ALL DEFERRED")


def refused(rule, act):
    with pytest.raises(IntegrityError) as error:
        now(act)
    assert error.value.__cause__.diag.constraint_name == rule


def raw(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.mark.parametrize(
    ("rule", "sql"),
    [
        (
            "schedule_adds_up",
            "UPDATE ledger_scheduleline SET amount_minor = amount_minor + 1 WHERE month = '2026-04-01'",
        ),
        ("schedule_adds_up", "DELETE FROM ledger_scheduleline WHERE month = '2026-04-01'"),
        ("schedule_adds_up", "UPDATE ledger_schedule SET amount_minor = amount_minor + 1"),
        (
            "schedule_line_of_a_closed_month_stands",
            "UPDATE ledger_scheduleline SET on = on - 1 WHERE month = '2026-01-01'",
        ),
        ("schedule_line_of_a_closed_month_stands", "DELETE FROM ledger_scheduleline WHERE month = '2026-01-01'"),
        ("schedule_line_stays", "UPDATE ledger_scheduleline SET month = '2027-01-01' WHERE month = '2026-04-01'"),
        ("schedule_amounts_hold", "UPDATE ledger_schedule SET amount_minor = 0"),
        ("schedule_amounts_hold", "UPDATE ledger_schedule SET residual_minor = 5"),
        ("schedule_dates_hold", "UPDATE ledger_schedule SET ends_on = '2025-01-01'"),
        ("schedule_dates_hold", "UPDATE ledger_schedule SET ends_on = NULL"),
        ("schedule_method_is_of_its_kind", "UPDATE ledger_schedule SET method = 'annuity'"),
        ("schedule_stays", "UPDATE ledger_schedule SET kind = 'accrual', method = 'once'"),
        ("schedule_accounts_fit", "UPDATE ledger_schedule SET counter_account_id = account_id"),
        ("schedule_approver_is_not_its_maker", "UPDATE ledger_schedule SET approved_by_id = made_by_id"),
        ("schedule_ended_on_a_day", "UPDATE ledger_schedule SET state = 'ended'"),
    ],
)
def test_the_database_refuses(desk, rule, sql):
    desk.add()
    desk.close(JANUARY.first)
    refused(rule, lambda: raw(sql.replace(" on = on ", ' "on" = "on" ')))


def test_accounts_of_another_client_are_refused(desk):
    of = desk.add()
    with client_context(desk.world.quillfeather.pk):
        other = type(of.account).objects.create(client=desk.world.quillfeather, name="Cash", type="asset")
    refused("schedule_accounts_fit", lambda: Schedule.objects.filter(pk=of.pk).update(account=other))


def test_nobody_approves_an_entry_of_their_own_above_the_limit(desk):
    by_hand = desk.post("Insurance", "Checking", 1_000_001, date(2026, 3, 1), origin="manual")
    refused(
        "entry_approver_is_not_its_maker",
        lambda: EntryApproval.objects.create(client=desk.client, entry_id=by_hand, approved_by=desk.world.bob),
    )
    small = desk.post("Insurance", "Checking", 1_000_000, date(2026, 3, 1), key="small", origin="manual")
    EntryApproval.objects.create(client=desk.client, entry_id=small, approved_by=desk.world.bob)
    EntryApproval.objects.create(client=desk.client, entry_id=by_hand, approved_by=desk.world.alice)
