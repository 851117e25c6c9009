"""The payroll year and intercompany pairs: registers, returns and books side by side; two clients that mirror each other."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from clients.tenancy import client_context
from ledger import intercompany, mapping, payroll_year, payroll_year_runs, posting
from ledger.core.period import Month
from ledger.models import Account, FiledReturn, IntercompanyPair, JournalEntry
from tests import builders

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)
YEAR = "/c/kestrel/payroll-year/2026/"
PAIRS = "/c/kestrel/intercompany/2026-03/"


@pytest.fixture
def world(standing, db):
    return standing[0]


@pytest.fixture
def books(standing, db):
    return standing[1]


@pytest.fixture
def bob(world, client):
    return builders.sign_in(client, world.bob)


def proof(books):
    with client_context(books.client.pk):
        return payroll_year.prove(books.client, 2026, through=MARCH.last)


def test_registers_and_books_of_the_year_stand_side_by_side(books, bob):
    found = proof(books)
    assert found.runs > 0
    assert found.unread == ()
    assert found.quarters[0].form.withheld > 0
    assert found.costs
    assert sum(line.register for line in found.costs) > 0
    said = bob.get(YEAR).content.decode()
    assert "Form 941 by quarter" in said
    assert (
        "Line 7 of Q1 is more than fractions of cents" in said
    )  # the scene's registers hold the employer's half alone
    assert bob.get("/c/kestrel/payroll-year/1999/").status_code == 404


def test_line_13_is_what_the_pulls_took_and_line_14_what_is_still_owed(books):
    """Of the runs of March 6 and 20 the first one's taxes left the bank; the second was typed by hand and is not pulled."""
    found = proof(books)
    lines = {line.number: (line.low, line.high) for line in found.quarters[0].lines}
    first, second = found.quarters[0].days.values()
    assert lines["13"] == (first, first)
    assert lines["14"] == (second, second)
    assert (lines["15"], lines["16 month 3"]) == ((0, 0), (first + second, first + second))
    (period,) = found.quarters[0].periods
    (deposit,) = found.deposits.of_941.of(period)
    assert (period.outstanding, period.due.due_on) == (second, date(2026, 4, 15))
    with client_context(books.client.pk):
        assert JournalEntry.objects.get(client=books.client, pk=deposit.entry_id).purpose == "cash"


def remit(books, account, amount, day, key="tax"):
    """The client pays a tax itself, as its accounting system shows it."""
    with client_context(books.client.pk):
        lines = [posting.Line(books.account(account).pk, amount, 0), posting.Line(books.account("1010").pk, 0, amount)]
        entry = posting.Entry(day, f"remit-{key}", "manual", lines, origin="manual")
        posting.post(books.client.pk, [entry])


def test_a_payment_on_an_account_of_federal_taxes_alone_is_a_deposit(books):
    """2210 holds federal income tax, Social Security and Medicare and nothing else."""
    owed = proof(books).quarters[0].periods[0].outstanding
    remit(books, "2210", owed - 1_00, date(2026, 3, 25))
    (period,) = proof(books).quarters[0].periods
    assert (period.outstanding, [one.is_pull for one in proof(books).deposits.of_941.of(period)]) == (
        1_00,
        [True, False],
    )


def test_what_pays_the_taxes_of_the_year_before_is_no_deposit_of_this_one(books, monkeypatch):
    """50.00 were owed on 2210 at the end of February 2026, before the first run; 60.00 paid in March are 10.00 of this quarter's."""
    monkeypatch.setattr(books.client, "cut_over_on", date(2026, 3, 1))
    with client_context(books.client.pk):
        lines = [posting.Line(books.account("3000").pk, 50_00, 0), posting.Line(books.account("2210").pk, 0, 50_00)]
        posting.post(books.client.pk, [posting.Entry(date(2026, 2, 28), "owed", "manual", lines, origin="manual")])
    remit(books, "2210", 60_00, date(2026, 3, 25))
    assert [one.amount for one in proof(books).deposits.of_941.deposits if not one.is_pull] == [10_00]


def test_runs_before_the_cut_over_leave_their_deposits_open(books, monkeypatch):
    """Registers of March 6 lie before a cut-over on March 10: whether those taxes were deposited is not in these books."""
    monkeypatch.setattr(books.client, "cut_over_on", date(2026, 3, 10))
    found = proof(books)
    first, second = found.quarters[0].form.days.values()
    line = next(line for line in found.quarters[0].lines if line.number == "13")
    assert (line.low, line.high) == (0, first)
    assert [one.due.liability for one in found.quarters[0].periods] == [second]


