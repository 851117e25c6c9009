"""The checks of payroll, payables, the books and the review find their fault, with the amount, when one is made."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from closeout.models import Explanation, Question
from integrations.models import Fact
from integrations.records_json import from_json
from ledger import posting
from ledger.core.period import Month
from ledger.models import (
    Account,
    ChangedAfterClose,
    JournalEntry,
    JournalLine,
    MirrorDocument,
    ReportedBalance,
)
from tests.closeout.checked import books, client
from tests.scene import arrive
from tests.scene import close as lock

MARCH = Month(2026, 3)


def payroll_entry(client):
    return JournalEntry.objects.filter(client=client, purpose="payroll", booked_on__month=3).order_by("id").first()


def test_k16_and_k17_a_run_that_is_not_posted(books):
    books.undo(payroll_entry(books.client))
    assert books.bad("K16").difference == -1
    assert books.bad("K17").state == "fail"


def test_k16_a_run_that_somebody_typed_as_well(books):
    entry = payroll_entry(books.client)
    wages = entry.lines.filter(role="wages").select_related("account")
    lines = [posting.Line(line.account_id, line.debit_minor, line.credit_minor) for line in wages]
    total = sum(line.debit - line.credit for line in lines)
    checking = Account.objects.get(client=books.client, name="Checking")
    typed = posting.Entry(
        entry.booked_on, "typed", "mirror", [*lines, posting.Line(checking.pk, 0, total)], "ledger", "JournalEntry · 1"
    )
    posting.post(books.client.pk, [typed])
    found = books.bad("K16")
    assert "twice" in found.items[0].label
    assert books.bad("K20").difference == 1


def test_k17_a_wage_that_is_wrong_in_the_books(books):
    entry = payroll_entry(books.client)
    lines = [posting.Line(x.account_id, x.debit_minor, x.credit_minor, x.role, x.key) for x in entry.lines.all()]
    wage = next(i for i, x in enumerate(lines) if x.role == "wages" and x.debit)
    tax = next(i for i, x in enumerate(lines) if x.role == "net-pay-clearing" and x.credit)
    for i, (debit, credit) in ((wage, (4_218, 0)), (tax, (0, 4_218))):
        old = lines[i]
        lines[i] = posting.Line(old.account_id, old.debit - debit, old.credit - credit, old.role, old.key)
    books.undo(entry)
    again = posting.Entry(entry.booked_on, entry.source_key, "payroll", lines, revision=entry.revision + 1)
    posting.post(books.client.pk, [again])
    found = books.bad("K17")
    assert found.difference == -2
    assert sorted(item.amount for item in found.items) == [-4_218, 4_218]


def test_k18_a_pull_the_bank_does_not_show(books):
    pull = JournalEntry.objects.filter(
        client=books.client, purpose="cash", source_key__contains=":pull:", booked_on__month=3
    ).first()
    amount = -pull.lines.get(role="bank").net_minor
    books.undo(pull)
    found = books.bad("K18")
    assert (found.state, found.difference) == ("fail", -amount)


def test_k19_a_tax_outside_its_band(books):
    """The register came again with 10.00 more of one employer tax than wages allow."""
    fact = Fact.objects.filter(
        client=books.client, kind="PayrollRun", booked_on__range=(MARCH.first, MARCH.last)
    ).first()
    run = from_json(fact.kind, fact.data)
    slip = run.payslips[0]
    taxes = tuple(
        replace(tax, amount=tax.amount + 1_000) if "Social Security" in tax.name else tax for tax in slip.employer_taxes
    )
    arrive(
        books.client,
        "gusto",
        "payrolls",
        replace(run, payslips=(replace(slip, employer_taxes=taxes), *run.payslips[1:])),
    )
    (item,) = books.bad("K19").items
    assert slip.employee in item.label
    assert 0 < item.amount <= 1_000, "over what its highest wage allows"


def test_k20_somebody_books_wages_by_hand(books):
    wages = Account.objects.filter(client=books.client, name__startswith="Wages – ").first()
    books.post(wages.name, "Checking", 5_000)
    found = books.bad("K20")
    assert (found.state, found.items[0].amount) == ("fail", 5_000)
    Explanation.objects.create(
        client=books.client, close=books.close, check_id="K20", item_key=found.items[0].key, amount_minor=5_000,
        text="A bonus paid by cheque.", written_by=books.client.preparer,
    )  # fmt: skip
    assert books.results("K20")[0].state == "pass"


def test_k22_a_liability_somebody_touched(books):
    books.post("Garnishments Payable", "Bank Charges", 333)
    found = books.bad("K22")
    assert (found.state, found.difference) == ("fail", -333)


def test_k22_a_deposit_that_did_not_leave_the_bank_by_its_day(books):
    pulls = JournalEntry.objects.filter(client=books.client, purpose="cash", source_key__contains=":tax:")
    pull = pulls.filter(booked_on__month=2).order_by("id").first()
    books.undo(pull)
    found = books.bad("K22")
    (item,) = [item for item in found.items if item.key.startswith("deposit:")]
    federal = pull.lines.filter(key__in=["Federal Income Tax", "Social Security", "Medicare"])
    assert item.amount == sum(line.debit_minor for line in federal)
    assert "were due Mar 16 and are not deposited" in item.label


@pytest.mark.parametrize(
    ("check_id", "kind", "debit", "credit", "difference"),
    [
        ("K24", "open-payable", "Utilities", "Accounts Payable", 900),
        ("K27", "open-receivable", "Accounts Receivable", "Wholesale Sales", 900),
    ],
)
def test_k24_and_k27_a_control_account_without_its_document(books, check_id, kind, debit, credit, difference):
    books.post(debit, credit, 900)
    assert books.bad(check_id).difference == difference


@pytest.mark.parametrize(
    ("check_id", "kind", "debit", "credit"),
    [
        ("K24", "open-payable", "Utilities", "Accounts Payable"),
        ("K27", "open-receivable", "Accounts Receivable", "Wholesale Sales"),
    ],
)
def test_k24_and_k27_name_the_party_that_differs(books, check_id, kind, debit, credit):
    row = ReportedBalance.objects.filter(client=books.client, kind=kind, on_date=MARCH.last).first()
    agreed = {item.label for item in books.results(check_id)[0].items}
    ids = dict(Account.objects.filter(client=books.client, name__in=[debit, credit]).values_list("name", "id"))
    lines = [posting.Line(ids[debit], 900, party=row.name), posting.Line(ids[credit], 0, 900, party=row.name)]
    entry = posting.Entry(date(2026, 3, 17), "test:party", "test", lines, origin="ledger", memo="Bill · 77")
    pk = posting.post(books.client.pk, [entry]).ids[0]
    (item,) = [item for item in books.bad(check_id).items if item.label not in agreed]
    assert item.label.startswith(f"{row.name}: ")
    assert (item.amount, item.is_open) == (900, True)
    assert item.url.endswith(f"/entries/{pk}/")


def test_k24_a_bill_on_another_vendor_is_shown_though_the_totals_agree(books):
    row = ReportedBalance.objects.filter(client=books.client, kind="open-payable", on_date=MARCH.last).first()
    control = Account.objects.get(client=books.client, name="Accounts Payable")
    lines = [posting.Line(control.pk, 900, party=row.name), posting.Line(control.pk, 0, 900, party="Somebody Else")]
    posting.post(
        books.client.pk, [posting.Entry(date(2026, 3, 17), "test:other", "test", lines, origin="ledger", memo="x")]
    )
    (found,) = books.results("K24")
    shown = {item.label.partition(":")[0]: (item.amount, item.is_open) for item in found.items}
    assert found.state == "pass"
    assert (shown["Somebody Else"], shown[row.name]) == ((900, False), (-900, False))


def test_k24_without_the_open_items_nobody_can_tell(books):
    ReportedBalance.objects.filter(client=books.client, kind="open-payable").update(kind="not-read")
    assert books.bad("K24").state == "cannot_tell"


def test_k39_something_left_in_suspense(books):
    books.post("Ask My Accountant", "Checking", 1_999)
    found = books.bad("K39")
    assert (found.state, found.difference) == ("fail", 1_999)


def test_k41_an_account_on_the_wrong_side(books):
    balance = -sum(
        line.net_minor for line in JournalLine.objects.filter(client=books.client, account__name="Garnishments Payable")
    )
    books.post("Garnishments Payable", "Bank Charges", balance + 50_000)
    found = books.bad("K41")
    assert [item.label for item in found.items] >= ["Garnishments Payable"]


def test_k42_variances_wait_for_their_sentences(books):
    found = books.bad("K42")
    assert (found.state, found.difference) == ("fail", -found.expected)
    assert all(item.amount for item in found.items)


def test_k45_an_entry_by_hand_without_a_second_person(books):
    books.post("Utilities", "Rent", 70_000, origin="manual", memo="moved")
    found = books.bad("K45")
    assert (found.state, found.items[0].amount, found.difference) == ("fail", 70_000, -1)


def test_k46_cash_is_explained_whatever_moves(books):
    books.post("Utilities", "Checking", 70_000)
    assert books.results("K46")[0].state == "pass"


def test_k47_an_open_question_above_the_limit(books):
    Question.objects.create(
        client=books.client,
        month=MARCH.first,
        text="What was this?",
        amount_minor=60_000,
        asked_by=books.client.preparer,
    )
    found = books.bad("K47")
    assert (found.state, found.items[0].amount) == ("fail", 60_000)


def test_k48_a_change_of_a_closed_month(books):
    lock(books.client, date(2026, 1, 1), date(2026, 2, 1))
    assert books.results("K48")[0].state == "pass"
    document = MirrorDocument.objects.filter(client=books.client, booked_on__month=2).first()
    ChangedAfterClose.objects.create(
        client=books.client, document=document, month=date(2026, 2, 1), kind="changed", amount_minor=35_000
    )
    found = books.bad("K48")
    assert (found.state, found.items[0].amount) == ("fail", 35_000)


def test_k48_before_any_month_is_signed_it_does_not_apply(books):
    assert books.results("K48")[0].state == "not_applicable"
