"""Plaid through its official SDK: Hosted Link, sync, the end of a login, webhooks."""

from __future__ import annotations

import hashlib
import json
from datetime import date

import jwt
import plaid
import pytest
import requests
from plaid.api import plaid_api

from integrations.sandbox.server import CLIENT_IDS
from integrations.sandbox.world import build_world
from integrations.sandbox.world.truth import statement_balances

USER = {"client_user_id": "client-1"}


@pytest.fixture
def api(sandbox):
    client_id, secret = CLIENT_IDS["plaid"]
    configuration = plaid.Configuration(
        host=sandbox.base_url("plaid"), api_key={"clientId": client_id, "secret": secret, "plaidVersion": "2020-09-14"}
    )
    return plaid_api.PlaidApi(plaid.ApiClient(configuration))


@pytest.fixture
def post(sandbox):
    client_id, secret = CLIENT_IDS["plaid"]

    def send(path, **body):
        keys = {"client_id": client_id, "secret": secret}
        return requests.post(sandbox.base_url("plaid") + path, json={**keys, **body}, timeout=5)

    return send


def linked(sandbox, company, days=730):
    return sandbox.app.services["plaid"].link.attach(company, days, "")


def read_all(post, item, cursor="", count=500):
    """(added, removed, cursor) of a whole loop."""
    added, removed, more = [], [], True
    while more:
        page = post("/transactions/sync", access_token=item.access_token, cursor=cursor, count=count).json()
        added += page["added"]
        removed += page["removed"]
        cursor, more = page["next_cursor"], page["has_more"]
    return added, removed, cursor


def walk_hosted_link(post, sandbox, company="kestrel", **extra):
    body = {"client_name": "Tieout", "language": "en", "country_codes": ["US"], "user": USER, **extra}
    made = post("/link/token/create", hosted_link={}, **body).json()
    form = {"token": made["link_token"], "company": company, "decision": "approve"}
    assert company in requests.get(made["hosted_link_url"], timeout=5).text
    assert requests.post(made["hosted_link_url"], data=form, timeout=5).status_code == 200
    return post("/link/token/get", link_token=made["link_token"]).json()


def test_sdk_walks_link_exchange_accounts_and_sync(api, sandbox):
    from plaid.model.accounts_get_request import AccountsGetRequest
    from plaid.model.country_code import CountryCode
    from plaid.model.item_public_token_exchange_request import ItemPublicTokenExchangeRequest
    from plaid.model.link_token_create_hosted_link import LinkTokenCreateHostedLink
    from plaid.model.link_token_create_request import LinkTokenCreateRequest
    from plaid.model.link_token_create_request_user import LinkTokenCreateRequestUser
    from plaid.model.link_token_get_request import LinkTokenGetRequest
    from plaid.model.link_token_transactions import LinkTokenTransactions
    from plaid.model.products import Products
    from plaid.model.transactions_sync_request import TransactionsSyncRequest

    made = api.link_token_create(
        LinkTokenCreateRequest(
            client_name="Tieout",
            language="en",
            country_codes=[CountryCode("US")],
            user=LinkTokenCreateRequestUser(client_user_id="client-1"),
            products=[Products("transactions")],
            transactions=LinkTokenTransactions(days_requested=730),
            hosted_link=LinkTokenCreateHostedLink(),
        )
    )
    form = {"token": made.link_token, "company": "kestrel", "decision": "approve"}
    requests.post(made.hosted_link_url, data=form, timeout=5)
    session = api.link_token_get(LinkTokenGetRequest(link_token=made.link_token)).link_sessions[0]
    public_token = session.results.item_add_results[0].public_token
    tokens = api.item_public_token_exchange(ItemPublicTokenExchangeRequest(public_token=public_token))
    accounts = api.accounts_get(AccountsGetRequest(access_token=tokens.access_token)).accounts
    assert [account.mask for account in accounts] == ["4410", "7725", "3098"]
    page = api.transactions_sync(TransactionsSyncRequest(access_token=tokens.access_token, count=500))
    assert len(page.added) == 500
    assert page.has_more


