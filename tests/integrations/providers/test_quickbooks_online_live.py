"""QuickBooks Online over real loopback HTTP against the sandbox's own double-entry engine."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater, Unanswered
from integrations.http import ProviderApi
from integrations.payload import Payload, parse_json, render_json
from integrations.provider import Context, Window
from integrations.providers.quickbooks_online import mirror, reports, wire
from integrations.providers.quickbooks_online.oauth import IntuitTokens
from integrations.providers.quickbooks_online.provider import PROVIDER
from integrations.records import LedgerDeletion, LedgerDocument, LedgerLine
from integrations.sandbox.app import SandboxApp
from integrations.sandbox.clock import Clock
from integrations.sandbox.quickbooks import truth
from integrations.sandbox.quickbooks.service import QuickBooks
from integrations.sandbox.service import Setting
from integrations.sandbox.state import StateLog
from integrations.sandbox.world import build_world

SLUG = "quickbooks-online"
CONTEXT = Context(timezone=ZoneInfo("America/Los_Angeles"), home_currency="USD")
STORY_NOW = datetime(2026, 4, 5, 18, tzinfo=UTC)
CUT_OVER = date(2026, 1, 1)
BOOKS = PROVIDER.books
STREAM = {stream.name: stream for stream in PROVIDER.streams}


class Quiet(WSGIRequestHandler):
    def log_request(self, *_words):
        """Say nothing: a test reads the sandbox's own log."""

    log_error = log_request


@pytest.fixture(scope="module")
def engine():
    """The QuickBooks part of the sandbox on a free port, its clock at the story's now."""
    clock = Clock()
    clock.advance(int((STORY_NOW - datetime.now(UTC)).total_seconds()))
    setting = Setting(build_world(7), clock, StateLog(None), limits=False, client_ids={SLUG: ("client", "secret")})
    service = QuickBooks(setting)
    app = SandboxApp(setting, [service])
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    setting.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield app
    server.shutdown()
    thread.join(timeout=5)


@pytest.fixture
def service(engine):
    """A company as the world left it and no armed faults."""
    service = engine.services[SLUG]
    service.desk.reset()
    if service.changes["kestrel"]:
        service.changes["kestrel"] = []
        service.companies["kestrel"] = service._open("kestrel")
    engine.faults.clear()
    return service


@pytest.fixture
def company(service):
    return service.companies["kestrel"]


@pytest.fixture
def api(engine, service, company, monkeypatch):
    monkeypatch.setenv("TIEOUT_QUICKBOOKS_ONLINE_BASE_URL", f"{engine.setting.base_url}/{SLUG}")
    grant = service.desk.open_grant("kestrel", PROVIDER.auth.scopes[0])
    return ProviderApi(PROVIDER, grant.access_token, company.profile.realm)


def now_of(company):
    return company.clock()


def pull(api, stream, company, cursor="", since=CUT_OVER):
    """All pages of one pull: items, the last cursor, and the ids that are left when it says so."""
    items, only = [], None
    for page in STREAM[stream].pull(api, Window(cursor=cursor, since=since, now=now_of(company))):
        items += page.items
        cursor = page.cursor if page.cursor is not None else cursor
        only = page.only if page.only is not None else only
    return items, cursor, only


def read(stream, items):
    return [fact for item in items for fact in STREAM[stream].to_records(Payload.of(item), CONTEXT)]


def nets(lines):
    sums = defaultdict(int)
    for line in lines:
        sums[line.account_id] += line.debit - line.credit
    return {account: amount for account, amount in sums.items() if amount}


def account(company, name):
    return company.id_of(f"Account:{name}")


def entry(company, *, on=date(2026, 3, 31), amount=1250):
    lines = (
        LedgerLine(account_id=account(company, "Merchant Fees"), debit=amount, memo="Fees of the day"),
        LedgerLine(account_id=account(company, "Stripe Clearing"), credit=amount),
    )
    return LedgerDocument(
        external_id="",
        booked_on=on,
        currency="USD",
        type="JournalEntry",
        lines=lines,
        note="pp1|stripe|x|1|abcdef\nFees",
    )


