"""Payroll proven: register = ledger by category, pulls = bank, liabilities roll forward; a difference of one cent is named."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from clients.tenancy import client_context
from integrations.models import Fact
from integrations.records import ContractorPayment, LedgerDocument, LedgerLine
from ledger import (
    booking,
    corrections,
    expected,
    matches,
    mirror,
    payroll_bridge,
    payroll_proof,
    payroll_year,
    posting,
    reconciling,
    reports,
)
from ledger.core import payroll_returns
from ledger.core.period import Month
from ledger.models import BankItem, ChangedAfterClose, JournalEntry, OutboxItem, OutboxMember
from tests import builders
from tests.ledger import scene
from tests.ledger.bank_desk import bob, books, match_of, printed, state
from tests.scene import arrive

pytestmark = pytest.mark.django_db
MARCH, APRIL = Month(2026, 3), Month(2026, 4)
PAID = date(2026, 4, 10)
RUN = scene.run(7, PAID, 1_500_000, 1_130_769)


def tell(books, *runs):
    arrive(books.client, "gusto", "payrolls", *runs)
    booking.book(books.client)


def pulled(books, run=RUN, key=""):
    """The bank shows the run's two pulls on the day before pay day."""
    for kind, amount in (("NET", run.net_pay_pull), ("TAX", run.tax_pull)):
        printed(books, run.debit_on, -amount, f"GUSTO {kind} 9{key}", f"g-{kind}{key}")
    reconciling.suggest(books.client)


def prove(books, month=APRIL):
    return payroll_proof.prove(books.client, month)


def own_entry(books):
    return JournalEntry.objects.get(client=books.client, purpose="payroll", booked_on=PAID, reverses=None)


def carried(books, entry):
    """Our entry as the document that carries it to the accounting system, posted there as Journal 900."""
    item = OutboxItem.objects.create(
        client=books.client, connection=books.connections["quickbooks-online"], type="JournalEntry", booked_on=PAID,
        group_key=f"entry:{entry.pk}", marker="TO260410-AB", payload="{}", payload_sha256=b"x" * 32,
        request_id="00000000-0000-4000-8000-000000000900", state="posted", external_id="JournalEntry:900", total_minor=1,
        approved_by=books.client.controller,
    )  # fmt: skip
    OutboxMember.objects.create(client=books.client, outbox=item, entry=entry)
    lines = entry.lines.select_related("account")
    return [LedgerLine(account_id=x.account.external_id, debit=x.debit_minor, credit=x.credit_minor) for x in lines]


def shown(books, lines):
    """What the accounting system's ledger shows of April: our journal with these lines."""
    document = LedgerDocument(
        external_id="JournalEntry:900", booked_on=PAID, currency="USD", type="JournalEntry", number="TO260410-AB", lines=tuple(lines)
    )  # fmt: skip
    mirror.take_month(books.client, books.connections["quickbooks-online"], APRIL, [document])


def moved(lines, from_, to, amount):
    """The lines with an amount taken off a debit of one account and put on a debit of another, as a person's edit does."""
    deltas = {from_: -amount, to: amount}
    return [replace(x, debit=x.debit + deltas.pop(x.account_id, 0)) if x.debit else x for x in lines]


# ---- it ties -------------------------------------------------------------------------------------------------------------


def test_a_run_that_was_booked_and_paid_ties_on_every_line(books):
    tell(books, RUN)
    pulled(books)
    proof = prove(books)
    (run,) = proof.runs
    assert (run.is_booked_once, run.differing, run.off_by, run.problem) == (True, (), 0, "")
    gross = {(line.label, line.department): (line.register, line.ledger) for line in run.lines if line.register > 0}
    assert gross["Wages · Hourly", "Shop"] == (1_500_000, 1_500_000)
    assert gross["Wages · Salary", "Office"] == (1_130_769, 1_130_769)
    assert sum(line.register for line in run.lines) == sum(line.ledger for line in run.lines) == 0
    assert [(pull.label, pull.amount, pull.arrived_on, pull.ties) for pull in run.pulls] == [
        ("Net pay", RUN.net_pay_pull, RUN.debit_on, True),
        ("Taxes", RUN.tax_pull, RUN.debit_on, True),
    ]
    assert (proof.differing, proof.ties) == (0, True)