def test_lines_and_opening_balances_give_the_statement_balances(post, sandbox):
    company = build_world(7).company("kestrel")
    truth = statement_balances(company)
    item = linked(sandbox, "kestrel")
    added, _, _ = read_all(post, item)
    accounts = {a["account_id"]: a for a in post("/accounts/get", access_token=item.access_token).json()["accounts"]}
    for name, shown in (("Checking", 1), ("Savings", 1), ("Business Visa", -1)):
        account = next(a for a in accounts.values() if a["name"].endswith(name.split()[-1]))
        posted = [t for t in added if t["account_id"] == account["account_id"] and not t["pending"]]
        moved = -sum(round(t["amount"] * 100) for t in posted)
        last = truth[name]["days"]["2026-04-05"]
        assert dict(company.cast.opening)[name] + moved == last
        assert round(account["balances"]["current"] * 100) == shown * last


def test_money_out_is_positive(post, sandbox):
    added, _, _ = read_all(post, linked(sandbox, "kestrel"))
    by_name = {t["name"]: t["amount"] for t in added}
    assert by_name["MONTHLY SERVICE FEE"] == 25
    assert by_name["INTEREST PAYMENT"] < 0
    assert by_name["GUSTO TAX"] > 0


def test_pages_of_any_size_give_the_same_lines(post, sandbox):
    item = linked(sandbox, "brambling")
    whole, _, _ = read_all(post, item)
    small, _, _ = read_all(post, item, count=37)
    assert [t["transaction_id"] for t in small] == [t["transaction_id"] for t in whole]


def test_default_history_is_ninety_days(post, sandbox):
    added, _, _ = read_all(post, linked(sandbox, "brambling", days=90))
    assert min(t["date"] for t in added) >= "2026-01-05"


def test_pending_charge_posts_as_removal_and_a_new_id(post, sandbox):
    item = linked(sandbox, "quillfeather")
    item.visible_through = "2026-03-07"
    first, _, cursor = read_all(post, item)
    pending = {t["transaction_id"]: t for t in first if t["pending"]}
    assert pending
    item.visible_through = "2026-03-12"
    added, removed, _ = read_all(post, item, cursor)
    assert {r["transaction_id"] for r in removed} == set(pending)
    successors = {t["pending_transaction_id"]: t for t in added if t["pending_transaction_id"] in pending}
    assert {key: t["amount"] for key, t in successors.items()} == {key: t["amount"] for key, t in pending.items()}


def test_steps_and_one_go_end_in_the_same_posted_lines(post, sandbox):
    stepwise, item = set(), linked(sandbox, "quillfeather")
    cursor = ""
    for day in ("2026-02-27", "2026-03-08", "2026-03-20", "2026-04-05"):
        item.visible_through = day
        added, removed, cursor = read_all(post, item, cursor)
        stepwise |= {t["transaction_id"] for t in added}
        stepwise -= {r["transaction_id"] for r in removed}
    whole = {t["transaction_id"] for t in read_all(post, item)[0]}
    assert stepwise == whole


def test_nothing_new_gives_an_empty_page_and_a_cursor_that_goes_on(post, sandbox):
    item = linked(sandbox, "brambling")
    _, _, cursor = read_all(post, item)
    page = post("/transactions/sync", access_token=item.access_token, cursor=cursor).json()
    assert (page["added"], page["removed"], page["has_more"]) == ([], [], False)


def test_data_that_moves_between_pages_is_an_error_of_its_own(post, sandbox):
    item = linked(sandbox, "kestrel")
    page = post("/transactions/sync", access_token=item.access_token, count=10).json()
    requests.post(sandbox.url + "/_control/companies/kestrel/mutate-pages", timeout=5)
    got = post("/transactions/sync", access_token=item.access_token, cursor=page["next_cursor"], count=10)
    assert (got.status_code, got.json()["error_code"]) == (400, "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION")
    assert post("/transactions/sync", access_token=item.access_token, cursor="", count=10).status_code == 200


def test_quillfeathers_login_expires_and_update_mode_brings_the_rest(post, sandbox):
    item = linked(sandbox, "quillfeather")
    first, _, cursor = read_all(post, item)
    assert max(t["date"] for t in first) == "2026-03-20"
    requests.post(sandbox.url + "/_control/companies/quillfeather/expire-login?provider=plaid", timeout=5)
    refused = post("/transactions/sync", access_token=item.access_token, cursor=cursor)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "ITEM_LOGIN_REQUIRED")
    assert post("/item/get", access_token=item.access_token).json()["item"]["error"]["error_code"]
    session = walk_hosted_link(post, sandbox, company="quillfeather", access_token=item.access_token)
    assert session["link_sessions"][0]["results"]["item_add_results"] == []
    added, _, _ = read_all(post, item, cursor)
    assert min(t["date"] for t in added) > "2026-03-20"
    assert any("STRIPE TRANSFER" in t["name"] and t["date"] == "2026-04-02" for t in added)