def unlinked(company):
    return next(key for key in company.books.held["Purchase"] if not company.books.links.get(key))


def send(api, document, marker, request_id="11111111-1111-4111-8111-111111111111"):
    """As the outbox does it: the frozen bytes are parsed again before they are sent."""
    frozen = render_json(BOOKS.payload(document, marker=marker, context=CONTEXT))
    return BOOKS.write(api, document.type, parse_json(frozen), request_id=request_id)


class TestGrant:
    @pytest.fixture
    def session(self):
        with requests.Session() as session:
            yield session

    @pytest.fixture
    def where(self, engine):
        return dict.fromkeys(PROVIDER.base_urls, f"{engine.setting.base_url}/{SLUG}")

    def exchange(self, service, session, where, secret="secret"):
        code = service.desk.issue_code("kestrel", "http://127.0.0.1/callback", "accounting")
        return IntuitTokens().exchange(
            session, where, client_id="client", secret=secret, code=code, redirect_uri="http://127.0.0.1/callback"
        )

    def test_a_code_becomes_tokens_with_every_end(self, service, session, where):
        tokens = self.exchange(service, session, where)
        assert tokens["expires_in"] == 3600
        assert tokens["refresh_expires_in"] == 8_726_400
        assert tokens["hard_expires_in"] == 5 * 365 * 86_400
        assert set(tokens) == {"access_token", "refresh_token", "expires_in", "refresh_expires_in", "hard_expires_in"}

    def test_only_the_token_address_is_called(self, engine, service, session, where):
        engine.log.clear()
        self.exchange(service, session, where)
        assert [line["path"] for line in engine.log] == ["/oauth2/v1/tokens/bearer"]

    def test_a_refresh_gives_a_new_refresh_token(self, service, session, where):
        first = self.exchange(service, session, where)
        second = IntuitTokens().refresh(
            session, where, client_id="client", secret="secret", refresh_token=first["refresh_token"]
        )
        assert second["refresh_token"] != first["refresh_token"]
        assert second["access_token"] != first["access_token"]

    def test_a_dead_grant_asks_for_a_person(self, service, session, where):
        with pytest.raises(Reconnect) as raised:
            IntuitTokens().refresh(session, where, client_id="client", secret="secret", refresh_token="RT1-gone")
        assert "RT1" not in str(raised.value)
        assert raised.value.__cause__ is None

    def test_a_wrong_secret_is_refused_without_naming_it(self, service, session, where):
        with pytest.raises(Refused) as raised:
            self.exchange(service, session, where, secret="hunter2")
        assert "hunter2" not in repr(raised.value)

    def test_a_busy_token_service_is_tried_later(self, engine, service, session, where):
        engine.faults.arm({"provider": SLUG, "kind": "status", "status": 503, "path_regex": "tokens"})
        with pytest.raises(RetryLater):
            self.exchange(service, session, where)

    def test_a_lost_answer_is_unclear(self, engine, service, session, where):
        engine.faults.arm({"provider": SLUG, "kind": "drop_after", "path_regex": "tokens"})
        with pytest.raises(Unanswered):
            self.exchange(service, session, where)

    def test_a_page_instead_of_tokens_is_unclear(self, engine, service, session, where):
        engine.faults.arm({"provider": SLUG, "kind": "html", "path_regex": "tokens"})
        with pytest.raises(RetryLater):
            self.exchange(service, session, where)

    def test_a_revoked_grant_reads_nothing_more(self, service, company, session, where, api):
        tokens = self.exchange(service, session, where)
        asked = {"client_id": "client", "secret": "secret", "token": tokens["refresh_token"]}
        IntuitTokens().revoke(session, where, **asked)
        IntuitTokens().revoke(session, where, **asked)
        with pytest.raises(Reconnect):
            PROVIDER.whoami(ProviderApi(PROVIDER, tokens["access_token"], company.profile.realm))

    def test_the_grant_of_one_company_opens_no_other(self, service, api):
        other = service.companies["quillfeather"].profile.realm
        with pytest.raises(Forbidden):
            PROVIDER.whoami(ProviderApi(PROVIDER, api._access, other))

    def test_the_company_is_named(self, api, company):
        assert PROVIDER.whoami(api) == (company.profile.realm, company.profile.name)


