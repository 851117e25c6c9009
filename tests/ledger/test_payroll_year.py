"""The payroll year and intercompany pairs: registers, returns and books side by side; two clients that mirror each other."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from clients.tenancy import client_context
from ledger import intercompany, payroll_year, posting
from ledger.core.period import Month
from ledger.models import Account, FiledReturn, IntercompanyPair
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
    assert found.unread == ("Social Security and Medicare",)
    assert found.quarters[0].form.withheld > 0
    assert found.costs
    assert sum(line.register for line in found.costs) > 0
    said = bob.get(YEAR).content.decode()
    assert "Form 941 by quarter" in said
    assert "cover two taxes in one" in said
    assert bob.get("/c/kestrel/payroll-year/1999/").status_code == 404


def test_a_return_that_was_filed_otherwise_is_shown_by_its_line(books, bob):
    held = proof(books).quarters[0].form.withheld
    given = {"form": "941", "quarter": "1", "filed_on": "2026-04-20", "line-3": str((held + 500) / 100), "line-2": ""}
    assert bob.post(f"{YEAR}returns/", given).status_code == 302
    (quarter, *_) = proof(books).quarters
    assert [(line.number, line.difference) for line in quarter.lines if line.difference] == [("3", 500)]
    assert "filed" in bob.get(YEAR).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"quarter": "5"}, {"form": "940"}, {"filed_on": ""}, {"filed_on": "2020-01-01"}, {"line-3": "x"}, {"line-3": ""}],
)
def test_what_is_no_return_is_refused(books, bob, wrong):
    given = {"form": "941", "quarter": "1", "filed_on": "2026-04-20", "line-3": "1.00"} | wrong
    bob.post(f"{YEAR}returns/", given)
    with client_context(books.client.pk):
        assert not FiledReturn.objects.exists()


@pytest.mark.parametrize("attack", ["quarter = 5", "form = 'W-3'", "quarter = 0"])
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
