"""The checks of schedules and of entries by hand: proven, off, not booked, waiting, above a limit, or none of their business."""

# ruff: noqa: F401, F811 (fixtures are imported by name)

from __future__ import annotations

from datetime import date

from closeout import workflow
from closeout.checks import CHECKS, Scope
from closeout.models import Explanation
from ledger import corrections, schedules, watching
from ledger.core.period import Month
from ledger.models import JournalEntry
from tests.ledger.schedule_desk import desk, made

MARCH = Month(2026, 3)
ALL = ("K30", "K31", "K33", "K34")


def run(desk, check_id):
    scope = Scope(desk.client, MARCH, workflow.open_close(desk.client, MARCH))
    return list(CHECKS[check_id].run(scope))[-1]


def test_without_schedules_they_do_not_apply(desk):
    assert {run(desk, check_id).state for check_id in (*ALL, "K32")} == {"not_applicable"}


def test_schedules_that_come_to_the_books_pass(desk):
    desk.post("Prepaid expenses", "Checking", 120_000, date(2026, 1, 2), key="prepaid")
    desk.post("Equipment", "Checking", 60_000, date(2026, 1, 2), key="asset")
    desk.post("Checking", "Bank loan", 500_000, date(2026, 1, 2), key="loan")
    desk.post("Checking", "Deferred revenue", 120_000, date(2026, 1, 2), key="deferred")
    desk.add()
    desk.add("asset", "straight-line", 60_000, months=60, support="Invoice 9")
    desk.add("deferred")
    desk.add(
        "loan", "annuity", 500_000, months=10, starts_on=date(2026, 1, 31), added_on=date(2026, 1, 2),
        rate_millionths=60_000,
    )  # fmt: skip
    fields = {"starts_on": date(2026, 3, 31), "ends_on": date(2026, 4, 1), "expected_on": date(2026, 4, 10)}
    desk.add("accrual", "once", 5_000, support="Order 17", **fields)
    found = {check_id: run(desk, check_id) for check_id in (*ALL, "K32")}
    assert {check_id: (each.state, each.difference) for check_id, each in found.items()} == dict.fromkeys(
        found, ("pass", 0)
    )
    assert found["K32"].subject == "schedules"


def test_a_difference_is_named_with_the_line_that_makes_it(desk):
    desk.post("Prepaid expenses", "Checking", 120_000, date(2026, 1, 2))
    desk.add()
    desk.post("Prepaid expenses", "Checking", 700, date(2026, 3, 9), key="Stray bill")
    found = run(desk, "K30")
    assert (found.state, found.difference, found.items[0].amount) == ("fail", 700, 700)
    assert "see Stray bill of Mar 9" in found.summary
    close = workflow.open_close(desk.client, MARCH)
    key = found.items[0].key
    workflow.explain(close, "K30", key, amount=700, text="Belongs to April's policy.", by=desk.world.bob)
    assert Explanation.objects.filter(close=close, item_key=key).exists()
    assert run(desk, "K30").state == "pass"


def test_a_line_not_booked_and_a_schedule_that_waits_are_open(desk):
    desk.post("Prepaid expenses", "Checking", 120_000, date(2026, 1, 2))
    of = desk.add()
    line = of.lines.get(month=MARCH.first)
    corrections.reverse(JournalEntry.objects.get(pk=line.entry_id), reason="Wrong", by=desk.world.bob)
    assert [item.key for item in run(desk, "K30").items][1:] == [f"line:{line.pk}"]
    waits = desk.add("deferred", amount=2_000_000)
    found = run(desk, "K34")
    assert (found.state, found.items[0].key) == ("fail", f"schedule:{waits.pk}:waits")


def test_what_earlier_months_missed_is_said_where_it_lands(desk):
    desk.post("Prepaid expenses", "Checking", 1_200_000, date(2026, 1, 2))
    of = desk.add(amount=1_200_000)
    desk.close(date(2026, 1, 1), date(2026, 2, 1))
    schedules.approve(of, by=desk.world.alice)
    found = run(desk, "K30")
    assert (found.state, found.summary) == (
        "pass",
        "1 account, equal to the books; 1 line with what earlier months missed.",
    )
    assert [(item.amount, item.is_open) for item in found.items] == [(200_000, False)]


def test_an_asset_without_an_invoice_and_a_late_paper_are_named(desk):
    desk.post("Equipment", "Checking", 60_000, date(2026, 3, 2))
    desk.add("asset", "straight-line", 60_000, months=60, starts_on=date(2026, 3, 2))
    assert "no invoice is named" in run(desk, "K31").summary
    fields = {"starts_on": date(2026, 2, 28), "ends_on": date(2026, 5, 1), "expected_on": date(2026, 3, 10)}
    desk.add("accrual", "once", 5_000, support="Order 17", **fields)
    assert "its paper was expected on Mar 10" in run(desk, "K33").summary


def test_a_bill_above_the_limit_waits_for_a_schedule(desk):
    accounts = {desk["Repairs and supplies"].pk: "asset", desk["Insurance"].pk: "prepaid"}
    watching.keep(desk.client, asset=250_000, prepaid=100_000, watched=accounts, by=desk.world.bob)
    assert [run(desk, check_id).state for check_id in ("K30", "K31")] == ["pass", "pass"]
    bill = desk.post("Repairs and supplies", "Checking", 300_000, date(2026, 3, 4))
    found = run(desk, "K31")
    assert (found.state, found.items[0].amount) == ("fail", 300_000)
    assert found.items[0].url == f"/c/kestrel/schedules/new/?entry={bill}&line=1"
    assert run(desk, "K30").state == "pass"


def test_k45_wants_a_file_and_a_second_person_above_the_limit(desk):
    entry_id = desk.post("Insurance", "Checking", 2_000_000, date(2026, 3, 1), origin="manual")
    found = run(desk, "K45")
    assert (found.state, found.items[0].note) == ("fail", found.items[0].note)
    assert found.items[0].note.startswith("no second person, no file supports it, round sum")
    corrections.approve(JournalEntry.objects.get(pk=entry_id), by=desk.world.alice)
    assert run(desk, "K45").items[0].note.startswith("no file supports it")
    corrections.post_manual(
        desk.client,
        booked_on=date(2026, 3, 2),
        memo="Rent",
        reason="Agreed",
        lines=_two(desk, 1_500_001),
        by=desk.world.bob,
        files=[("lease.pdf", b"%PDF")],
        reverses_on=date(2026, 3, 3),
    )
    corrections.approve(JournalEntry.objects.get(purpose="manual"), by=desk.world.alice)
    assert [item.is_open for item in run(desk, "K45").items if item.amount == 1_500_001] == [False, False]


def _two(desk, amount):
    from ledger import posting

    return [posting.Line(desk["Insurance"].pk, amount), posting.Line(desk["Checking"].pk, 0, amount)]
