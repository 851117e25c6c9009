"""Pay earned and unpaid at a month's end: what known runs pay for by itself, an estimate if a person says so, both reversed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from clients.tenancy import client_context
from integrations.models import Connection, StreamState
from integrations.records import PayItem, PayrollRun, Payslip
from ledger import accruals, corrections, mapping, payroll_proof, posting
from ledger.accruals import AccrualError
from ledger.core.period import Month
from ledger.models import Account, JournalEntry, JournalLine
from tests import builders
from tests.ledger import scene
from tests.scene import arrive, reopen
from tests.scene import close as lock

pytestmark = pytest.mark.django_db
MARCH, APRIL, MAY = Month(2026, 3), Month(2026, 4), Month(2026, 5)
FIRST, LAST = date(2026, 4, 1), date(2026, 4, 30)


@pytest.fixture
def bob(standing):
    return standing[0].bob


@pytest.fixture
def books(standing, db):
    """The shared month with its own accruals booked, and April begun, of which the payroll system has told nothing yet."""
    with client_context(standing[1].client.pk):
        StreamState.objects.filter(client=standing[1].client, stream="payrolls").update(duty="prove")
        accruals.book(standing[1].client)
        posting.ensure_periods(standing[1].client.pk, [APRIL.first])
        yield standing[1]


def run(number, begins, ends, paid, *, gross=100_000, kind="biweekly", **more):
    """A payroll of one person in the shop: a fifth of the gross withheld, 7.65 % on top."""
    slip = Payslip(
        employee_id="Ada", employee="Ada Finch", department="Shop", net_pay=gross - gross // 5,
        earnings=(PayItem(name="Hourly", amount=gross),), employee_taxes=(PayItem(name="Federal income tax", amount=gross // 5),),
        employer_taxes=(PayItem(name="Social Security and Medicare", amount=gross * 765 // 10_000),),
    )  # fmt: skip
    return PayrollRun(
        external_id=f"run-{number}", booked_on=paid, currency="USD", period_start=begins, period_end=ends, kind=kind,
        payslips=(slip,), **more,
    )  # fmt: skip


#: Two weeks of ten working days; four of them (27 to 30 April) are in April.
STRADDLING = run(9, date(2026, 4, 27), date(2026, 5, 8), date(2026, 5, 15))
#: The run before it, which ends its period on Friday 24 April.
BEFORE = run(8, date(2026, 4, 13), date(2026, 4, 24), date(2026, 5, 1))
#: What BEFORE pays after the month's end for all its days, by account number.
WHOLE = {"6010": 100_000, "6110": 7_650, "2250": -107_650}
#: Four tenths of the run.
FOUR_DAYS = {"6010": 40_000, "6110": 3_060, "2250": -43_060}
BOTH = {number: WHOLE[number] + FOUR_DAYS[number] for number in WHOLE}


def tell(books, *runs):
    arrive(books.client, "gusto", "payrolls", *runs)


def accrued(books, on, month=APRIL):
    """What the accrual's entries of a month's end put on each account on a day."""
    key = accruals.key_of(books.connections["gusto"], month)
    lines = JournalLine.objects.filter(client=books.client, entry__source_key=key, booked_on=on)
    sums = {}
    for line in lines.select_related("account"):
        sums[line.account.number] = sums.get(line.account.number, 0) + line.net_minor
    return {number: amount for number, amount in sums.items() if amount}


def reversed_of(amounts):
    return {number: -amount for number, amount in amounts.items()}


def entries(books, purpose="accrual", month=APRIL):
    key = accruals.key_of(books.connections["gusto"], month)
    return list(JournalEntry.objects.filter(client=books.client, source_key=key, purpose=purpose).order_by("revision"))


# ---- known runs ----------------------------------------------------------------------------------------------------------


def test_a_straddling_runs_days_are_accrued_and_reversed_on_the_first(books):
    tell(books, STRADDLING)
    assert accruals.book(books.client) == 2
    assert accrued(books, LAST) == FOUR_DAYS
    assert accrued(books, MAY.first) == reversed_of(FOUR_DAYS)
    assert accruals.book(books.client) == 0, "once"


def test_every_unpaid_period_is_accrued_not_only_the_first(books):
    """Paid a week in arrears: at the month's end one whole period and part of the next are unpaid."""
    tell(books, BEFORE, STRADDLING)
    accruals.book(books.client)
    assert accrued(books, LAST) == BOTH
    assert len(entries(books)) == 1


