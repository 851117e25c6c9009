"""Undeposited funds, open items, the payroll year and pairs of clients: each check finds its fault, with the amount."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from clients.models import Client
from integrations.models import Fact
from integrations.records import ContractorPayment
from integrations.records_json import from_json
from ledger import contractors, mapping, posting
from ledger.models import Account, FiledReturn, MirrorDocument, TimingItem
from tests.closeout.checked import books, client
from tests.scene import arrive


def states(books, check_id):
    return {result.state for result in books.results(check_id)}


@pytest.mark.parametrize("check_id", ["K11", "K23", "K25", "K28", "K38", "K44"])
def test_clean_books_are_not_found_fault_with(books, check_id):
    results = books.results(check_id)
    assert {result.state for result in results} <= {"pass", "not_applicable"}, [
        (result.summary, [item.label for item in result.items]) for result in results
    ]


def test_k11_a_receipt_that_no_deposit_took(books):
    funds = Account.objects.create(
        client=books.client, name="Undeposited Funds", type="asset", subtype="UndepositedFunds"
    )
    income = Account.objects.filter(client=books.client, type="income").first()
    for number, (day, amount) in enumerate(((date(2026, 3, 2), 40_000), (date(2026, 3, 30), 7_000))):
        lines = [posting.Line(funds.pk, amount, 0, party="Marina"), posting.Line(income.pk, 0, amount)]
        posting.post(books.client.pk, [posting.Entry(day, f"funds:{number}", "test", lines, "ledger", "Payment · 1")])
    found = books.bad("K11")
    assert [(item.amount, item.is_open) for item in found.items] == [(40_000, True), (7_000, False)]
    entry = found.items[0].key.removeprefix("line:")
    TimingItem.objects.create(
        client=books.client, kind="book-line", subject=entry, label="x", amount_minor=40_000, since=date(2026, 3, 2),
        reason="Held in the safe", expected_on=date(2026, 4, 9), noted_by=books.client.preparer,
    )  # fmt: skip
    assert states(books, "K11") == {"pass"}


def test_k23_wages_without_a_run_and_a_return_filed_otherwise(books):
    wages = min(mapping.accounts_by_role(books.client.pk, "wages", date(2026, 3, 31)))
    books.post(Account.objects.get(pk=wages).name, "Checking", 12_345)
    assert books.bad("K23").difference == 12_345
    FiledReturn.objects.create(
        client=books.client, form="941", year=2026, quarter=1, lines={"3": 1}, filed_on=date(2026, 4, 20),
        typed_by=books.client.preparer,
    )  # fmt: skip
    assert "Q1 line 3: filed otherwise" in [item.label for item in books.bad("K23").items]


def test_k23_the_returns_of_the_year_before_that_nobody_typed(books):
    """Registers of 2025 stand in the books of a client whose cut-over lies there; its returns were due on February 2, 2026."""
    runs = Fact.objects.filter(client=books.client, kind="PayrollRun", booked_on__month=1).order_by("booked_on")
    run = from_json("PayrollRun", runs[0].data)
    Client.objects.filter(pk=books.client.pk).update(cut_over_on=date(2025, 10, 1))
    books.client.refresh_from_db()
    arrive(
        books.client,
        runs[0].connection.provider,
        "payrolls",
        replace(run, external_id="of-2025", booked_on=date(2025, 12, 5)),
    )
    (found,) = books.results("K23")
    assert (found.state, found.summary) == ("cannot_tell", "Form 941 of Q4 2025 was due Feb 2 and is not typed here.")


def test_k44_a_contractor_above_the_threshold_without_a_w9(books):
    """P.L. 119-21 section 70433: 2,000.00 of 2026. Dunlin reaches it, Sanderling is a cent below."""
    paid = ContractorPayment(
        external_id="d", booked_on=date(2026, 3, 20), currency="USD", contractor="Dunlin", amount=2_000_00
    )
    below = replace(paid, external_id="s", contractor="Sanderling", amount=1_999_99)
    arrive(books.client, "gusto", "contractor_payments", paid, below)
    found = books.bad("K44")
    assert (found.state, [(item.label, item.amount) for item in found.items]) == (
        "fail", [("Dunlin has no W-9 on file", 2_000_00)],
    )  # fmt: skip
    contractors.keep_w9(
        books.client, "Dunlin", received_on=date(2026, 3, 25), name="w9.pdf", content=b"x", last_four="", kept_at="Folder",
        today=date(2026, 3, 25), by=books.client.preparer,
    )  # fmt: skip
    assert states(books, "K44") == {"pass"}


def test_k25_a_vendor_in_credit_and_a_bill_number_that_stands_twice(books):
    payable = Account.objects.filter(client=books.client, group="payable").first()
    books.post(payable.name, "Checking", 900)
    found = books.bad("K25")
    assert [item.amount for item in found.items if "in credit" in item.label] == [-900]
    connection = books.connection("quickbooks-online")
    for number in (1, 2):
        MirrorDocument.objects.create(
            client=books.client, connection=connection, external_id=f"Bill:x{number}", type="Bill", booked_on=date(2026, 3, 9),
            number="INV-7", party="Cobalt Rope Works", lines_sha256=b"x" * 32, total_minor=4_400, seen_at="2026-04-01T00:00Z",
        )  # fmt: skip
    assert ("Cobalt Rope Works INV-7 stands 2 times", 4_400) in [
        (item.label, item.amount) for item in books.bad("K25").items
    ]
