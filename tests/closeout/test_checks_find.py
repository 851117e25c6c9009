"""Each check passes on a company whose books are clean, and finds its fault, with the amount, when one is made."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clients.models import StackItem
from closeout.checks import CHECKS, Scope
from integrations.models import Connection, ControlTotal, Fact, StreamState
from integrations.records import Announced, ProcessorBalance, StatementClosed
from ledger import exceptions_inbox
from ledger.core.period import Month
from ledger.exceptions_inbox import Problem
from ledger.models import (
    Account,
    BankItem,
    JournalEntry,
    JournalLine,
    Match,
    ReportedBalance,
)
from tests.closeout.checked import books, client
from tests.scene import arrive

MARCH = Month(2026, 3)
OPENING = {"K05"}  # its opening waits for a seal, which this company has none of yet
CLEAN = [
    "K01",
    "K02",
    "K03",
    "K04",
    "K06",
    "K07",
    "K08",
    "K09",
    "K12",
    "K13",
    "K14",
    "K16",
    "K17",
    "K18",
    "K20",
    "K22",
    "K24",
    "K27",
    "K39",
    "K41",
    "K45",
    "K46",
    "K47",
]


@pytest.mark.parametrize("check_id", CLEAN)
def test_clean_books_pass(books, check_id):
    assert [(r.state, r.summary) for r in books.results(check_id) if r.state != "pass"] == []


def test_no_result_is_without_its_reason_and_its_evidence(books):
    for check in CHECKS.values():
        if not check.is_final:
            assert all(result.summary for result in check.run(Scope(books.client, MARCH, books.close)))


def test_k01_a_connection_that_is_gone(books):
    Connection.objects.filter(pk=books.connection("stripe").pk).update(state="needs_reconnect", problem="withdrawn")
    found = books.bad("K01")
    assert (found.state, found.difference) == ("fail", -1)
    assert "withdrawn" in found.summary


def test_k01_a_system_of_the_inventory_that_nobody_connected(books):
    Connection.objects.filter(pk=books.connection("gusto").pk).update(state="disconnected")
    assert StackItem.objects.filter(client=books.client, system="gusto").exists()
    assert "not connected" in books.bad("K01").summary


def test_k01_a_last_success_before_the_months_end(books):
    before = datetime(2026, 3, 31, 20, tzinfo=UTC)
    Connection.objects.filter(pk=books.connection("plaid").pk).update(last_success_at=before)
    assert books.bad("K01").state == "fail"


def test_k02_the_source_counts_one_more(books):
    stripe = books.connection("stripe")
    counted = Fact.objects.filter(connection=stripe, stream="balance_transactions", booked_on=date(2026, 3, 9)).count()
    for day in range(1, 32):
        on = date(2026, 3, day)
        n = Fact.objects.filter(connection=stripe, stream="balance_transactions", booked_on=on).count()
        ControlTotal.objects.update_or_create(
            client=books.client, connection=stripe, stream="balance_transactions", day=on, source="count", currency="USD",
            defaults={"count": n + (day == 9), "here": n, "missing": ["txn_lost"] if day == 9 else []},
        )  # fmt: skip
    found = books.bad("K02")
    assert counted > 0
    assert found.state == "fail"
    assert [item.label.rpartition(": ")[2] for item in found.items] == ["missing txn_lost"]


def test_k02_what_nobody_handled(books):
    fact = Fact.objects.filter(client=books.client, kind="Sale", booked_on=date(2026, 3, 9)).first()
    Fact.objects.filter(pk=fact.pk).update(state="new")
    assert books.bad("K02").difference == -1


def test_k02_lines_that_may_be_missing(books):
    StreamState.objects.filter(connection=books.connection("plaid")).update(complete_through=date(2026, 3, 20))
    assert books.bad("K02").state == "cannot_tell"


def test_k03_an_open_exception(books):
    problem = Problem("unknown", "one", "c", "Something", amount_minor=4_100, booked_on=date(2026, 3, 8))
    exceptions_inbox.open_problems(books.client.pk, [problem])
    found = books.bad("K03")
    assert (found.difference, found.items[0].amount) == (1, 4_100)


def test_k03_an_exception_of_a_later_month_is_not_of_this_one(books):
    problem = Problem("unknown", "one", "c", "Something", amount_minor=4_100, booked_on=date(2026, 4, 8))
    exceptions_inbox.open_problems(books.client.pk, [problem])
    assert books.results("K03")[0].state == "pass"


def test_k04_an_undecided_pair(books):
    problem = Problem("duplicate", "a=b", "c", "Twice", amount_minor=61_200, booked_on=date(2026, 3, 18))
    exceptions_inbox.open_problems(books.client.pk, [problem])
    found = books.bad("K04")
    assert (found.state, found.items[0].amount) == ("fail", 61_200)


def test_k05_an_entry_the_accounting_system_does_not_have(books):
    books.post("Utilities", "Rent", 1_234)
    found = books.bad("K05")
    assert (found.subject, found.state) == ("mirror", "fail")
    assert sorted(item.amount for item in found.items) == [-1_234, 1_234]


def test_k05_without_the_accounting_systems_report_nobody_can_tell(books):
    ReportedBalance.objects.filter(client=books.client, kind="trial-balance").update(kind="not-read")
    assert books.bad("K05").state == "cannot_tell"


def test_k06_a_bank_line_that_is_not_in_the_books(books):
    item = BankItem.objects.filter(
        client=books.client,
        feed__kind="depository",
        posted_on__range=(MARCH.first, MARCH.last),
        state="matched",
        amount_minor__lt=0,
    ).first()
    BankItem.objects.filter(pk=item.pk).update(state="open")
    Match.objects.get(members__item=item, members__is_live=True).members.update(is_live=False)
    found = books.bad("K06")
    assert found.state == "fail"
    assert item.amount_minor in [one.amount for one in found.items]
    assert books.bad("K08").difference == 1


def test_k06_a_statement_that_says_something_else(books):
    books.results("K06")
    from ledger.models import StatementBalance

    row = StatementBalance.objects.filter(client=books.client, month=MARCH.first, feed__account__name="Checking").get()
    StatementBalance.objects.filter(pk=row.pk).update(source="typed", closing_minor=row.closing_minor + 777)
    assert books.bad("K06").difference == 777


def test_k06_without_lines_to_the_months_end_nobody_can_tell(books):
    StreamState.objects.filter(connection=books.connection("plaid")).update(complete_through=date(2026, 3, 20))
    assert {result.state for result in books.results("K06")} == {"cannot_tell"}


def test_k07_a_reconciled_entry_that_was_reversed(books):
    match = Match.objects.filter(client=books.client, state="accepted", members__entry__booked_on__month=2).first()
    entry = match.members.filter(entry__isnull=False).first().entry
    books.undo(entry)
    found = books.bad("K07")
    assert found.state == "fail"
    assert "reversed after" in found.items[0].label


def test_k09_a_transfer_met_on_one_side_only(books):
    accounts = {a.pk for a in Account.objects.filter(client=books.client, name__in=["Checking", "Savings"])}
    lines = JournalLine.objects.filter(client=books.client, account_id__in=accounts, booked_on__month=3)
    by_entry = {}
    for line in lines.filter(booked_on__year=2026):
        by_entry.setdefault(line.entry_id, {})[line.account_id] = line.no
    entry_id = next(entry for entry, sides in by_entry.items() if len(sides) == 2)
    member = Match.objects.filter(members__entry_id=entry_id).first().members.get(entry_id=entry_id)
    type(member).objects.filter(pk=member.pk).update(is_live=False)
    assert books.bad("K09").difference == -1


def test_k12_a_clearing_account_somebody_touched(books):
    books.post("Stripe Clearing", "Bank Charges", 333)
    found = books.bad("K12")
    assert (found.state, found.difference) == ("fail", 333)


def test_k12_what_a_statement_still_open_holds_is_named_as_timing_of_that_amount(books):
    (before,) = books.results("K12")
    given = {"booked_on": MARCH.last, "currency": "USD"}
    arrive(
        books.client,
        "stripe",
        "balance",
        StatementClosed(external_id="s", booked_on=date(2026, 3, 20), currency="USD"),
        Announced(external_id="a", amount=4_200, **given),
        ProcessorBalance(
            external_id="end", amount=before.actual + 4_200, available=0, pending=0, is_closing=True, **given
        ),
    )
    (found,) = books.results("K12")
    assert (found.state, found.expected, found.actual) == ("pass", before.actual, before.actual)
    (named,) = [item for item in found.items if item.label.startswith("Timing")]
    assert (named.amount, named.is_open) == (4_200, False)


def test_k12_without_the_processors_balance_nobody_can_tell(books):
    Fact.objects.filter(client=books.client, kind="ProcessorBalance").update(state="superseded")
    assert books.bad("K12").state == "cannot_tell"


def test_k13_a_payout_whose_deposit_was_taken_away(books):
    arrival = JournalEntry.objects.filter(
        client=books.client, purpose="arrival", booked_on__range=(date(2026, 3, 5), date(2026, 3, 15))
    ).first()
    amount = arrival.lines.get(role="bank").net_minor
    books.undo(arrival)
    found = books.bad("K13")
    assert found.state == "fail"
    assert amount in [item.amount for item in found.items if item.is_open]


def test_k13_an_in_transit_account_somebody_touched(books):
    books.post("Payouts in Transit", "Bank Charges", 333)
    assert books.bad("K13").difference == 333


def test_k14_a_sale_that_is_not_in_the_books(books):
    entry = JournalEntry.objects.filter(
        client=books.client, source_key__contains=":balance_transactions:", booked_on=date(2026, 3, 9), purpose="sale"
    ).first()
    gross = -sum(line.net_minor for line in entry.lines.filter(role="sales"))
    books.undo(entry)
    found = books.bad("K14")
    assert -gross in [item.amount for item in found.items if item.is_open]