def test_public_token_works_once(post, sandbox):
    session = walk_hosted_link(post, sandbox, products=["transactions"])
    token = session["link_sessions"][0]["results"]["item_add_results"][0]["public_token"]
    assert post("/item/public_token/exchange", public_token=token).status_code == 200
    assert post("/item/public_token/exchange", public_token=token).json()["error_code"] == "INVALID_PUBLIC_TOKEN"


def test_declined_link_gives_no_item(post, sandbox):
    body = {"client_name": "T", "language": "en", "country_codes": ["US"], "user": USER, "products": ["transactions"]}
    made = post("/link/token/create", hosted_link={}, **body).json()
    requests.post(made["hosted_link_url"], data={"token": made["link_token"], "decision": "deny"}, timeout=5)
    session = post("/link/token/get", link_token=made["link_token"]).json()["link_sessions"][0]
    assert session["results"]["item_add_results"] == []


def test_linking_again_gives_other_ids_for_the_same_accounts(post, sandbox):
    def accounts(item):
        return post("/accounts/get", access_token=item.access_token).json()["accounts"]

    first, second = accounts(linked(sandbox, "kestrel")), accounts(linked(sandbox, "kestrel"))
    assert {a["account_id"] for a in first}.isdisjoint(a["account_id"] for a in second)
    assert [a["persistent_account_id"] for a in first] == [a["persistent_account_id"] for a in second]


def test_removed_item_and_wrong_keys_are_refused(post, sandbox):
    item = linked(sandbox, "kestrel")
    post("/item/remove", access_token=item.access_token)
    assert post("/accounts/get", access_token=item.access_token).json()["error_code"] == "ITEM_NOT_FOUND"
    assert post("/accounts/get", access_token="x", secret="no").json()["error_code"] == "INVALID_API_KEYS"
    assert post("/accounts/get", access_token="x").json()["error_code"] == "INVALID_ACCESS_TOKEN"


def test_fifty_first_sync_in_a_minute_is_limited(post, sandbox):
    item = linked(sandbox, "kestrel")
    for _ in range(50):
        sandbox.app.services["plaid"]._window.hit(item.id)
    got = post("/transactions/sync", access_token=item.access_token)
    assert (got.status_code, got.json()["error_type"]) == (429, "RATE_LIMIT_EXCEEDED")


def test_webhook_token_verifies_with_the_published_key(post, sandbox):
    linked(sandbox, "kestrel")
    signed = sandbox.app.services["plaid"].webhook("kestrel", "SYNC_UPDATES_AVAILABLE", "")
    token = signed.headers["Plaid-Verification"]
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "ES256"
    key = post("/webhook_verification_key/get", key_id=header["kid"]).json()["key"]
    claims = jwt.decode(token, jwt.PyJWK(key), algorithms=["ES256"])
    assert claims["request_body_sha256"] == hashlib.sha256(signed.body).hexdigest()
    assert json.loads(signed.body)["webhook_code"] == "SYNC_UPDATES_AVAILABLE"


def test_unknown_webhook_key_is_refused(post, sandbox):
    assert post("/webhook_verification_key/get", key_id="other").status_code == 400


def test_cheques_carry_their_number(post, sandbox):
    added, _, _ = read_all(post, linked(sandbox, "kestrel"))
    cheques = [t for t in added if t["check_number"]]
    assert all(t["name"] == f"CHECK {t['check_number']}" for t in cheques)
    assert len(cheques) > 50


def test_bank_shows_the_monthly_fee_on_the_last_business_day_of_march(post, sandbox):
    item = linked(sandbox, "quillfeather")
    sandbox.app.services["plaid"].items.repair(item)
    added, _, _ = read_all(post, item)
    fees = [t for t in added if t["name"] == "MONTHLY SERVICE FEE" and t["date"] >= "2026-03-01"]
    assert [(t["date"], t["amount"]) for t in fees] == [(date(2026, 3, 31).isoformat(), 45)]