def test_the_runs_of_two_payroll_systems_are_accrued_apart(books):
    tell(books, STRADDLING)
    other = Connection.objects.create(
        client=books.client, provider="gusto", account_id="second", name="Office", state="live"
    )
    seconds = scene.Scene(books.client, books.accounts, {"gusto": other})
    scene.fact(seconds, "gusto", "payrolls", STRADDLING)
    assert accruals.book(books.client) == 4
    assert accrued(books, LAST) == accrued(seconds, LAST) == FOUR_DAYS


@pytest.mark.parametrize(
    "other",
    [
        replace(STRADDLING, kind="off-cycle"),
        replace(STRADDLING, history=True),
        replace(STRADDLING, booked_on=LAST),
        replace(STRADDLING, period_start=MAY.first, period_end=date(2026, 5, 14)),
    ],
    ids=["off-cycle", "of a prior provider", "paid within the month", "for days of the next month"],
)
def test_what_leaves_nothing_unpaid_accrues_nothing(books, other):
    tell(books, other)
    assert accruals.book(books.client) == 0
    assert entries(books) == []


def test_a_run_that_was_taken_back_accrues_nothing(books):
    back = replace(STRADDLING, external_id="run-10", reverses="run-9", booked_on=date(2026, 5, 16))
    tell(books, STRADDLING, back)
    assert accruals.book(books.client) == 0


def test_a_run_that_changed_is_accrued_anew_on_the_same_days(books):
    tell(books, STRADDLING)
    accruals.book(books.client)
    tell(books, run(9, date(2026, 4, 27), date(2026, 5, 8), date(2026, 5, 15), gross=50_000))
    assert accruals.book(books.client) == 2
    half = {"6010": 20_000, "6110": 1_530, "2250": -21_530}
    assert (accrued(books, LAST), accrued(books, MAY.first)) == (half, reversed_of(half))
    assert [entry.revision for entry in entries(books)] == [0, 1]


def test_an_accrual_is_taken_back_when_its_run_is(books):
    tell(books, STRADDLING)
    accruals.book(books.client)
    tell(books, replace(STRADDLING, external_id="run-10", reverses="run-9", booked_on=date(2026, 5, 16)))
    accruals.book(books.client)
    assert (accrued(books, LAST), accrued(books, MAY.first)) == ({}, {})


def test_an_accrual_a_person_reversed_stays_reversed(books, bob):
    tell(books, STRADDLING)
    accruals.book(books.client)
    corrections.reverse(entries(books)[0], reason="Paid in cash", by=bob)
    assert accruals.book(books.client) == 0
    assert accrued(books, LAST) == {}


@pytest.mark.parametrize("closed", [APRIL, MAY])
def test_a_closed_month_and_the_month_before_one_are_left_alone(books, closed):
    tell(books, STRADDLING)
    lock(books.client, closed.first)
    assert accruals.book(books.client) == 0


def test_a_reopened_month_takes_the_accrual_it_missed(books, standing):
    tell(books, STRADDLING)
    lock(books.client, APRIL.first)
    accruals.book(books.client)
    reopen(books.client, APRIL.first, by=standing[0].alice)
    assert accruals.book(books.client) == 2


def test_an_unmapped_role_books_nothing_and_reverses_nothing(books, standing):
    tell(books, STRADDLING)
    version = mapping.draft(books.client, by=standing[0].bob, effective_from=FIRST)
    mapping.drop_rule(version, version.rules.get(role="accrued-payroll"), by=standing[0].bob)
    mapping.approve(version, by=standing[0].alice)
    assert accruals.book(books.client) == 0
    assert entries(books) == []


def test_a_register_that_does_not_add_up_stops_nothing(books):
    slip = STRADDLING.payslips[0]
    tell(books, replace(STRADDLING, payslips=(replace(slip, net_pay=slip.net_pay + 1),)))
    assert accruals.book(books.client) == 0
    (one,) = accruals.unpaid(books.client, APRIL)
    assert "is not the net pay" in one.problem
    assert payroll_proof.prove(books.client, MAY).runs[0].problem


# ---- estimates -----------------------------------------------------------------------------------------------------------


def test_nothing_is_estimated_by_itself(books):
    tell(books, BEFORE)
    accruals.book(books.client)
    assert accrued(books, LAST) == WHOLE, "the known period only"


def test_an_estimate_takes_the_last_runs_daily_average(books, bob):
    tell(books, BEFORE)
    assert accruals.estimate(books.client, APRIL, by=bob) == 2
    assert accrued(books, LAST) == BOTH
    assert accrued(books, MAY.first) == reversed_of(BOTH)
    (entry,) = entries(books)
    assert (entry.posted_by, entry.reason) == (
        bob, "Estimated from the run of 2026-05-01, until the run that pays these days is known.",
    )  # fmt: skip
    assert accruals.book(books.client) == 0, "it stands while the run is not known"


