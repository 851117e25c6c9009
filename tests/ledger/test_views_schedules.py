"""The pages of schedules: proposed from a line, shown before they are kept, changed, approved, ended, taken up, cancelled."""

# ruff: noqa: F401, F811 (fixtures are imported by name)

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from clients.tenancy import client_context
from ledger import corrections
from ledger.models import BooksLimits, JournalEntry, Schedule, WatchedAccount
from tests import builders
from tests.ledger.schedule_desk import made

LIST = "/c/kestrel/schedules/month/2026-03/"
NEW = "/c/kestrel/schedules/new/"


@pytest.fixture
def desk(made, db):
    return made


@pytest.fixture
def bob(desk, client):
    return builders.sign_in(client, desk.world.bob)


@pytest.fixture
def alice(desk, db):
    return builders.sign_in(Browser(), desk.world.alice)


def inside(desk):
    return client_context(desk.client.pk)


def typed(**fields):
    return {
        "name": "Cover of 2026", "amount": "1,200.00", "account": "1400", "counter_account": "6200", "method": "months",
        "starts_on": "2026-01-01", "ends_on": "2026-12-31", "duty": "here", "change": "catch-up", **fields,
    }  # fmt: skip


def keep(browser, page=NEW, **fields):
    return browser.post(page, typed(keep="1", **fields), follow=True)


def only(desk):
    with inside(desk):
        return Schedule.objects.get()


def test_the_table_is_shown_before_anything_is_kept(desk, bob):
    shown = bob.post(NEW, typed())
    assert (shown.status_code, [row.amount for row in shown.context["rows"]]) == (200, [10_000] * 12)
    with inside(desk):
        assert not Schedule.objects.exists()
    kept = keep(bob)
    assert b"JE-" in kept.content
    listed = bob.get(LIST)
    assert b"Cover of 2026" in listed.content
    assert [left for _each, left, _due in listed.context["listed"]] == [90_000]
    assert [due.on for _each, _left, due in listed.context["listed"]] == [date(2026, 4, 30)]


@pytest.mark.parametrize(
    ("page", "fields", "said"),
    [
        (NEW, {"account": "nowhere"}, b"Choose an account"),
        (NEW, {"account": "6200"}, b"not of the type"),
        (NEW, {"amount": "1.005"}, b"at most 2 decimals"),
        (NEW, {"amount": "0"}, b"More than nil"),
        (NEW, {"ends_on": "2025-01-01"}, b"Not before it begins"),
        (
            f"{NEW}?kind=loan",
            {"method": "annuity", "months": "12", "rate": "x", "contra_account": "1010"},
            b"A number like",
        ),
        (f"{NEW}?kind=deferred", {"method": "milestones", "steps": "soon 4"}, b"is not as the hint says"),
        (f"{NEW}?kind=deferred", {"method": "milestones", "steps": "2026-03-31 4"}, b"come to the amount"),
    ],
)
def test_what_does_not_hold_is_said_at_its_field_and_nothing_is_lost(desk, bob, page, fields, said):
    answer = bob.post(page, typed(keep="1", **fields))
    assert answer.status_code == 422
    assert said in answer.content
    assert b"Cover of 2026" in answer.content
    with inside(desk):
        assert not Schedule.objects.exists()


def test_a_bill_is_spread_from_its_entry(desk, bob):
    with inside(desk):
        bill = desk.post("Insurance", "Checking", 120_000, date(2026, 1, 20), memo="Cover")
    page = f"{NEW}?entry={bill}&line=1"
    assert page.replace("&", "&amp;").encode() in bob.get(f"/c/kestrel/entries/{bill}/").content
    filled = bob.get(page)
    assert filled.context["form"].initial["moved_from"] == "6200 Insurance"
    keep(bob, page, moved_from="6200 Insurance", added_on="2026-01-20")
    with inside(desk):
        assert (desk.balance("Insurance"), only(desk).source_entry_id) == (30_000, bill)
    assert bob.get(f"{NEW}?entry={bill}&line=9").status_code == 404
    assert bob.get(f"{NEW}?kind=hope").status_code == 404


def test_it_is_changed_ended_taken_up_and_cancelled(desk, bob):
    keep(bob)
    of = only(desk)
    page = f"/c/kestrel/schedules/{of.pk}/"
    assert bob.get(f"{page}edit/").context["form"].initial["amount"] == 120_000
    keep(bob, f"{page}edit/", ends_on="2026-06-30")
    with inside(desk):
        assert desk.balance("Insurance") == 60_000
    refused = bob.post(f"{page}end/", {"on": "", "reason": "x"}, follow=True)
    assert b"Say the day" in refused.content
    bob.post(f"{page}end/", {"on": "2026-03-05", "reason": "Refunded", "result": "1010"})
    assert b"Refunded" in bob.get(page).content
    bob.post(f"{page}resume/")
    assert only(desk).state == "active"
    assert b"Say why" in bob.post(f"{page}cancel/", {"reason": ""}, follow=True).content
    bob.post(f"{page}cancel/", {"reason": "Typed twice"})
    assert only(desk).state == "cancelled"
    with inside(desk):
        assert desk.balance("Insurance") == 0


