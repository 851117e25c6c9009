"""Opening balances (K05), what moved (K42) and cash (K46): proven, wrong, not there to prove, and what nobody can tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from clients.tenancy import client_context
from closeout import baseline, manifest, workflow
from closeout.checks import CHECKS, Scope
from closeout.models import Explanation, Seal
from integrations.models import Connection
from ledger.core.period import Month
from ledger.models import Account, BankFeed, Period
from ledger.refreshing import HISTORY_IS_HERE
from tests import builders
from tests.closeout import scene

DECEMBER, JANUARY, FEBRUARY, APRIL = Month(2025, 12), Month(2026, 1), Month(2026, 2), Month(2026, 4)


def results(books, check_id, month=JANUARY):
    return list(CHECKS[check_id].run(Scope(books.client, month, books.close)))


def opening(books, month=JANUARY):
    (found,) = (result for result in results(books, "K05", month) if result.subject == "opening")
    return found


def one(books, check_id, month=JANUARY):
    (found,) = results(books, check_id, month)
    return found


def post(books, debit, credit, amount, on, key):
    scene.post(books.client, [scene.entry(books.accounts, debit, credit, amount, on, key)])


def account(books, name, kind, group=""):
    books.accounts[name] = Account.objects.create(client=books.client, name=name.capitalize(), type=kind, group=group)
    return books.accounts[name]


def accounting_system(books, **settings):
    """QuickBooks is connected; ``settings`` say what of it was read."""
    return Connection.objects.create(
        client=books.client, provider="quickbooks-online", account_id="1", state="live", settings=settings
    )


def period(books, month, state):
    Period.objects.filter(client=books.client, month=month.first).update(
        state=state, changed_by=books.world.carol, reason="for the test"
    )


# ---- opening balances ----------------------------------------------------------------------------------------------------


def test_the_opening_is_the_sealed_closing_of_every_account(books):
    found = opening(books)
    assert (found.state, found.expected, found.actual) == ("pass", 4, 4)
    assert found.title == "Opening balances = December 2025 sealed"


def test_an_account_that_opens_otherwise_is_named_with_the_difference(books):
    """December was opened again, a sale booked into it and the month marked sealed without a new seal."""
    period(books, DECEMBER, "open")
    post(books, "bank", "sales", 1, date(2025, 12, 20), "late")
    period(books, DECEMBER, "sealed")
    found = opening(books)
    assert (found.state, found.expected, found.difference) == ("fail", 4, -2)
    assert {item.label: item.amount for item in found.items} == {"Operating checking": 1, "Shop sales": -1}


def test_an_account_the_seal_does_not_know_is_named_too(books):
    period(books, DECEMBER, "open")
    account(books, "savings", "asset", "bank")
    post(books, "savings", "bank", 70_000, date(2025, 12, 20), "moved")
    period(books, DECEMBER, "sealed")
    found = opening(books)
    assert (found.state, found.expected, found.difference) == ("fail", 5, -2)
    assert {item.label: item.amount for item in found.items} == {"Operating checking": -70_000, "Savings": 70_000}


def test_a_month_that_was_opened_again_is_no_opening(books):
    period(books, DECEMBER, "open")
    assert (opening(books).state, opening(books).summary) == (
        "cannot_tell", "December 2025 was opened again and is not sealed anew.",
    )  # fmt: skip


def test_a_month_that_was_not_sealed_is_no_opening(books):
    assert (opening(books, FEBRUARY).state, opening(books, FEBRUARY).summary) == (
        "cannot_tell", "January 2026 is not sealed.",
    )  # fmt: skip


def test_a_seal_that_is_not_what_was_sealed_fails(books, monkeypatch):
    monkeypatch.setattr(manifest, "sha256", lambda _text: "another")
    found = opening(books)
    assert (found.state, Seal.objects.get().code in found.summary) == ("fail", True)


@dataclass
class Young:
    """A business whose books begin in January, with nothing before."""

    client: Any
    close: Any
    accounts: Any
    world: Any


@pytest.fixture
def young(january, db):
    world = january.world
    client = builders.client(world.practice, "Wagtail Books", "wagtail", preparer=world.bob, controller=world.alice)
    with client_context(client.pk):
        accounts = {
            name: Account.objects.create(client=client, number=number, name=title, type=kind, group=group)
            for name, (number, title, kind, group) in scene.CHART.items()
        }
        books = Young(client, None, accounts, world)
        post(books, "bank", "capital", 5_000_000, date(2026, 1, 2), "begin")
        post(books, "bank", "sales", 900_000, date(2026, 1, 15), "sales")
        books.close = workflow.open_close(client, JANUARY, by=world.bob)
        yield books


def test_books_that_begin_this_month_have_no_opening(young):
    assert (opening(young).state, opening(young).summary) == ("not_applicable", "The books begin in January 2026.")


def test_an_opening_of_nothing_that_was_sealed_is_proven(young):
    baseline.seal_opening(young.client, DECEMBER, by=young.world.alice)
    assert (opening(young).state, opening(young).expected) == ("pass", 0)


def test_until_the_accounting_systems_history_is_read_nobody_can_tell_whether_books_begin(young):
    connection = accounting_system(young)
    assert (opening(young).state, opening(young).summary) == ("cannot_tell", "December 2025 is not sealed.")
    connection.settings = {HISTORY_IS_HERE: True}
    connection.save()
    assert opening(young).state == "not_applicable"


# ---- what moved ----------------------------------------------------------------------------------------------------------


def explain(books, item, amount=None):
    Explanation.objects.create(
        client=books.client, close=books.close, check_id="K42", item_key=item.key,
        amount_minor=item.amount if amount is None else amount, text="A second van.", written_by=books.world.bob,
    )  # fmt: skip


def test_what_moved_little_asks_for_nothing(books):
    """Sales of 980,000 against 900,000 are 8.9 % more; the rent is the same."""
    found = one(books, "K42")
    assert (found.state, found.items) == ("pass", ())


@pytest.mark.parametrize(
    ("extra", "asks"),
    [(10_000, False), (10_001, True)],
    ids=["a tenth of last month", "a unit more"],
)
def test_a_change_counts_above_a_tenth(books, extra, asks):
    books.client.materiality_minor = 1
    post(books, "bank", "sales", extra, date(2026, 1, 20), "more")
    assert ("Shop sales against last month" in [item.label for item in one(books, "K42").items]) is asks


@pytest.mark.parametrize(("change", "asks"), [(50_000, False), (50_001, True)], ids=["the limit", "a unit more"])
def test_a_change_counts_above_the_limit(books, change, asks):
    post(books, "rent", "bank", change, date(2026, 1, 20), "second lease")
    assert (one(books, "K42").state == "fail") is asks


def test_a_large_variance_waits_for_its_sentence_and_keeps_it_while_the_amount_stands(books):
    post(books, "rent", "bank", 60_000, date(2026, 1, 20), "second lease")
    found = one(books, "K42")
    (item,) = found.items
    assert (found.state, item.label, item.amount, found.difference) == ("fail", "Rent against last month", 60_000, -1)
    assert str(books.accounts["rent"].pk) in item.url, "it opens to the lines behind it"
    explain(books, item)
    found = one(books, "K42")
    assert (found.state, found.items[0].note) == ("pass", "A second van.")
    post(books, "rent", "bank", 1, date(2026, 1, 21), "one more")
    assert one(books, "K42").state == "fail"


def test_a_balance_nobody_else_proves_is_asked_about_at_the_months_end(books):
    post(books, "equipment", "bank", 250_000, date(2026, 1, 20), "van")
    (item,) = one(books, "K42").items
    assert (item.label, item.amount) == ("Equipment against last month", 250_000)


@pytest.mark.parametrize(
    ("kind", "group"), [("asset", "bank"), ("asset", "receivable"), ("liability", "payable"), ("liability", "card")]
)
def test_a_balance_with_a_check_of_its_own_is_not_asked_about(books, kind, group):
    account(books, "other", kind, group)
    sides = ("other", "capital") if kind == "asset" else ("capital", "other")
    post(books, *sides, 400_000, date(2026, 1, 20), "moved")
    assert [item.label for item in one(books, "K42").items] == []


def test_the_same_month_last_year_is_a_basis_too(books):
    Period.objects.filter(client=books.client).update(state="open", changed_by=books.world.carol, reason="for the test")
    post(books, "bank", "sales", 400_000, date(2025, 1, 15), "sales last year")
    labels = {item.label: item.amount for item in one(books, "K42").items}
    assert labels["Shop sales against last year"] == 580_000
    assert labels["Rent against last year"] == 250_000


def test_what_came_each_month_and_is_missing_is_asked_about_below_the_limit_too(books):
    account(books, "hosting", "expense")
    for month in (1, 2, 3):
        post(books, "hosting", "bank", 9_900, date(2026, month, 16), f"hosting {month}")
        post(books, "bank", "sales", 980_000, date(2026, month + 1, 15), f"sales {month}")
        post(books, "rent", "bank", 250_000, date(2026, month + 1, 28), f"rent {month}")
    (item,) = one(books, "K42", APRIL).items
    assert (item.label, item.amount, item.is_open) == (
        "Hosting came in each of the last 3 months and not in this one", -9_900, True,
    )  # fmt: skip
    assert one(books, "K42", Month(2026, 3)).items == ()


def test_a_usual_cost_above_the_limit_that_is_missing_is_asked_about_once(books):
    for month in (2, 3):
        post(books, "rent", "bank", 250_000, date(2026, month, 28), f"rent {month}")
    labels = [item.label for item in one(books, "K42", APRIL).items]
    assert labels.count("Rent against last month") == 1
    assert not any("Rent came" in label for label in labels)


def test_the_first_month_of_the_books_has_nothing_to_compare_with(young):
    assert one(young, "K42").state == "not_applicable"
    assert one(young, "K42", FEBRUARY).state == "fail", "everything stopped"


def test_until_the_earlier_months_are_read_nobody_can_tell_what_moved(books):
    accounting_system(books)
    assert one(books, "K42").state == "cannot_tell"
    Connection.objects.update(settings={HISTORY_IS_HERE: True})
    assert one(books, "K42").state == "pass"


# ---- cash ----------------------------------------------------------------------------------------------------------------


def feed(books, name, of=None, kind="depository"):
    bank, _ = Connection.objects.get_or_create(client=books.client, provider="plaid", account_id="b", state="live")
    return BankFeed.objects.create(
        client=books.client, connection=bank, account_key=name, name=name, kind=kind, currency="USD", account=of,
        balance_at=datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip


def test_the_statements_net_change_is_what_the_bank_accounts_moved(books):
    feed(books, "Checking", books.accounts["bank"])
    found = one(books, "K46")
    assert (found.state, found.expected, found.actual) == ("pass", 730_000, 730_000)


@pytest.mark.parametrize(("debit", "credit"), [("equipment", "bank"), ("bank", "capital"), ("rent", "capital")])
def test_cash_is_explained_whatever_moves(books, debit, credit):
    post(books, debit, credit, 123_456, date(2026, 1, 20), "moved")
    assert one(books, "K46").state == "pass"


def test_a_bank_account_the_statement_does_not_count_as_cash_is_named_with_its_movement(books):
    savings = account(books, "savings", "asset", "other-assets")
    feed(books, "Savings", savings)
    post(books, "savings", "bank", 70_001, date(2026, 1, 20), "put by")
    found = one(books, "K46")
    assert (found.state, found.difference) == ("fail", -70_001)
    assert [(item.amount, "Savings" in item.label) for item in found.items] == [(70_001, True)]


def test_a_bank_account_that_stands_for_no_account_leaves_it_untold(books):
    feed(books, "Money market")
    found = one(books, "K46")
    assert (found.state, "Money market" in found.summary) == ("cannot_tell", True)


def test_a_card_is_no_cash(books):
    card = account(books, "card", "liability", "card")
    feed(books, "Company card", card, kind="credit")
    post(books, "rent", "card", 5_000, date(2026, 1, 20), "on the card")
    assert one(books, "K46").state == "pass"


def test_books_without_a_bank_account_state_no_cash(young):
    Account.objects.filter(pk=young.accounts["bank"].pk).update(group="current-assets")
    assert one(young, "K46").state == "not_applicable"
