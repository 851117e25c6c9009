"""Schedules against the books: roll-forward = ledger, what is not booked, what a closed month missed caught up."""

# ruff: noqa: F401, F811 (fixtures are imported by name)

from __future__ import annotations

from datetime import date

from clients.models import AuditEvent
from ledger import corrections, posting, schedule_booking, schedule_proof, schedule_rolls, schedules
from ledger.core.period import Month
from ledger.models import (
    BooksLimits,
    JournalEntry,
    JournalLine,
    Schedule,
    ScheduleLine,
    WatchedAccount,
)
from tests.ledger.schedule_desk import desk, lines, made, proof

JANUARY, FEBRUARY, MARCH = Month(2026, 1), Month(2026, 2), Month(2026, 3)


def test_a_schedule_booked_elsewhere_is_only_proven(desk):
    desk.post("Prepaid expenses", "Checking", 120_000, date(2026, 1, 2))
    of = desk.add(duty="elsewhere")
    assert not JournalEntry.objects.filter(source_key__startswith=f"schedule:{of.pk}:").exists()
    for month in (JANUARY, FEBRUARY):
        desk.post("Insurance", "Prepaid expenses", 10_000, month.last, key=str(month))
    assert proof(desk, "Prepaid expenses", FEBRUARY).difference == 0
    found = proof(desk, "Prepaid expenses")
    assert (found.difference, found.strangers) == (10_000, ())
    stray = desk.post("Prepaid expenses", "Checking", 7_000, date(2026, 3, 9), key="stray")
    assert [line.entry_id for line in proof(desk, "Prepaid expenses").strangers] == [stray]


def test_a_line_that_a_person_reversed_waits_until_it_is_booked_again(desk):
    of = desk.add()
    line = of.lines.get(month=MARCH.first)
    corrections.reverse(JournalEntry.objects.get(pk=line.entry_id), reason="Not yet", by=desk.world.bob)
    assert schedule_booking.book(desk.client) == 0
    assert schedule_proof.unbooked(desk.client, MARCH, ["prepaid"]) == [line]
    assert schedule_booking.book_again(line, by=desk.world.bob) == 1
    assert schedule_proof.unbooked(desk.client, MARCH, ["prepaid"]) == []
    assert schedule_booking.book_again(line, by=desk.world.bob) == 0


def test_what_a_month_closed_without_is_caught_up_by_itself_in_the_first_open_one(desk):
    desk.post("Prepaid expenses", "Checking", 1_200_000, date(2026, 1, 2))
    of = desk.add(amount=1_200_000)
    desk.close(JANUARY.first, FEBRUARY.first)
    schedules.approve(of, by=desk.world.alice)
    assert lines(of, "month", "amount_minor", "catch_up_minor", "closing_minor")[:2] == [
        (date(2026, 3, 1), 300_000, 200_000, 900_000),
        (date(2026, 4, 1), 100_000, 0, 800_000),
    ]
    assert (desk.balance("Insurance"), proof(desk, "Prepaid expenses").difference) == (300_000, 0)
    entry = JournalEntry.objects.get(source_key=f"schedule:{of.pk}:2026-03")
    assert entry.memo == "A prepaid, March 2026 with what earlier months missed"
    assert [line.schedule for line in schedule_proof.caught_up(desk.client, MARCH, ["prepaid"])] == [of]
    event = AuditEvent.objects.get(client=desk.client, action="schedule.caught_up")
    assert (event.detail["amount"], event.detail["to"], event.detail["lines"]) == ("200000", "2026-03", "2")
    assert schedule_booking.book(desk.client) == 0


def test_it_is_carried_by_the_months_left_where_the_schedule_says_so(desk):
    of = desk.add("asset", "straight-line", 1_200_000, months=12, change="spread")
    desk.close(JANUARY.first, FEBRUARY.first)
    schedules.approve(of, by=desk.world.alice)
    assert {row[1] for row in lines(of)} == {120_000}
    assert desk.balance("Depreciation") == 120_000