class TestMirror:
    def test_the_whole_chart_comes_inactive_accounts_too(self, api, company):
        hidden = company.create_as_user("Account", {"Name": "Old Till", "AccountType": "Bank"})
        company.edit_as_user("Account", hidden, {"Active": False})
        items, cursor, only = pull(api, "accounts", company)
        found = {fact.external_id: fact for fact in read("accounts", items)}
        assert set(found) == set(company.books.held["Account"])
        assert not found[hidden].is_active
        assert only is None
        assert datetime.fromisoformat(cursor).tzinfo is not None

    def test_the_profile_tells_the_closing_date(self, api, company):
        items, _, _ = pull(api, "company", company)
        (profile,) = read("company", items)
        assert profile.closed_through == date(2025, 12, 31)

    def test_vendors_and_customers_come_whole(self, api, company):
        for stream, kind in (("vendors", "Vendor"), ("customers", "Customer")):
            items, _, _ = pull(api, stream, company)
            assert {fact.external_id for fact in read(stream, items)} == {
                f"{kind}:{key}" for key in company.books.held[kind]
            }

    def test_the_first_load_begins_with_the_fiscal_year_and_agrees_with_the_books(self, api, company):
        items, _, _ = pull(api, "documents", company)
        found = {fact.external_id.partition(":")[2]: fact for fact in read("documents", items)}
        expected = {key for key, held in company.books.documents.items() if held.on >= date(2026, 1, 1)}
        assert set(found) == expected
        assert len(items) == len(found)
        exact = [fact for fact in found.values() if not fact.missing]
        assert len(exact) > len(found) // 2
        for fact in exact:
            held = company.books.documents[fact.external_id.partition(":")[2]]
            posted = defaultdict(int)
            for posting in held.postings:
                posted[posting.account] += posting.amount
            assert nets(fact.lines) == {key: amount for key, amount in posted.items() if amount}, fact.external_id

    def test_small_pages_bring_the_same_rows(self, api, company, monkeypatch):
        whole, _, _ = pull(api, "documents", company)
        monkeypatch.setattr(mirror, "PAGE_ROWS", 7)
        paged, _, _ = pull(api, "documents", company)
        assert read("documents", paged) == read("documents", whole)

    def test_a_load_that_was_cut_goes_on_where_it_stopped(self, api, company, monkeypatch):
        monkeypatch.setattr(mirror, "PAGE_ROWS", 9)
        whole, _, _ = pull(api, "documents", company)
        pages = STREAM["documents"].pull(api, Window(cursor="", since=CUT_OVER, now=now_of(company)))
        first = [next(pages) for _ in range(4)]
        rest, cursor, _ = pull(api, "documents", company, cursor=first[-1].cursor)
        seen = [item for page in first for item in page.items] + rest
        assert seen == whole
        assert not cursor.startswith("[")

    def test_a_row_that_vanishes_during_the_load_is_not_skipped_over(self, api, company, monkeypatch):
        monkeypatch.setattr(mirror, "PAGE_ROWS", 5)
        spent = sorted((key for key, held in company.books.held["Purchase"].items() if held.on >= CUT_OVER), key=int)
        free = spent[2]
        items = []
        for page in STREAM["documents"].pull(api, Window(cursor="", since=CUT_OVER, now=now_of(company))):
            items += page.items
            if free and any("Purchase" in item for item in page.items):
                company.delete_as_user("Purchase", free)
                free = ""
        seen = {item["Purchase"]["Id"] for item in items if "Purchase" in item}
        assert seen == set(spent)

    def test_the_feed_brings_changes_and_deletions_only(self, api, company):
        _, cursor, _ = pull(api, "documents", company)
        made = send(api, entry(company), "STNEW").external_id
        gone = unlinked(company)
        company.delete_as_user("Purchase", gone)
        items, later, only = pull(api, "documents", company, cursor=cursor)
        facts = {fact.external_id: fact for fact in read("documents", items)}
        since = datetime.fromisoformat(cursor) - timedelta(minutes=10)
        assert {made, f"Purchase:{gone}"} <= set(facts)
        assert all(fact.updated_at >= since for fact in facts.values() if isinstance(fact, LedgerDocument))
        assert len(facts) < 10
        assert isinstance(facts[f"Purchase:{gone}"], LedgerDeletion)
        assert datetime.fromisoformat(later) >= datetime.fromisoformat(cursor)
        assert only is None

    def test_the_same_change_is_seen_again_within_the_overlap(self, api, company):
        _, cursor, _ = pull(api, "documents", company)
        send(api, entry(company), "STNEW")
        first, later, _ = pull(api, "documents", company, cursor=cursor)
        again, _, _ = pull(api, "documents", company, cursor=later)
        assert first == again

    def test_a_feed_missed_for_too_long_is_read_whole_and_names_what_is_left(self, api, company):
        _, cursor, _ = pull(api, "documents", company)
        gone = unlinked(company)
        company.delete_as_user("Purchase", gone)
        old = (datetime.fromisoformat(cursor) - timedelta(days=26)).isoformat()
        items, later, only = pull(api, "documents", company, cursor=old)
        assert items
        assert f"Purchase:{gone}" not in only
        assert {name.partition(":")[2] for name in only} == set(company.books.documents)
        assert not later.startswith("[")

    def test_a_full_feed_answer_is_asked_again_in_halves(self, api, company, monkeypatch):
        _, cursor, _ = pull(api, "documents", company)
        cursor = (datetime.fromisoformat(cursor) - timedelta(days=20)).isoformat()
        whole, _, _ = pull(api, "documents", company, cursor=cursor)
        largest = max(
            sum(name in item for item in whole)
            for name in ("Bill", "Purchase", "JournalEntry", "BillPayment", "Invoice", "Payment")
        )
        assert len(whole) > largest + 1
        monkeypatch.setattr(mirror, "FEED_LIMIT", largest + 1)
        halved, _, only = pull(api, "documents", company, cursor=cursor)
        assert sorted(map(repr, halved)) == sorted(map(repr, whole))
        assert only is None

    def test_one_entity_that_fills_an_answer_leads_to_a_full_read(self, api, company):
        _, cursor, _ = pull(api, "documents", company)
        body = {
            "TxnDate": "2026-04-01",
            "FromAccountRef": {"value": account(company, "Checking")},
            "ToAccountRef": {"value": account(company, "Savings")},
            "Amount": 1,
        }
        made = {company.create_as_user("Transfer", body) for _ in range(1005)}
        items, _, only = pull(api, "documents", company, cursor=cursor)
        assert {item["Transfer"]["Id"] for item in items if "Transfer" in item} >= made
        assert {name.partition(":")[2] for name in only} == set(company.books.documents)

    def test_a_quote_in_a_query_stays_a_quote(self, api):
        assert BOOKS.find(api, "JournalEntry", "O'Neil' OR DocNumber LIKE '%") == []


