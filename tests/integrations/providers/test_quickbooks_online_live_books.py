"""Writing to QuickBooks Online, its proofs and its lock, over real loopback HTTP against the engine."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date

import pytest

from integrations.errors import Refused, RetryLater, Unanswered
from integrations.payload import Payload, parse_json
from integrations.providers.quickbooks_online import reports, wire
from integrations.providers.quickbooks_online.provider import PROVIDER
from integrations.records import LedgerDocument, LedgerLine
from integrations.sandbox.quickbooks import truth
from tests.integrations.providers.quickbooks_engine import (
    BOOKS,
    CONTEXT,
    SLUG,
    STORY_NOW,
    OverHttp,
    account,
    entry,
    nets,
    send,
)

#: What is written and has its lines in itself; payments of bills and invoices have tests of their own.
KINDS = (
    "JournalEntry", "Transfer", "Deposit", "Bill", "VendorCredit", "Purchase", "CardRefund", "Invoice", "CreditMemo", "Payment",
)  # fmt: skip


class TestWriting(OverHttp):
    def test_one_request_sent_twice_is_one_document(self, api, marker, company):
        before = len(company.books.documents)
        first, second = (send(api, entry(company), marker, "one request") for _ in range(2))
        assert first == second
        assert len(company.books.documents) == before + 1
        assert nets(first.document.lines) == nets(entry(company).lines)

    def test_a_lost_answer_is_found_by_its_marker(self, api, marker, company, engine):
        engine.faults.arm({"provider": SLUG, "kind": "drop_after", "method": "POST", "path_regex": "journalentry"})
        with pytest.raises(Unanswered):
            send(api, entry(company), marker)
        (found,) = BOOKS.find(api, "JournalEntry", marker)
        assert found.document.note.startswith("pp1|stripe")
        assert BOOKS.find(api, "JournalEntry", "ST260331-never") == []

    def test_another_body_under_a_used_request_id_is_looked_up_not_repeated(self, api, marker, company):
        send(api, entry(company), marker, "one body")
        with pytest.raises(Unanswered):
            send(api, entry(company, amount=1), marker, "one body")

    def test_two_documents_with_one_marker_are_both_found_newest_first(self, api, marker, company):
        old = send(api, entry(company), marker).external_id
        company.create_as_user("JournalEntry", {**BOOKS.payload(entry(company), marker=marker, context=CONTEXT)})
        found = [hit.external_id for hit in BOOKS.find(api, "JournalEntry", marker)]
        assert len(found) == 2
        assert found[1] == old

    def test_a_closed_period_is_refused_with_its_code(self, api, marker, fresh):
        company = fresh
        before = len(company.books.documents)
        with pytest.raises(Refused) as raised:
            send(api, entry(company, on=date(2025, 12, 31)), marker)
        assert raised.value.code == "6210"
        assert "closed" in str(raised.value)
        assert len(company.books.documents) == before

    def test_a_gone_account_is_refused_without_its_name_in_the_message(self, api, marker, company):
        lines = (replace(entry(company).lines[0], account_id="99999"), entry(company).lines[1])
        with pytest.raises(Refused) as raised:
            send(api, replace(entry(company), lines=lines), marker)
        assert raised.value.code in {"610", "2500"}

    def test_a_busy_minute_says_when_to_come_back(self, api, marker, company, engine):
        engine.faults.arm({"provider": SLUG, "kind": "status", "status": 429, "method": "POST"})
        with pytest.raises(RetryLater) as raised:
            send(api, entry(company), marker)
        assert not isinstance(raised.value, Unanswered)
        assert raised.value.retry_after == 60

    def test_an_error_of_theirs_leaves_a_write_unclear(self, api, marker, company, engine):
        engine.faults.arm({"provider": SLUG, "kind": "status", "status": 500, "method": "POST"})
        with pytest.raises(Unanswered):
            send(api, entry(company), marker)

    def test_a_document_is_read_by_its_id_until_it_is_gone(self, api, marker, company):
        written = send(api, entry(company), marker)
        assert BOOKS.read(api, written.external_id) == written
        company.delete_as_user("JournalEntry", written.external_id.partition(":")[2])
        assert BOOKS.read(api, written.external_id) is None

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_comes_back_with_the_lines_it_was_sent_with(self, api, marker, company, kind):
        document = sample(company, kind)
        written = send(api, document, marker)
        month = {found.external_id: found for found in BOOKS.ledger_month(api, document.booked_on, CONTEXT)}
        assert nets(month[written.external_id].lines) == nets(document.lines)
        assert nets(written.document.lines) == nets(document.lines) or "account behind item" in written.document.missing
        assert [hit.external_id for hit in BOOKS.find(api, document.type, marker)] == [written.external_id]

    def test_a_bill_is_closed_by_its_payment(self, api, marker, company):
        bill = send(api, sample(company, "Bill"), marker)
        payable, checking = account(company, "Accounts Payable"), account(company, "Checking")
        payment = replace(
            sample(company, "Bill"), type="BillPayment", due_on=None,
            lines=(LedgerLine(account_id=checking, credit=8000), LedgerLine(account_id=payable, debit=8000, settles=bill.external_id)),
        )  # fmt: skip
        paid = send(api, payment, marker + "p")
        assert nets(paid.document.lines) == nets(payment.lines)
        assert BOOKS.read(api, bill.external_id).document.open_amount == 0

    def test_an_invoice_is_closed_by_its_payment(self, api, marker, company):
        invoice = send(api, sample(company, "Invoice"), marker)
        receivable, checking = account(company, "Accounts Receivable"), account(company, "Checking")
        payment = replace(
            sample(company, "Invoice"), type="Payment", due_on=None,
            lines=(LedgerLine(account_id=checking, debit=8000), LedgerLine(account_id=receivable, credit=8000, settles=invoice.external_id)),
        )  # fmt: skip
        paid = send(api, payment, marker + "p")
        assert nets(paid.document.lines) == nets(payment.lines)
        assert BOOKS.read(api, invoice.external_id).document.open_amount == 0
        assert [hit.external_id for hit in BOOKS.find(api, "Payment", marker + "p")] == [paid.external_id]


def sample(company, kind):
    """One document of a kind over accounts and names the company has, 80.00 each."""
    held = company.books.held
    vendor, customer, item = next(iter(held["Vendor"])), next(iter(held["Customer"])), next(iter(held["Item"]))
    income = held["Item"][item].content["IncomeAccountRef"]["value"]
    own = {
        name: account(company, name)
        for name in (
            "Checking",
            "Savings",
            "Business Visa",
            "Accounts Payable",
            "Accounts Receivable",
            "Software",
            "Bank Charges",
            "Interest Income",
        )
    }
    base = LedgerDocument(
        external_id="", booked_on=date(2026, 3, 31), currency="USD", type=kind, lines=(), note="pp1|x"
    )
    debit, credit = (
        (lambda key, amount=8000, **more: LedgerLine(account_id=own.get(key, key), debit=amount, **more)),
        (lambda key, amount=8000, **more: LedgerLine(account_id=own.get(key, key), credit=amount, **more)),
    )
    if kind == "Transfer":
        return replace(base, lines=(debit("Savings"), credit("Checking")))
    if kind == "Deposit":
        return replace(base, lines=(debit("Checking", 7500), credit("Interest Income"), debit("Bank Charges", 500)))
    if kind == "Bill":
        return replace(
            base,
            lines=(credit("Accounts Payable"), debit("Software")),
            party=f"Vendor:{vendor}",
            due_on=date(2026, 4, 30),
        )
    if kind == "Purchase":
        return replace(
            base, lines=(credit("Business Visa"), debit("Software")), party=f"Vendor:{vendor}", method="card"
        )
    if kind == "CardRefund":
        return replace(
            base,
            type="Purchase",
            lines=(debit("Business Visa"), credit("Software")),
            party=f"Vendor:{vendor}",
            method="card",
        )
    if kind == "JournalEntry":
        return replace(base, lines=(debit("Software", memo="Licence"), credit("Checking")))
    if kind == "VendorCredit":
        return replace(base, lines=(debit("Accounts Payable"), credit("Software")), party=f"Vendor:{vendor}")
    if kind == "CreditMemo":
        lines = (credit("Accounts Receivable"), debit(income, item=item))
        return replace(base, lines=lines, party=f"Customer:{customer}")
    if kind == "Payment":
        return replace(base, lines=(debit("Checking"), credit("Accounts Receivable")), party=f"Customer:{customer}")
    return replace(
        base,
        lines=(debit("Accounts Receivable"), credit(income, item=item)),
        party=f"Customer:{customer}",
        due_on=date(2026, 4, 30),
    )


class TestProofs(OverHttp):
    @pytest.mark.parametrize("on", [date(2025, 6, 30), date(2025, 12, 31), date(2026, 3, 31)])
    def test_the_trial_balance_is_the_books(self, api, company, on):
        found = BOOKS.balances(api, on, CONTEXT)
        assert {name: debit - credit for _, name, debit, credit in found.rows} == truth.trial_balance(company, on)
        assert found.basis == "Accrual"
        assert all(account_id in company.books.held["Account"] for account_id, _, _, _ in found.rows)

    @pytest.mark.parametrize("month", [date(2025, 1, 15), date(2026, 2, 1), date(2026, 3, 31)])
    def test_the_general_ledger_gives_every_document_of_a_month_exactly(self, api, company, month):
        found = {document.external_id: document for document in BOOKS.ledger_month(api, month, CONTEXT)}
        held = [
            one for one in company.books.documents.values() if (one.on.year, one.on.month) == (month.year, month.month)
        ]
        assert {name.partition(":")[2] for name in found} == {one.id for one in held if one.postings}
        for name, document in found.items():
            posted = defaultdict(int)
            for posting in company.books.documents[name.partition(":")[2]].postings:
                posted[posting.account] += posting.amount
            assert nets(document.lines) == {key: amount for key, amount in posted.items() if amount}
            kind = name.partition(":")[0]
            assert kind in {"CreditCardPayment" if one.kind == "CreditCardPaymentTxn" else one.kind for one in held}

    def test_what_we_wrote_comes_back_in_the_month_with_its_marker(self, api, marker, company):
        written = send(api, entry(company), marker)
        month = {document.external_id: document for document in BOOKS.ledger_month(api, date(2026, 3, 1), CONTEXT)}
        assert month[written.external_id].number == marker
        assert nets(month[written.external_id].lines) == nets(written.document.lines)

    @pytest.mark.parametrize(
        ("side", "name", "sign"), [("receivable", "Accounts Receivable", 1), ("payable", "Accounts Payable", -1)]
    )
    def test_open_items_make_the_control_account(self, api, company, side, name, sign):
        found = BOOKS.open_items(api, side, date(2026, 3, 31), CONTEXT)
        assert sum(row[3] for row in found.rows) == sign * truth.trial_balance(company, date(2026, 3, 31)).get(name, 0)
        assert all(row[0].partition(":")[2] for row in found.rows)

    def test_every_section_of_its_statements_foots(self, api, company):
        for name in ("BalanceSheet", "ProfitAndLoss", "TrialBalance"):
            report = Payload.of(
                wire.get(
                    api,
                    f"reports/{name}",
                    {"start_date": "2026-01-01", "end_date": "2026-03-31", "accounting_method": "Accrual"},
                )
            )
            found = reports.footings(report, "USD")
            assert found
            assert [one for one in found if one.stated != one.summed and "NET" not in one.label.upper()] == []


class TestClosing(OverHttp):
    def test_the_closing_date_is_set_and_read_back(self, api, fresh):
        assert BOOKS.closed_through(api) == date(2025, 12, 31)
        assert BOOKS.close_through(api, date(2026, 2, 28)) == date(2026, 2, 28)
        assert BOOKS.closed_through(api) == date(2026, 2, 28)
        with pytest.raises(Refused, match="closed"):
            send(api, entry(fresh, on=date(2026, 2, 28)), "ST260228-AAB2")

    def test_reopened_books_take_documents_again(self, api, fresh):
        assert BOOKS.close_through(api, None) is None
        assert send(api, entry(fresh, on=date(2025, 12, 31)), "ST251231-AAB2").external_id

    def test_closing_keeps_the_other_preferences(self, api, fresh):
        before = wire.get(api, "preferences")["Preferences"]["AccountingInfoPrefs"]
        BOOKS.close_through(api, date(2026, 1, 31))
        after = wire.get(api, "preferences")["Preferences"]["AccountingInfoPrefs"]
        assert {**after, "BookCloseDate": before["BookCloseDate"]} == before


class TestNotices(OverHttp):
    @pytest.mark.parametrize("form", ["all", "legacy:all"])
    def test_a_signed_notice_names_the_company_and_its_stream(self, api, service, fresh, form):
        send(api, entry(fresh), "ST260331-AAB2")
        signed = service.webhook("kestrel", form, "verifier")
        assert PROVIDER.webhook.verify(signed.body, signed.headers, ["old", "verifier"], STORY_NOW)
        assert not PROVIDER.webhook.verify(signed.body + b" ", signed.headers, ["verifier"], STORY_NOW)
        found = list(PROVIDER.webhook.events(parse_json(signed.body)))
        assert [(realm, streams) for _, realm, streams in found] == [(fresh.profile.realm, ("documents",))]