def test_the_month_run_catches_up_after_what_a_person_reversed(desk):
    of = desk.add()
    desk.close(JANUARY.first)
    corrections.reverse(JournalEntry.objects.get(source_key=f"schedule:{of.pk}:2026-02"), reason="x", by=desk.world.bob)
    ScheduleLine.objects.filter(schedule=of, month=MARCH.first).update(entry=None)
    desk.close(MARCH.first)
    posting.ensure_periods(desk.client.pk, [date(2026, 4, 1), date(2026, 5, 1)])
    assert schedule_booking.book(desk.client) == 2
    found = lines(of, "month", "amount_minor", "catch_up_minor")
    assert found[:4] == [
        (date(2026, 1, 1), 10_000, 0), (date(2026, 2, 1), 10_000, 0), (date(2026, 4, 1), 20_000, 10_000),
        (date(2026, 5, 1), 10_000, 0),
    ]  # fmt: skip
    assert [line.month for line in schedule_proof.unbooked(desk.client, MARCH, ["prepaid"])] == [FEBRUARY.first]


def test_a_catch_up_leaves_alone_the_month_that_a_person_reversed(desk):
    of = desk.add()
    ScheduleLine.objects.filter(schedule=of, month=FEBRUARY.first).update(entry=None)
    desk.close(JANUARY.first, FEBRUARY.first)
    corrections.reverse(JournalEntry.objects.get(source_key=f"schedule:{of.pk}:2026-03"), reason="x", by=desk.world.bob)
    assert schedule_booking.book(desk.client) == 0
    assert lines(of, "month", "amount_minor", "catch_up_minor")[1:3] == [
        (date(2026, 3, 1), 10_000, 0),
        (date(2026, 4, 1), 20_000, 10_000),
    ]


def test_an_accrual_whose_month_closed_without_it_is_late_or_never_was(desk):
    dates = {"starts_on": date(2026, 1, 31), "expected_on": date(2026, 2, 10), "support": "Order 17"}
    late = desk.add("accrual", "once", 1_000_001, ends_on=date(2026, 4, 1), **dates)
    never = desk.add("accrual", "once", 1_000_002, ends_on=date(2026, 3, 1), **dates)
    desk.close(JANUARY.first, FEBRUARY.first)
    for each in (late, never):
        schedules.approve(each, by=desk.world.alice)
    assert [row[:2] for row in lines(late)] == [(date(2026, 3, 31), -1_000_001), (date(2026, 4, 1), 1_000_001)]
    assert (lines(never), -desk.balance("Accrued expenses", MARCH.last)) == ([], 1_000_001)
    assert proof(desk, "Accrued expenses").difference == 0


def test_a_reversed_line_of_a_closed_month_is_booked_again_in_the_first_open_one(desk):
    desk.post("Prepaid expenses", "Checking", 120_000, date(2026, 1, 2))
    of = desk.add()
    desk.close(JANUARY.first, FEBRUARY.first)
    corrections.reverse(JournalEntry.objects.get(source_key=f"schedule:{of.pk}:2026-01"), reason="x", by=desk.world.bob)
    assert proof(desk, "Prepaid expenses").difference == 10_000
    assert schedule_booking.book_again(of.lines.get(month=JANUARY.first), by=desk.world.bob) == 1
    entry = JournalEntry.objects.get(source_key=f"schedule:{of.pk}:2026-01", revision=1, reverses=None)
    assert (entry.booked_on, of.lines.get(month=JANUARY.first).entry_id) == (date(2026, 3, 1), entry.pk)
    assert proof(desk, "Prepaid expenses").difference == 0
    assert schedule_booking.book_again(of.lines.get(month=JANUARY.first), by=desk.world.bob) == 0