def test_an_estimate_gives_way_to_the_run(books, bob):
    tell(books, BEFORE)
    accruals.estimate(books.client, APRIL, by=bob)
    tell(books, run(9, date(2026, 4, 27), date(2026, 5, 8), date(2026, 5, 15), gross=200_000))
    assert accruals.book(books.client) == 2
    actual = {number: WHOLE[number] + 2 * FOUR_DAYS[number] for number in WHOLE}
    assert (accrued(books, LAST), accrued(books, MAY.first)) == (actual, reversed_of(actual))
    first, second = entries(books)
    assert (first.reversals.count(), second.reason) == (1, "")


def test_an_estimate_that_was_right_gives_way_without_a_word(books, bob):
    tell(books, BEFORE)
    accruals.estimate(books.client, APRIL, by=bob)
    tell(books, STRADDLING)
    assert accruals.book(books.client) == 0
    assert accrued(books, LAST) == BOTH
    (one,) = accruals.unpaid(books.client, APRIL)
    assert (one.estimate, one.whole.total) == (None, 150_710)


def test_an_estimate_of_a_month_that_was_signed_stands(books, bob):
    tell(books, BEFORE)
    accruals.estimate(books.client, APRIL, by=bob)
    lock(books.client, APRIL.first)
    tell(books, STRADDLING)
    assert accruals.book(books.client) == 0
    assert accrued(books, LAST) == BOTH


def test_what_is_known_is_not_estimated(books, bob):
    tell(books, BEFORE, STRADDLING)
    with pytest.raises(AccrualError, match="Every day"):
        accruals.estimate(books.client, APRIL, by=bob)


def test_a_closed_month_takes_no_estimate(books, bob):
    tell(books, BEFORE)
    lock(books.client, APRIL.first)
    with pytest.raises(AccrualError, match="closed"):
        accruals.estimate(books.client, APRIL, by=bob)


def test_a_run_that_is_missing_between_is_said_and_not_estimated(books, bob):
    tell(books, run(5, date(2026, 3, 16), date(2026, 3, 27), date(2026, 4, 3)))
    (one,) = accruals.unpaid(books.client, APRIL)
    assert "the run between is missing" in one.problem
    assert one.known is None
    with pytest.raises(AccrualError):
        accruals.estimate(books.client, APRIL, by=bob)


def test_a_payroll_system_that_was_ended_asks_for_no_estimate(books):
    tell(books, BEFORE)
    Connection.objects.filter(pk=books.connections["gusto"].pk).update(state="disconnected")
    (one,) = accruals.unpaid(books.client, APRIL)
    assert (one.estimate, one.known.total) == (None, 107_650)


def test_an_estimate_needs_an_account_for_every_category(books, standing):
    tell(books, BEFORE)
    version = mapping.draft(books.client, by=standing[0].bob, effective_from=FIRST)
    mapping.drop_rule(version, version.rules.get(role="accrued-payroll"), by=standing[0].bob)
    mapping.approve(version, by=standing[0].alice)
    with pytest.raises(AccrualError, match="no account yet"):
        accruals.estimate(books.client, APRIL, by=standing[0].bob)


def test_the_page_offers_the_estimate_and_books_it(standing, db, client):
    world, made = standing
    with client_context(made.client.pk):
        StreamState.objects.filter(client=made.client, stream="payrolls").update(duty="prove")
        tell(made, BEFORE)
    bob = builders.sign_in(client, world.bob)
    page = bob.get("/c/kestrel/payroll/2026-04/").content.decode()
    assert "they would be 430.60" in page
    answer = bob.post("/c/kestrel/payroll/2026-04/accrue/", follow=True).content.decode()
    assert "Accrued at April 30" in answer
    assert "they would be" not in answer
    assert b"Every day" in bob.post("/c/kestrel/payroll/2026-02/accrue/", follow=True).content
    with client_context(made.client.pk):
        assert accrued(made, LAST) == BOTH
        assert Account.objects.get(number="2250", client=made.client).is_active


def test_days_of_a_weekend_ask_for_nothing(books):
    """May 2026 ends on a Sunday: a period to Friday the 29th leaves nobody unpaid for a working day."""
    tell(books, run(12, date(2026, 5, 18), date(2026, 5, 29), date(2026, 5, 29) - timedelta(0)))
    (one,) = accruals.unpaid(books.client, MAY)
    assert (one.known, one.estimate, one.problem) == (None, None, "")