class TestWriting:
    def test_one_request_sent_twice_is_one_document(self, api, company):
        before = len(company.books.documents)
        first, second = send(api, entry(company), "ST260331-AAB2"), send(api, entry(company), "ST260331-AAB2")
        assert first == second
        assert len(company.books.documents) == before + 1
        assert nets(first.document.lines) == nets(entry(company).lines)

    def test_a_lost_answer_is_found_by_its_marker(self, api, company, engine):
        engine.faults.arm({"provider": SLUG, "kind": "drop_after", "method": "POST", "path_regex": "journalentry"})
        with pytest.raises(Unanswered):
            send(api, entry(company), "ST260331-AAB2")
        (found,) = BOOKS.find(api, "JournalEntry", "ST260331-AAB2")
        assert found.document.note.startswith("pp1|stripe")
        assert BOOKS.find(api, "JournalEntry", "ST260331-AAB3") == []

    def test_another_body_under_a_used_request_id_is_looked_up_not_repeated(self, api, company):
        send(api, entry(company), "ST260331-AAB2")
        with pytest.raises(Unanswered):
            send(api, entry(company, amount=1), "ST260331-AAB2")

    def test_two_documents_with_one_marker_are_both_found_newest_first(self, api, company):
        old = send(api, entry(company), "ST260331-AAB2", "a").external_id
        company.create_as_user(
            "JournalEntry", {**BOOKS.payload(entry(company), marker="ST260331-AAB2", context=CONTEXT)}
        )
        found = [hit.external_id for hit in BOOKS.find(api, "JournalEntry", "ST260331-AAB2")]
        assert len(found) == 2
        assert found[1] == old

    def test_a_closed_period_is_refused_with_its_code(self, api, company):
        before = len(company.books.documents)
        with pytest.raises(Refused) as raised:
            send(api, entry(company, on=date(2025, 12, 31)), "ST251231-AAB2")
        assert raised.value.code == "6210"
        assert "closed" in str(raised.value)
        assert len(company.books.documents) == before

    def test_a_gone_account_is_refused_without_its_name_in_the_message(self, api, company):
        lines = (replace(entry(company).lines[0], account_id="99999"), entry(company).lines[1])
        with pytest.raises(Refused) as raised:
            send(api, replace(entry(company), lines=lines), "ST260331-AAB2")
        assert raised.value.code in {"610", "2500"}

    def test_a_busy_minute_says_when_to_come_back(self, api, company, engine):
        engine.faults.arm({"provider": SLUG, "kind": "status", "status": 429, "method": "POST"})
        with pytest.raises(RetryLater) as raised:
            send(api, entry(company), "ST260331-AAB2")
        assert not isinstance(raised.value, Unanswered)
        assert raised.value.retry_after == 60

    def test_an_error_of_theirs_leaves_a_write_unclear(self, api, company, engine):
        engine.faults.arm({"provider": SLUG, "kind": "status", "status": 500, "method": "POST"})
        with pytest.raises(Unanswered):
            send(api, entry(company), "ST260331-AAB2")

    def test_a_document_is_read_by_its_id_until_it_is_gone(self, api, company):
        written = send(api, entry(company), "ST260331-AAB2")
        assert BOOKS.read(api, written.external_id) == written
        company.delete_as_user("JournalEntry", written.external_id.partition(":")[2])
        assert BOOKS.read(api, written.external_id) is None

    @pytest.mark.parametrize("kind", ["Transfer", "Deposit", "Bill", "Purchase", "CardRefund", "Invoice"])
    def test_every_kind_comes_back_with_the_lines_it_was_sent_with(self, api, company, kind):
        document = sample(company, kind)
        written = send(api, document, "TO260331-AAB2")
        month = {found.external_id: found for found in BOOKS.ledger_month(api, document.booked_on, CONTEXT)}
        assert nets(month[written.external_id].lines) == nets(document.lines)
        assert nets(written.document.lines) == nets(document.lines) or "account behind item" in written.document.missing
        assert [hit.external_id for hit in BOOKS.find(api, document.type, "TO260331-AAB2")] == [written.external_id]

    def test_a_bill_is_closed_by_its_payment(self, api, company):
        bill = send(api, sample(company, "Bill"), "TO260331-AAB2", "one")
        payable, checking = account(company, "Accounts Payable"), account(company, "Checking")
        payment = replace(
            sample(company, "Bill"), type="BillPayment", due_on=None,
            lines=(LedgerLine(account_id=checking, credit=8000), LedgerLine(account_id=payable, debit=8000, settles=bill.external_id)),
        )  # fmt: skip
        paid = send(api, payment, "TO260331-AAB4", "two")
        assert nets(paid.document.lines) == nets(payment.lines)
        assert BOOKS.read(api, bill.external_id).document.open_amount == 0

    def test_an_invoice_is_closed_by_its_payment(self, api, company):
        invoice = send(api, sample(company, "Invoice"), "TO260331-AAB2", "one")
        receivable, checking = account(company, "Accounts Receivable"), account(company, "Checking")
        payment = replace(
            sample(company, "Invoice"), type="Payment", due_on=None,
            lines=(LedgerLine(account_id=checking, debit=8000), LedgerLine(account_id=receivable, credit=8000, settles=invoice.external_id)),
        )  # fmt: skip
        paid = send(api, payment, "TO260331-AAB4", "two")
        assert nets(paid.document.lines) == nets(payment.lines)
        assert BOOKS.read(api, invoice.external_id).document.open_amount == 0
        assert [hit.external_id for hit in BOOKS.find(api, "Payment", "TO260331-AAB4")] == [paid.external_id]


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
    return replace(
        base,
        lines=(debit("Accounts Receivable"), credit(income, item=item)),
        party=f"Customer:{customer}",
        due_on=date(2026, 4, 30),
    )