def test_bills_over_the_limit_are_found_until_a_schedule_takes_them(desk):
    bill = desk.post("Repairs and supplies", "Checking", 300_000, date(2026, 3, 4))
    desk.post("Repairs and supplies", "Checking", 200_000, date(2026, 3, 5), key="small")
    assert schedule_proof.over_limit(desk.client, MARCH, "asset") == []
    BooksLimits.objects.create(client=desk.client, asset_over_minor=250_000, changed_by=desk.world.alice)
    WatchedAccount.objects.create(client=desk.client, account=desk["Repairs and supplies"], rather="asset")
    assert [line.entry_id for line in schedule_proof.over_limit(desk.client, MARCH, "asset")] == [bill]
    desk.add(
        "asset",
        "straight-line",
        300_000,
        months=36,
        starts_on=date(2026, 3, 4),
        moved_from=desk["Repairs and supplies"],
        source=(bill, 1),
    )
    assert schedule_proof.over_limit(desk.client, MARCH, "asset") == []


def told(of, day):
    """What an asset's, a loan's … accounts hold of one schedule at a day's end, added up line by line."""
    gone = of.ended_on is not None and of.ended_on <= day
    down = sum(amount for on, amount, _entry in lines(of) if on <= day)
    if of.kind == "accrual":
        return {of.account_id: -down}
    held = of.amount_minor if of.added_on <= day else 0
    if of.kind == "asset":
        taken = of.amount_minor - of.residual_minor - of.left_minor
        return {of.account_id: 0 if gone else held, of.contra_account_id: taken - down if gone else -down}
    return {of.account_id: held - down - (of.left_minor if gone else 0)}


def test_the_roll_forward_of_many_schedules_is_the_sum_of_their_tables(desk):
    dates = {"starts_on": date(2026, 1, 31), "expected_on": date(2026, 2, 10), "support": "Order 17"}
    made = [
        desk.add(),
        desk.add("deferred", amount=90_000, starts_on=date(2026, 2, 20), added_on=date(2026, 2, 3)),
        desk.add("asset", "straight-line", 600_000, months=60, residual=100_000),
        desk.add("asset", "declining", 600_000, months=36, rate_millionths=2_000_000, convention="half-year"),
        desk.add("loan", "fixed-principal", 500_000, months=10, starts_on=date(2026, 2, 28), added_on=date(2026, 1, 2)),
        desk.add("accrual", "once", 5_000, ends_on=date(2026, 3, 1), **dates),
    ]
    for of, on in ((made[0], date(2026, 3, 5)), (made[3], date(2026, 2, 10))):
        schedules.end(of, schedules.Ending(on=on, reason="x"), by=desk.world.bob)
    desk.add("prepaid", amount=2_000_000)  # waits for a second person
    made = [Schedule.objects.get(pk=of.pk) for of in made]
    for month in (JANUARY.previous, JANUARY, FEBRUARY, MARCH, MARCH.next):
        wanted, before = {}, {}
        for of in made:
            for account, held in told(of, month.last).items():
                wanted[account] = wanted.get(account, 0) + held
            for account, held in told(of, month.previous.last).items():
                before[account] = before.get(account, 0) + held
        found = schedule_rolls.by_account(desk.client, month)
        assert {each.account_id: each.roll.closing for each in found} == wanted
        assert {each.account_id: each.roll.opening for each in found} == before
        left = schedule_rolls.left(desk.client, month, [of.pk for of in made])
        assert left == {of.pk: sum(told(of, month.last).values()) for of in made}
    assert {each.kinds: each.schedules for each in found}["asset",] == 2
    assert [each.kinds for each in schedule_rolls.by_account(desk.client, MARCH, ["loan"])] == [("loan",)]


def test_the_roll_forward_asks_the_database_as_often_for_many_as_for_one(desk, django_assert_num_queries):
    desk.add()
    with django_assert_num_queries(4):
        schedule_proof.proofs(desk.client, MARCH)
    for _each in range(3):
        desk.add("asset", "straight-line", months=24)
    with django_assert_num_queries(4):
        schedule_proof.proofs(desk.client, MARCH)
    with django_assert_num_queries(1):
        schedule_rolls.by_account(desk.client, MARCH)
    assert ScheduleLine.objects.filter(client=desk.client).exists()
    assert JournalLine.objects.filter(client=desk.client).exists()
