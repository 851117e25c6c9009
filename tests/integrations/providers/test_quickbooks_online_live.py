"""Connecting to QuickBooks Online and keeping its mirror, over real loopback HTTP against the engine."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

import pytest
import requests

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater, Unanswered
from integrations.http import ProviderApi
from integrations.provider import Window
from integrations.providers.quickbooks_online import mirror
from integrations.providers.quickbooks_online.oauth import IntuitTokens
from integrations.providers.quickbooks_online.provider import PROVIDER
from integrations.records import LedgerDeletion, LedgerDocument
from tests.integrations.providers.quickbooks_engine import (
    BOOKS,
    CUT_OVER,
    SLUG,
    STREAM,
    OverHttp,
    account,
    entry,
    nets,
    now_of,
    pull,
    read,
    send,
    unlinked,
)


class TestGrant(OverHttp):
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


class TestMirror(OverHttp):
    def test_the_whole_chart_comes_inactive_accounts_too(self, api, fresh):
        hidden = fresh.create_as_user("Account", {"Name": "Old Till", "AccountType": "Bank"})
        fresh.edit_as_user("Account", hidden, {"Active": False})
        items, cursor, only = pull(api, "accounts", fresh)
        found = {fact.external_id: fact for fact in read("accounts", items)}
        assert set(found) == set(fresh.books.held["Account"])
        assert not found[hidden].is_active
        assert only == frozenset(fresh.books.held["Account"]), "which ids there are is asked with a day's first pull"
        assert datetime.fromisoformat(cursor).tzinfo is not None
        assert pull(api, "accounts", fresh, cursor)[2] is None

    def test_the_profile_tells_the_closing_date(self, api, fresh):
        items, _, _ = pull(api, "company", fresh)
        (profile,) = read("company", items)
        assert profile.closed_through == date(2025, 12, 31)

    def test_vendors_and_customers_come_whole(self, api, fresh):
        for stream, kind in (("vendors", "Vendor"), ("customers", "Customer")):
            items, _, _ = pull(api, stream, fresh)
            assert {fact.external_id for fact in read(stream, items)} == {
                f"{kind}:{key}" for key in fresh.books.held[kind]
            }

    def test_the_first_load_begins_with_the_fiscal_year_and_agrees_with_the_books(self, api, fresh):
        items, _, _ = pull(api, "documents", fresh)
        found = {fact.external_id.partition(":")[2]: fact for fact in read("documents", items)}
        expected = {key for key, held in fresh.books.documents.items() if held.on >= date(2026, 1, 1)}
        assert set(found) == expected
        assert len(items) == len(found)
        exact = [fact for fact in found.values() if not fact.missing]
        assert len(exact) > len(found) // 2
        for fact in exact:
            held = fresh.books.documents[fact.external_id.partition(":")[2]]
            posted = defaultdict(int)
            for posting in held.postings:
                posted[posting.account] += posting.amount
            assert nets(fact.lines) == {key: amount for key, amount in posted.items() if amount}, fact.external_id

    def test_small_pages_bring_the_same_rows(self, api, fresh, monkeypatch):
        whole, _, _ = pull(api, "documents", fresh)
        monkeypatch.setattr(mirror, "PAGE_ROWS", 7)
        paged, _, _ = pull(api, "documents", fresh)
        assert read("documents", paged) == read("documents", whole)

    def test_a_load_that_was_cut_goes_on_where_it_stopped(self, api, fresh, monkeypatch):
        monkeypatch.setattr(mirror, "PAGE_ROWS", 9)
        whole, _, _ = pull(api, "documents", fresh)
        pages = STREAM["documents"].pull(api, Window(cursor="", since=CUT_OVER, now=now_of(fresh)))
        first = [next(pages) for _ in range(4)]
        rest, cursor, _ = pull(api, "documents", fresh, cursor=first[-1].cursor)
        seen = [item for page in first for item in page.items] + rest
        assert seen == whole
        assert not cursor.startswith("[")

    def test_a_row_that_vanishes_during_the_load_is_not_skipped_over(self, api, fresh, monkeypatch):
        monkeypatch.setattr(mirror, "PAGE_ROWS", 5)
        spent = sorted((key for key, held in fresh.books.held["Purchase"].items() if held.on >= CUT_OVER), key=int)
        free = spent[2]
        items = []
        for page in STREAM["documents"].pull(api, Window(cursor="", since=CUT_OVER, now=now_of(fresh))):
            items += page.items
            if free and any("Purchase" in item for item in page.items):
                fresh.delete_as_user("Purchase", free)
                free = ""
        seen = {item["Purchase"]["Id"] for item in items if "Purchase" in item}
        assert seen == set(spent)

    def test_the_feed_brings_changes_and_deletions_only(self, api, fresh):
        _, cursor, _ = pull(api, "documents", fresh)
        made = send(api, entry(fresh), "STNEW").external_id
        gone = unlinked(fresh)
        fresh.delete_as_user("Purchase", gone)
        items, later, only = pull(api, "documents", fresh, cursor=cursor)
        facts = {fact.external_id: fact for fact in read("documents", items)}
        since = datetime.fromisoformat(cursor) - timedelta(minutes=10)
        assert {made, f"Purchase:{gone}"} <= set(facts)
        assert all(fact.updated_at >= since for fact in facts.values() if isinstance(fact, LedgerDocument))
        assert len(facts) < 10
        assert isinstance(facts[f"Purchase:{gone}"], LedgerDeletion)
        assert datetime.fromisoformat(later) >= datetime.fromisoformat(cursor)
        assert only is None

    def test_the_same_change_is_seen_again_within_the_overlap(self, api, fresh):
        _, cursor, _ = pull(api, "documents", fresh)
        send(api, entry(fresh), "STNEW")
        first, later, _ = pull(api, "documents", fresh, cursor=cursor)
        again, _, _ = pull(api, "documents", fresh, cursor=later)
        assert first == again

    def test_a_feed_missed_for_too_long_is_read_whole_and_names_what_is_left(self, api, fresh):
        _, cursor, _ = pull(api, "documents", fresh)
        gone = unlinked(fresh)
        fresh.delete_as_user("Purchase", gone)
        old = (datetime.fromisoformat(cursor) - timedelta(days=26)).isoformat()
        items, later, only = pull(api, "documents", fresh, cursor=old)
        first = [fact.booked_on for fact in read("documents", items) if isinstance(fact, LedgerDocument)]
        assert min(first) >= CUT_OVER
        assert f"Purchase:{gone}" not in only
        assert {name.partition(":")[2] for name in only} == set(fresh.books.documents)
        assert not later.startswith("[")

    def test_a_full_feed_answer_is_asked_again_in_halves(self, api, fresh, monkeypatch):
        _, cursor, _ = pull(api, "documents", fresh)
        cursor = (datetime.fromisoformat(cursor) - timedelta(days=20)).isoformat()
        whole, _, _ = pull(api, "documents", fresh, cursor=cursor)
        largest = max(
            sum(name in item for item in whole)
            for name in ("Bill", "Purchase", "JournalEntry", "BillPayment", "Invoice", "Payment")
        )
        assert len(whole) > largest + 1
        monkeypatch.setattr(mirror, "FEED_LIMIT", largest + 1)
        halved, _, only = pull(api, "documents", fresh, cursor=cursor)
        assert sorted(map(repr, halved)) == sorted(map(repr, whole))
        assert only is None

    def test_one_entity_that_fills_an_answer_leads_to_a_full_read(self, api, fresh):
        _, cursor, _ = pull(api, "documents", fresh)
        body = {
            "TxnDate": "2026-04-01",
            "FromAccountRef": {"value": account(fresh, "Checking")},
            "ToAccountRef": {"value": account(fresh, "Savings")},
            "Amount": 1,
        }
        made = {fresh.create_as_user("Transfer", body) for _ in range(1005)}
        items, _, only = pull(api, "documents", fresh, cursor=cursor)
        assert {item["Transfer"]["Id"] for item in items if "Transfer" in item} >= made
        assert {name.partition(":")[2] for name in only} == set(fresh.books.documents)

    def test_a_quote_in_a_query_stays_a_quote(self, api):
        assert BOOKS.find(api, "JournalEntry", "O'Neil' OR DocNumber LIKE '%") == []