def test_a_payment_on_an_account_of_several_taxes_counts_where_it_is_what_was_due(world, books, bob):
    with client_context(books.client.pk):
        version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 1, 1))
        mapping.set_rule(
            version, role="ee-tax-payable", key="State income tax", account=books.account("2210"), by=world.bob
        )
        mapping.approve(version, by=world.alice)
    owed = proof(books).quarters[0].periods[0].outstanding
    remit(books, "2210", owed + 2_00, date(2026, 3, 25), "other")
    found = proof(books)
    assert [one.amount for one in found.deposits.undivided] == [owed + 2_00]
    line = next(line for line in found.quarters[0].lines if line.number == "13")
    assert line.high - line.low == owed + 2_00
    assert "Payments on accounts of several taxes" in bob.get(YEAR).content.decode()
    remit(books, "2210", owed, date(2026, 3, 26))
    found = proof(books)
    assert ([one.amount for one in found.deposits.undivided], found.quarters[0].periods[0].outstanding) == (
        [owed + 2_00],
        0,
    )


@pytest.mark.parametrize(("line_12", "kind"), [("12,500.00", "monthly"), ("12,500.01", "semiweekly")])
def test_the_typed_returns_of_the_lookback_period_say_which_depositor(books, bob, line_12, kind):
    assert proof(books).deposits.kind is None
    assert "Monthly or semiweekly depositor: cannot be told yet" in bob.get(YEAR).content.decode()
    for year, quarter in ((2024, 3), (2024, 4), (2025, 1), (2025, 2)):
        given = {"form": "941", "quarter": str(quarter), "filed_on": f"{year}-12-01", "line-12": line_12}
        bob.post(f"/c/kestrel/payroll-year/{year}/returns/", given)
    found = proof(books)
    assert found.deposits.kind == kind
    assert len(found.deposits.of_941.periods) == {"monthly": 1, "semiweekly": 2}[kind]
    assert ("Schedule B, liability by day" in bob.get(f"{YEAR}runs/1/").content.decode()) is (kind == "semiweekly")


def test_a_figure_opens_to_its_runs_and_they_to_register_and_entry(books, bob):
    said = bob.get(f"{YEAR}runs/1/").content.decode()
    with client_context(books.client.pk):
        rows, total = payroll_year_runs.runs_of(books.client, 2026, 1, through=MARCH.last)
    assert total.line_10 == proof(books).quarters[0].form.line_10
    assert rows[0].entry_id
    for row in rows:
        assert f"/source/{row.fact.pk}/" in said or f"/sources/{row.fact.pk}/" in said
    assert f"/entries/{rows[0].entry_id}/" in said
    assert f"/entries/{rows[0].pull.entry_id}/" in said
    assert bob.get(f"{YEAR}runs/0/").status_code == 200
    assert "No run in Q2 2026" in bob.get(f"{YEAR}runs/2/").content.decode()
    assert bob.get(f"{YEAR}runs/5/").status_code == 404


def test_form_940_takes_a_credit_reduction_only_as_typed(books, bob):
    assert "No credit reduction is given" in bob.get(YEAR).content.decode()
    before = proof(books).unemployment.form
    given = {"form": "940", "quarter": "0", "filed_on": "2027-01-20", "line-11": "63.00", "line-8": "84.01"}
    assert bob.post(f"{YEAR}returns/", given).status_code == 302
    after = proof(books).unemployment
    assert (before.line_11, before.line_12 + 63_00) == (None, after.form.line_12)
    assert [(line.number, line.difference) for line in after.lines if line.difference] == [("8", 1)]


def test_a_return_that_was_filed_otherwise_is_shown_by_its_line(books, bob):
    held = proof(books).quarters[0].form.withheld
    given = {"form": "941", "quarter": "1", "filed_on": "2026-04-20", "line-3": str((held + 500) / 100), "line-2": ""}
    assert bob.post(f"{YEAR}returns/", given).status_code == 302
    (quarter, *_) = proof(books).quarters
    assert [(line.number, line.difference) for line in quarter.lines if line.difference] == [("3", 500)]
    assert "filed" in bob.get(YEAR).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"quarter": "5"},
        {"form": "940"},
        {"form": "944"},
        {"filed_on": ""},
        {"filed_on": "2020-01-01"},
        {"line-3": "x"},
        {"line-3": ""},
    ],
)
def test_what_is_no_return_is_refused(books, bob, wrong):
    given = {"form": "941", "quarter": "1", "filed_on": "2026-04-20", "line-3": "1.00"} | wrong
    bob.post(f"{YEAR}returns/", given)
    with client_context(books.client.pk):
        assert not FiledReturn.objects.exists()