class TestProofs:
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

    def test_what_we_wrote_comes_back_in_the_month_with_its_marker(self, api, company):
        written = send(api, entry(company), "ST260331-AAB2")
        month = {document.external_id: document for document in BOOKS.ledger_month(api, date(2026, 3, 1), CONTEXT)}
        assert month[written.external_id].number == "ST260331-AAB2"
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


class TestClosing:
    def test_the_closing_date_is_set_and_read_back(self, api, company):
        assert BOOKS.closed_through(api) == date(2025, 12, 31)
        assert BOOKS.close_through(api, date(2026, 2, 28)) == date(2026, 2, 28)
        assert BOOKS.closed_through(api) == date(2026, 2, 28)
        with pytest.raises(Refused, match="closed"):
            send(api, entry(company, on=date(2026, 2, 28)), "ST260228-AAB2")

    def test_reopened_books_take_documents_again(self, api, company):
        assert BOOKS.close_through(api, None) is None
        assert send(api, entry(company, on=date(2025, 12, 31)), "ST251231-AAB2").external_id

    def test_closing_keeps_the_other_preferences(self, api, company):
        before = wire.get(api, "preferences")["Preferences"]["AccountingInfoPrefs"]
        BOOKS.close_through(api, date(2026, 1, 31))
        after = wire.get(api, "preferences")["Preferences"]["AccountingInfoPrefs"]
        assert {**after, "BookCloseDate": before["BookCloseDate"]} == before


class TestNotices:
    @pytest.mark.parametrize("form", ["all", "legacy:all"])
    def test_a_signed_notice_names_the_company_and_its_stream(self, api, service, company, form):
        send(api, entry(company), "ST260331-AAB2")
        signed = service.webhook("kestrel", form, "verifier")
        assert PROVIDER.webhook.verify(signed.body, signed.headers, ["old", "verifier"], STORY_NOW)
        assert not PROVIDER.webhook.verify(signed.body + b" ", signed.headers, ["verifier"], STORY_NOW)
        found = list(PROVIDER.webhook.events(parse_json(signed.body)))
        assert [(realm, streams) for _, realm, streams in found] == [(company.profile.realm, ("documents",))]