def test_a_reversed_line_is_booked_again(desk, bob):
    keep(bob)
    of = only(desk)
    with inside(desk):
        line = of.lines.get(month=date(2026, 3, 1))
        corrections.reverse(JournalEntry.objects.get(pk=line.entry_id), reason="Wrong", by=desk.world.bob)
    assert b"Book again" in bob.get(f"/c/kestrel/schedules/{of.pk}/").content
    assert b"Book 1 due" in bob.get(LIST).content
    bob.post(f"/c/kestrel/schedules/lines/{line.pk}/book/")
    assert b"Book again" not in bob.get(f"/c/kestrel/schedules/{of.pk}/").content
    assert bob.post(f"{LIST}book/", follow=True).status_code == 200


def test_above_the_limit_a_controller_approves(desk, bob, alice):
    keep(bob, amount="12,000.00")
    page = f"/c/kestrel/schedules/{only(desk).pk}/"
    assert b"Waits for a second person" in bob.get(page).content
    assert bob.post(f"{page}approve/").status_code == 403
    assert b"Approved by" in alice.post(f"{page}approve/", follow=True).content


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("asset", {"account": "1500", "counter_account": "6700", "contra_account": "1510", "method": "declining",
                   "months": "36", "rate": "2", "convention": "full-month", "residual": "100"}),
        ("loan", {"account": "2700", "counter_account": "7100", "contra_account": "1010", "method": "annuity",
                  "months": "12", "rate": "6.25", "steps": "2026-02-01 98.00 6.00"}),
        ("deferred", {"account": "2400", "counter_account": "4010", "method": "milestones", "ends_on": "",
                      "steps": "2026-03-31 1,200.00"}),
        ("accrual", {"account": "2050", "ends_on": "2026-04-01", "starts_on": "2026-03-31", "support": "Order 17",
                     "expected_on": "2026-04-10"}),
    ],
)  # fmt: skip
def test_each_kind_has_its_form_and_is_filled_with_it_again(desk, bob, kind, fields):
    answer = keep(bob, f"{NEW}?kind={kind}", **fields)
    assert answer.status_code == 200
    of = only(desk)
    again = bob.get(f"/c/kestrel/schedules/{of.pk}/edit/")
    shown = {name: again.context["form"].initial.get(name) for name in ("rate", "steps") if name in fields}
    assert shown == {name: fields[name].replace(",", "") for name in shown}
    assert bob.get(LIST + f"?kind={kind}").context["listed"][0][0] == of


def test_a_schedule_is_read_by_machines(desk, bob):
    keep(bob)
    base = "/api/v1/clients/kestrel/schedules/"
    (row,) = bob.get(base).json()["results"]
    assert (row["name"], row["amount_minor"]) == ("Cover of 2026", 120_000)
    lines = bob.get(f"{base}{row['id']}/").json()["lines"]
    assert [(line["on"], line["entry"] is None) for line in lines[2:4]] == [("2026-03-31", False), ("2026-04-30", True)]
    assert bob.get(f"{base}?kind=loan").json()["count"] == 0
    assert bob.get(f"{base}999999/").status_code == 404


def test_what_was_amortised_before_our_books_is_taken_over(desk, bob):
    keep(bob, starts_on="2025-07-01", ends_on="2026-06-30", before="601.50", change="spread")
    with inside(desk):
        lines = list(only(desk).lines.order_by("on").values_list("on", "amount_minor"))
    assert lines[0] == (date(2025, 12, 31), 60_150)
    assert [amount for _on, amount in lines[1:]] == [9_975] * 6
    refused = bob.post(NEW, typed(starts_on="2025-07-01", before="1,200.01"))
    assert b"Not more than all of it" in refused.content


def test_limits_and_watched_accounts(desk, bob):
    page = "/c/kestrel/schedules/limits/"
    assert b"Chosen by their names" in bob.get(page).content
    assert bob.post(page, {"asset": "-5"}).status_code == 422
    with inside(desk):
        supplies = desk["Repairs and supplies"].pk
    bob.post(page, {"asset": "2,500", "prepaid": "", f"watch-{supplies}": "asset"})
    with inside(desk):
        assert BooksLimits.objects.get().asset_over_minor == 250_000
        assert WatchedAccount.objects.get().account_id == supplies
    assert b'value="2500.00"' in bob.get(page).content


def test_the_list_asks_the_database_as_often_for_many_as_for_one(desk, bob, django_assert_max_num_queries):
    keep(bob)
    bob.get(LIST)
    with CaptureQueriesContext(connection) as first:
        bob.get(LIST)
    asked = len(first)
    for number in range(4):
        keep(bob, name=f"Cover {number}")
    with django_assert_max_num_queries(asked):
        bob.get(LIST)