def test_liabilities_roll_forward_from_the_opening_by_runs_and_pulls(books):
    tell(books, RUN)
    pulled(books)
    rows = {row.name: row for row in prove(books).liabilities}
    taxes = rows["Federal payroll taxes"]
    federal = sum(gross // 5 + gross * 765 // 10_000 for gross in (1_500_000, 1_130_769))
    assert (taxes.accrued, taxes.remitted) == (federal, federal)
    assert taxes.closing == taxes.opening == taxes.ledger
    benefits = rows["Benefits payable"]
    assert (benefits.accrued, benefits.remitted, benefits.difference) == (90_000, 0, 0)
    assert all(row.ties for row in rows.values())


def test_a_contractor_accrues_and_leaves_through_the_same_clearing_account(books):
    before = {row.name: row for row in prove(books).liabilities}["Payroll clearing"]
    paid = ContractorPayment(
        external_id="cp-9", booked_on=PAID, currency="USD", contractor="Iris Linnet", amount=70_007, reimbursement=0
    )
    scene.fact(books, "gusto", "contractor_payments", paid)
    booking.book(books.client)
    printed(books, PAID, -70_007, "GUSTO CON IRIS LINNET", "con")
    reconciling.suggest(books.client)
    row = {row.name: row for row in prove(books).liabilities}["Payroll clearing"]
    assert (row.accrued - before.accrued, row.remitted - before.remitted, row.difference) == (70_007, 70_007, 0)


def test_a_run_of_a_prior_provider_is_no_run_of_ours(books):
    tell(books, replace(RUN, history=True))
    assert prove(books).runs == ()


def test_a_reversed_run_is_proven_with_its_sign(books):
    tell(books, RUN)
    back = replace(RUN, external_id="run-back", reverses=RUN.external_id, booked_on=date(2026, 4, 14))
    tell(books, back)
    proof = prove(books)
    assert [run.is_booked_once for run in proof.runs] == [True, True]
    assert [run.differing for run in proof.runs] == [(), ()]
    assert sum(line.register for run in proof.runs for line in run.lines if line.label.startswith("Wages")) == 0


# ---- it does not ---------------------------------------------------------------------------------------------------------


def test_a_run_that_is_not_booked_differs_on_every_line(books):
    arrive(books.client, "gusto", "payrolls", RUN)
    proof = prove(books)
    (run,) = proof.runs
    assert (run.entry_id, run.is_booked_once, proof.ties) == (None, False, False)
    assert len(run.differing) == len(run.lines)


def test_a_cent_on_a_wage_is_named_by_its_category(books):
    """The entry was booked with one cent of the hourly wages on the salaries."""
    tell(books, RUN)
    entry = own_entry(books)
    lines = [posting.Line(x.account_id, x.debit_minor, x.credit_minor, x.role, x.key) for x in entry.lines.all()]
    cent = {"Hourly": -1, "Salary": 1}
    lines = [x._replace(debit=x.debit + (cent.get(x.key, 0) if x.role == "wages" else 0)) for x in lines]
    posting.reverse(entry, reason="for the test", booked_on=PAID)
    posting.post(books.client.pk, [posting.Entry(PAID, entry.source_key, "payroll", lines, revision=1)])
    (run,) = prove(books).runs
    assert [(line.label, line.difference) for line in run.differing] == [("Wages · Hourly", -1), ("Wages · Salary", 1)]
    assert run.off_by == 1
    assert JournalEntry.objects.get(pk=run.entry_id).revision == 1


def test_a_line_edited_by_hand_in_the_accounting_system_is_named_until_it_is_put_back(books):
    tell(books, RUN)
    pulled(books)
    lines = carried(books, own_entry(books))
    shown(books, lines)
    assert prove(books).ties, "as we sent it"
    shown(books, moved(lines, books.account("6010").external_id, books.account("6110").external_id, 4_218))
    proof = prove(books)
    (run,) = proof.runs
    assert (run.is_edited, proof.ties, run.off_by) == (True, False, 4_218)
    named = {line.label: line.difference for line in run.differing}
    assert named == {"Wages · Hourly": -4_218, "Employer payroll taxes": 4_218}
    shown(books, lines)
    assert ChangedAfterClose.objects.get(client=books.client, document__outbox__isnull=False).state == "undone"
    assert prove(books).ties


def test_an_account_the_register_does_not_know_is_named_too(books):
    tell(books, RUN)
    lines = carried(books, own_entry(books))
    shown(books, lines)
    hourly, rent = books.account("6010").external_id, books.account("6310").external_id
    edited = [replace(x, debit=x.debit - 500) if x.account_id == hourly else x for x in lines]
    shown(books, [*edited, LedgerLine(account_id=rent, debit=500)])
    (run,) = prove(books).runs
    assert {(line.label, line.account_id, line.difference) for line in run.differing} == {
        ("Wages · Hourly", books.account("6010").pk, -500),
        ("Not in the register", books.account("6310").pk, 500),
    }


def test_a_run_typed_by_hand_is_named_with_what_it_lacks(books):
    """The shared scene's second run of March: somebody typed it and forgot the employer's taxes and benefits."""
    proof = prove(books, MARCH)
    run = next(run for run in proof.runs if run.run.external_id == "run-2026-06")
    assert (run.entry_id, run.is_booked_once, proof.ties) == (None, False, False)
    assert JournalEntry.objects.get(pk=run.other_id).memo.startswith("JournalEntry · PR-20")
    assert {"Employer payroll taxes", "Employee benefits"} <= {line.label for line in run.differing}


def test_taxes_are_named_one_by_one_where_their_account_ties_and_as_one_where_it_does_not(books):
    """2210 ties for the booked run; in the typed one the employer's taxes are missing there, and which tax is off nobody can say."""
    (first, second) = prove(books, MARCH).runs
    assert {"Employee taxes payable · Federal income tax", "Employee taxes payable · State income tax"} <= {
        line.label for line in first.lines
    }
    labels = {line.label for line in second.lines}
    assert {"Employee taxes payable", "Employer taxes payable", "Employee taxes payable · State income tax"} <= labels
    assert "Employee taxes payable · Federal income tax" not in labels


def test_a_run_that_its_system_posts_by_itself_is_proven_against_that_entry(books):
    from integrations.models import Fact

    Fact.objects.filter(client=books.client, external_id="run-2026-06").update(state=Fact.State.PROOF)
    run = next(run for run in prove(books, MARCH).runs if run.run.external_id == "run-2026-06")
    assert JournalEntry.objects.get(pk=run.entry_id).memo.startswith("JournalEntry · PR-20")
    assert (run.other_id, run.is_booked_once) == (None, True)
    assert {"Employer payroll taxes", "Employee benefits"} <= {line.label for line in run.differing}


def test_a_run_that_was_typed_as_well_is_in_the_books_twice(books):
    tell(books, RUN)
    scene.mirrored(
        books, "JournalEntry", PAID, "PR-10", "", ("6010", 1_500_000), ("6015", 1_130_769), ("1010", -2_630_769)
    )
    (run,) = prove(books).runs
    assert run.entry_id is not None
    assert (run.other_id is not None, run.is_booked_once) == (True, False)


def test_a_register_that_does_not_add_up_says_so_and_hides_no_other_run(books):
    slip = RUN.payslips[0]
    broken = replace(RUN, external_id="run-bad", payslips=(replace(slip, net_pay=slip.net_pay + 1), RUN.payslips[1]))
    tell(books, RUN, broken)
    pulled(books)
    proof = prove(books)
    problems = {run.run.external_id: run.problem for run in proof.runs}
    assert problems[RUN.external_id] == ""
    assert "is not the net pay (difference 1)" in problems["run-bad"]
    assert all(row.ties for row in proof.liabilities)
    assert not proof.ties


# ---- pulls ---------------------------------------------------------------------------------------------------------------


def test_a_pull_the_bank_does_not_show_does_not_tie_once_it_is_due(books):
    tell(books, RUN)
    (run,) = prove(books).runs
    assert [(pull.arrived_on, pull.is_due, pull.ties) for pull in run.pulls] == [(None, True, False)] * 2


def test_pulls_that_another_route_books_are_shown_by_the_banks_own_lines_each_by_one(books):
    arrive(books.client, "gusto", "payrolls", RUN, replace(RUN, external_id="run-twin"))
    Fact.objects.filter(client=books.client, external_id__in=[RUN.external_id, "run-twin"]).update(
        state=Fact.State.PROOF
    )
    for number in (1, 2):
        printed(books, RUN.debit_on, -RUN.net_pay_pull, "GUSTO NET", f"n-{number}")
    printed(books, RUN.debit_on, -RUN.tax_pull, "GUSTO TAX", "t-1")
    pulls = [pull for run in prove(books).runs for pull in run.pulls]
    assert [(pull.label, pull.arrived, pull.ties) for pull in pulls] == [
        ("Net pay", RUN.net_pay_pull, True), ("Taxes", RUN.tax_pull, True),
        ("Net pay", RUN.net_pay_pull, True), ("Taxes", 0, False),
    ]  # fmt: skip


def test_a_tax_payment_the_payroll_system_books_by_itself_is_one_deposit_with_the_banks_line(books):
    """The bank's line meets the pull; the payment in the books is the same money. A second payment of another amount is another."""
    arrive(books.client, "gusto", "payrolls", RUN)
    Fact.objects.filter(client=books.client, external_id=RUN.external_id).update(state=Fact.State.PROOF)
    printed(books, RUN.debit_on, -RUN.tax_pull, "PAYROLL TAX", "t-1")
    taxes, bank = books.account("2210").pk, books.account("1010").pk
    for name, amount in (("same", RUN.tax_pull), ("other", 123_45)):
        lines = [posting.Line(taxes, amount, 0), posting.Line(bank, 0, amount)]
        entry = posting.Entry(RUN.debit_on, f"tax-{name}", "manual", lines, origin="ledger")
        posting.post(books.client.pk, [entry])
    found = payroll_year.prove(books.client, 2026, through=APRIL.last).deposits.of_941
    made = {(one.paid_on, one.amount, one.is_pull) for one in found.deposits if one.paid_on.month == 4}
    federal = sum(amount for amount in payroll_returns.payroll_year([RUN], 2026).quarters[1].days.values())
    assert made == {(RUN.debit_on, federal, True), (RUN.debit_on, 123_45, False)}


def test_a_pull_of_the_next_month_is_not_due_yet(books):
    late = replace(RUN, debit_on=date(2026, 5, 1))
    tell(books, late)
    (run,) = prove(books).runs
    assert [(pull.is_due, pull.ties) for pull in run.pulls] == [(False, True)] * 2


def test_a_pull_that_is_not_the_registers_waits_for_a_person_and_stops_no_run(books, bob):
    """The tax pull is a cent more than the register's taxes: the bank shows it, and nothing explains the cent."""
    off = replace(RUN, tax_pull=RUN.tax_pull + 1)
    tell(books, off)
    pulled(books, off)
    tax = BankItem.objects.get(client=books.client, external_id="g-TAX")
    assert (state(tax), match_of(tax).state) == ("open", "suggested")
    with pytest.raises(matches.ReconcilingError, match="not what the register says"):
        matches.accept(match_of(tax), by=bob)
    (run,) = prove(books).runs
    assert [pull.ties for pull in run.pulls] == [True, False]


def test_what_the_bank_took_beside_the_pull_is_no_pull(books):
    tell(books, RUN)
    printed(books, RUN.debit_on, -RUN.net_pay_pull - 1, "GUSTO NET 9", "g-NET")
    reconciling.suggest(books.client)
    (run,) = prove(books).runs
    assert run.pulls[0].arrived_on is None


# ---- the certificate -----------------------------------------------------------------------------------------------------


def test_the_certificate_is_given_at_zero_and_taken_back_at_a_cent(standing, db, client):
    world, made = standing
    with client_context(made.client.pk):
        tell(made, RUN)
        pulled(made)
    browser = builders.sign_in(client, world.bob)
    address = "/c/kestrel/payroll/2026-04/"
    assert "Zero-difference certificate, April 2026" in browser.get(address).content.decode()
    with client_context(made.client.pk):
        lines = carried(made, own_entry(made))
        shown(made, lines)
        shown(made, moved(lines, made.account("6010").external_id, made.account("6015").external_id, 1))
    page = browser.get(address).content.decode()
    assert "Zero-difference certificate" not in page
    assert "was changed in the accounting system" in page
    assert "off by 0.01" in page


def test_the_registers_lead_to_payroll_cost_on_the_income_statement(books, bob, client):
    """Registers' debits, a contractor, an accrual and its reversal, an entry of another kind: their sum is the statement's total."""
    tell(books, RUN)
    arrive(
        books.client,
        "gusto",
        "contractor_payments",
        ContractorPayment(external_id="cp-9", booked_on=PAID, currency="USD", contractor="Iris Linnet", amount=700_00),
    )
    booking.book(books.client)
    wages, bank = books.account("6010").pk, books.account("1010").pk
    for purpose, amount, day in (("accrual", 50_00, 30), ("accrual-reversal", -20_00, 1), ("manual", 3_00, 20)):
        sides = (wages, bank) if amount > 0 else (bank, wages)
        lines = [posting.Line(sides[0], abs(amount), 0), posting.Line(sides[1], 0, abs(amount))]
        posting.post(
            books.client.pk, [posting.Entry(date(2026, 4, day), f"b-{purpose}", purpose, lines, origin="manual")]
        )
    found = payroll_bridge.bridge(books.client, APRIL, prove(books))
    steps = (found.differences, found.contractors, found.accrued, found.reversed_accruals, found.others)
    assert steps == (0, 700_00, 50_00, -20_00, 3_00)
    sheet = reports.sheet(books.client, reports.Asked("pr", APRIL))
    assert found.cost == sheet.lines[-1].cells[-1].amount
    page = builders.sign_in(client, bob).get("/c/kestrel/payroll/2026-04/")
    assert "From the registers to the income statement" in page.content.decode()
