"""The list of balance-sheet accounts, one account's page, the timing register and the bank rules, as people use them."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from clients.tenancy import client_context
from ledger import standing as accounts
from ledger import timing
from ledger.core.period import Month
from ledger.models import Account, BankFeed, BankRule, ReconciliationDuty, StatedBalance, StatementBalance, TimingItem
from tests import builders
from tests.ledger import scene

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)
MONTH = "/c/kestrel/reconciliation/2026-03/"
RULES = "/c/kestrel/bank-rules/"


@pytest.fixture
def books(standing, db):
    return standing[1]


@pytest.fixture
def bob(standing, client):
    return builders.sign_in(client, standing[0].bob)


@pytest.fixture
def alice(standing):
    from django.test import Client

    return builders.sign_in(Client(), standing[0].alice)


def rows(books):
    with client_context(books.client.pk):
        return {row.account.number: row for row in accounts.accounts(books.client, MARCH)}


def first(books, model, **fields):
    with client_context(books.client.pk):
        return model.objects.filter(**fields).first()


def test_every_account_that_holds_something_is_listed_with_what_is_said_of_it(books, bob):
    found = rows(books)
    assert found["1010"].said.source == "Statement, typed"
    assert {row.state for row in found.values()} <= {"pass", "fail", "unknown", "idle"}
    said = bob.get(MONTH).content.decode()
    assert "Every balance-sheet account at the end of March 2026" in said
    assert all(escape(str(row.account)) in said for row in found.values())
    assert "Not proven" in bob.get(f"{MONTH}?show=open").content.decode()


def unproven(books):
    """An account that holds something and of which nothing is said."""
    return next(row for row in rows(books).values() if row.state == "unknown" and row.position is None)


def test_a_balance_typed_with_its_paper_proves_an_account_to_its_tolerance(books, bob):
    row = unproven(books)
    page, number = f"{MONTH}accounts/{row.account.pk}/", row.account.number
    given = {"amount": str((row.book - 3) / 100), "ends_on": "2026-03-31", "support": "Lender's letter"}
    assert bob.post(f"{page}balance/", given).status_code == 302
    assert (rows(books)[number].difference, rows(books)[number].state) == (3, "fail")
    assert bob.post(f"{page}duty/", {"owner": "", "due_days": "3", "tolerance": "0.05"}).status_code == 302
    now = rows(books)[number]
    assert (now.state, now.tolerance, str(now.due), str(now.last)) == ("pass", 5, "2026-04-03", "2026-03-31")
    assert "Lender&#x27;s letter" in bob.get(page).content.decode()


def test_a_typed_balance_of_an_earlier_day_is_rolled_forward(books, bob):
    row = next(one for one in rows(books).values() if one.said is None and one.moved)
    with client_context(books.client.pk):
        later = sum(
            line.net_minor for line in row.account.lines.filter(booked_on__gt="2026-03-10", booked_on__lte="2026-03-31")
        )
    sign = 1 if row.account.debit_is_positive else -1
    given = {"amount": str((row.book - sign * later) / 100), "ends_on": "2026-03-10", "support": "Count"}
    assert bob.post(f"{MONTH}accounts/{row.account.pk}/balance/", given).status_code == 302
    assert rows(books)[row.account.number].difference == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"amount": "x", "ends_on": "2026-03-31", "support": "a"}, "That is no amount."),
        ({"amount": "1", "ends_on": "2026-04-01", "support": "a"}, "must be of a day in March 2026"),
        ({"amount": "1", "ends_on": "2026-03-31", "support": " "}, "This field is required."),
    ],
)
def test_what_cannot_be_a_balance_is_refused_by_its_field_and_nothing_is_lost(books, bob, given, said):
    row = unproven(books)
    answer = bob.post(f"{MONTH}accounts/{row.account.pk}/balance/", given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert f'value="{given["amount"]}"' in answer.content.decode()
    assert first(books, StatedBalance) is None


def test_the_list_asks_the_same_number_of_queries_for_any_number_of_accounts(standing, books):
    with client_context(books.client.pk):
        accounts.accounts(books.client, MARCH)
        with CaptureQueriesContext(connection) as few:
            accounts.accounts(books.client, MARCH)
        for number in range(40):
            more = Account.objects.create(
                client=books.client, name=f"Deposit {number}", number=f"19{number}", type="asset"
            )
            common = {"client": books.client, "account": more}
            ReconciliationDuty.objects.create(**common, changed_by=standing[0].bob)
            StatedBalance.objects.create(
                **common, month=MARCH.first, ends_on=MARCH.last, amount_minor=0, support="x", typed_by=standing[0].bob
            )
        with CaptureQueriesContext(connection) as many:
            assert len(accounts.accounts(books.client, MARCH)) > 40
    assert len(many) == len(few)


def test_the_register_lists_what_is_in_transit_and_keeps_what_is_noted(books, bob):
    with client_context(books.client.pk):
        found = timing.register(books.client, MARCH)
    assert {row.kind for row in found} >= {timing.PAYOUT}
    row = next(row for row in found if not row.cleared_on)
    page = f"{MONTH}timing/"
    assert row.label in bob.get(page).content.decode()
    bob.post(f"{page}note/", {"item": f"{row.note_kind}/{row.subject}", "reason": "", "expected_on": "2026-04-20"})
    assert first(books, TimingItem) is None
    bob.post(
        f"{page}note/",
        {"item": f"{row.note_kind}/{row.subject}", "reason": "Bank holiday", "expected_on": "2026-04-20"},
    )
    with client_context(books.client.pk):
        (noted,) = [one for one in timing.register(books.client, MARCH) if one.note]
    assert (noted.subject, noted.reason, str(noted.expected_on), noted.is_explained) == (
        row.subject,
        "Bank holiday",
        "2026-04-20",
        True,
    )
    assert bob.post(f"{page}note/", {"item": "payout/none", "reason": "x"}).status_code == 404
    assert "Bank holiday" in bob.get(f"{page}?format=csv").content.decode()


def test_a_rule_is_tried_kept_let_and_stopped(books, bob, alice):
    account = books.account("6310")
    given = {
        "words": "FERRY CROSSING",
        "direction": "out",
        "least": "",
        "most": "",
        "account": str(account),
        "party": "Ferry",
        "role": "prepaid",
    }
    tried = bob.post(f"{RULES}new/", given | {"try": ""}).content.decode()
    assert "It meets 1 line known so far" in tried
    assert first(books, BankRule, words="FERRY CROSSING") is None
    assert bob.post(f"{RULES}new/", given | {"keep": ""}).status_code == 302
    rule = first(books, BankRule, words="FERRY CROSSING")
    assert bob.post(f"{RULES}{rule.pk}/book/").status_code == 403
    assert alice.post(f"{RULES}{rule.pk}/book/").status_code == 302
    assert first(books, BankRule, words="FERRY CROSSING").is_automatic
    assert "Prepaid expenses" in bob.get(RULES).content.decode()
    bob.post(f"{RULES}{rule.pk}/stop/")
    assert not first(books, BankRule, words="FERRY CROSSING").is_active
    assert bob.get(RULES).context["rules"] == [first(books, BankRule, words="MONTHLY SERVICE FEE")]
    assert bob.post(f"{RULES}new/", given | {"words": "A", "keep": ""}).status_code == 422


def test_a_finished_month_is_reopened_on_its_page_and_says_what_changed(books, bob):
    with client_context(books.client.pk):
        feed = BankFeed.objects.get(client=books.client, account_key="sav")
        book = rows(books)["1020"].book
    page = f"{MONTH}{feed.pk}/"
    bob.post(f"{page}statement/", {"closing": str(book / 100), "ends_on": ""})
    bob.post(f"{page}finish/")
    assert first(books, StatementBalance, feed=feed).finished_at
    with client_context(books.client.pk):
        scene.mirrored(books, "Transfer", MARCH.last, "", "", ("1020", 700), ("1010", -700), memo="Late transfer")
    said = bob.get(page).content.decode()
    assert "Changed since it was prepared" in said
    assert "Added" in said
    bob.post(f"{page}reopen/", {"reason": ""})
    assert first(books, StatementBalance, feed=feed).finished_at
    bob.post(f"{page}reopen/", {"reason": "A late transfer."})
    assert first(books, StatementBalance, feed=feed).finished_at is None


@pytest.mark.parametrize(
    ("attack", "name"),
    [
        ("UPDATE ledger_reconciliationduty SET tolerance_minor = -1", "duty_tolerance_not_negative"),
        ("UPDATE ledger_reconciliationduty SET due_days = 91", "duty_due_soon"),
        ("UPDATE ledger_statedbalance SET ends_on = '2026-04-01'", "stated_within_its_month"),
        ("UPDATE ledger_statedbalance SET support = ''", "stated_has_support"),
        ("UPDATE ledger_statedbalance SET month = '2026-03-02'", "stated_"),
    ],
)
def test_the_database_holds_what_people_say_of_an_account(standing, books, db, attack, name):
    with client_context(books.client.pk):
        account, by = books.account("1030") if "1030" in books.accounts else books.account("2010"), standing[0].bob
        common = {"client": books.client, "account": account}
        ReconciliationDuty.objects.create(**common, changed_by=by)
        StatedBalance.objects.create(
            **common, month=MARCH.first, ends_on=MARCH.last, amount_minor=1, support="x", typed_by=by
        )
        with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attack)