@pytest.mark.parametrize("attack", ["quarter = 5", "form = 'W-3'", "form = '940'", "quarter = 0"])
def test_the_database_holds_the_period_of_a_return(world, books, attack):
    with client_context(books.client.pk):
        FiledReturn.objects.create(
            client=books.client,
            form="941",
            year=2026,
            quarter=1,
            lines={},
            filed_on=date(2026, 4, 20),
            typed_by=world.bob,
        )
        with (
            pytest.raises(IntegrityError, match="return_of_its_period"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE ledger_filedreturn SET {attack}")


@pytest.fixture
def partner(world, books):
    """Another client of the practice with an account of what it owes Kestrel, and a month in which one side forgot."""
    other = world.brambling
    with client_context(other.pk):
        due = Account.objects.create(client=other, name="Due to Kestrel", type="liability")
        rent = Account.objects.create(client=other, name="Rent", type="expense")
        lines = [posting.Line(rent.pk, 50_000, 0), posting.Line(due.pk, 0, 50_000)]
        posting.post(other.pk, [posting.Entry(date(2026, 2, 10), "pair", "manual", lines, origin="manual")])
    with client_context(books.client.pk):
        ours = Account.objects.create(client=books.client, name="Due from partner", type="asset")
        lines = [posting.Line(ours.pk, 50_000, 0), posting.Line(books.account("4010").pk, 0, 50_000)]
        posting.post(books.client.pk, [posting.Entry(date(2026, 3, 2), "pair", "manual", lines, origin="manual")])
    return other, due, ours


def test_a_pair_shows_the_months_in_which_one_side_forgot(world, books, partner):
    other, due, ours = partner
    with client_context(books.client.pk):
        intercompany.pair(books.client, ours, other, due.pk, by=world.alice)
        (proof_,) = intercompany.prove(books.client, MARCH)
        assert proof_.difference == 0
        assert [(str(one.month), one.difference) for one in proof_.off_months] == [
            ("2026-02", -50_000),
            ("2026-03", 50_000),
        ]
        (earlier,) = intercompany.prove(books.client, MARCH.previous)
        assert earlier.difference == -50_000
        with pytest.raises(intercompany.PairError, match="in a pair already"):
            intercompany.pair(books.client, ours, other, due.pk, by=world.alice)
    with client_context(other.pk):
        (mirrored,) = IntercompanyPair.objects.filter(client=other)
        assert (mirrored.partner_id, mirrored.partner_account_id) == (books.client.pk, ours.pk)
        assert [one.difference for one in intercompany.prove(other, MARCH)] == [0]
        intercompany.part(mirrored, by=world.alice)
    with client_context(books.client.pk):
        assert not IntercompanyPair.objects.exists()


def test_income_is_paired_with_expense_and_proven_over_twelve_months(world, books, partner):
    """What Kestrel earned from its partner is what the partner spent; a balance is never paired with either."""
    other, due, _ours = partner
    with client_context(other.pk):
        rent = Account.objects.get(client=other, name="Rent")
    with client_context(books.client.pk):
        let = Account.objects.create(client=books.client, name="Rent from partner", type="income")
        lines = [posting.Line(books.account("1010").pk, 40_000, 0), posting.Line(let.pk, 0, 40_000)]
        posting.post(books.client.pk, [posting.Entry(date(2026, 2, 12), "let", "manual", lines, origin="manual")])
        with pytest.raises(intercompany.PairError, match="income with expense"):
            intercompany.pair(books.client, let, other, due.pk, by=world.alice)
        intercompany.pair(books.client, let, other, rent.pk, by=world.alice)
        (proof_,) = intercompany.prove(books.client, MARCH)
        assert (proof_.ours, proof_.theirs, proof_.difference) == (-40_000, 50_000, 10_000)
        (later,) = intercompany.prove(books.client, MARCH.shift(12))
        assert (later.ours, later.theirs) == (0, 0)


def test_pairs_are_made_and_seen_only_by_those_who_see_both_clients(world, books, partner, bob):
    other, due, ours = partner
    controller = builders.sign_in(type(bob)(), world.alice)
    given = {"partner": other.slug, "account": ours.pk, "theirs": due.pk}
    assert bob.post(f"{PAIRS}pair/", given).status_code == 404
    assert other.name not in bob.get(PAIRS).content.decode()
    assert controller.post(f"{PAIRS}pair/", given).status_code == 302
    assert "Due to Kestrel" in controller.get(PAIRS).content.decode()
    said = bob.get(PAIRS).content.decode()
    assert "1 pair with clients that you do not see" in said
    assert "Due to Kestrel" not in said


@pytest.mark.parametrize("field", ["account_id", "partner_account_id"])
def test_the_database_keeps_each_side_of_a_pair_to_its_client(world, books, partner, field):
    other, due, ours = partner
    with client_context(books.client.pk):
        intercompany.pair(books.client, ours, other, due.pk, by=world.alice)
        wrong = due.pk if field == "account_id" else ours.pk
        values = {"account_id": ours.pk, "partner_account_id": due.pk} | {field: wrong}
        IntercompanyPair.objects.filter(client=books.client).delete()
        row = [books.client.pk, values["account_id"], other.pk, values["partner_account_id"], world.alice.pk]
        names = "client_id, account_id, partner_id, partner_account_id, made_by_id, made_at"
        attack = f"INSERT INTO ledger_intercompanypair ({names}) VALUES (%s, %s, %s, %s, %s, now())"
        refused = pytest.raises(IntegrityError, match="intercompany_account_of")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attack, row)
