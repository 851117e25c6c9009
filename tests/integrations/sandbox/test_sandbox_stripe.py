"""Stripe through its official SDK and by plain HTTP."""

from __future__ import annotations

import pytest
import requests
import stripe

from integrations.sandbox.server import CLIENT_IDS
from integrations.sandbox.world import build_world

VERSION = "2026-10-28.endive"


@pytest.fixture
def client(sandbox):
    base = sandbox.base_url("stripe")
    sandbox.app.setting.limits = False
    yield stripe.StripeClient("rk_test_kestrel", base_addresses={"api": base}, stripe_version=VERSION)
    sandbox.app.setting.limits = True


@pytest.fixture
def company():
    return build_world(7).company("kestrel")


def get(sandbox, path, key="rk_test_kestrel", **params):
    headers = {"Authorization": f"Bearer {key}"}
    return requests.get(sandbox.base_url("stripe") + path, params=params, headers=headers, timeout=5)


def test_sdk_reads_the_whole_ledger_and_it_sums_to_the_balance(client):
    rows = list(client.v1.balance_transactions.list({"limit": 100}).auto_paging_iter())
    balance = client.v1.balance.retrieve()
    assert len({row.id for row in rows}) == len(rows) > 5000
    assert sum(row.net for row in rows) == balance.available[0].amount + balance.pending[0].amount
    assert all(row.net == row.amount - row.fee for row in rows)


def test_payout_filter_gives_the_composition_which_nets_to_nil(client, company):
    payout = company.payouts[40]
    rows = list(client.v1.balance_transactions.list({"payout": payout.id, "limit": 100}).auto_paging_iter())
    assert sum(row.net for row in rows) == 0
    assert [row.net for row in rows if row.type == "payout"] == [-payout.amount_minor]


def test_created_bounds_are_honoured(client, company):
    low, high = 1_767_254_400, 1_769_932_799
    rows = list(
        client.v1.balance_transactions.list({"created": {"gte": low, "lte": high}, "limit": 100}).auto_paging_iter()
    )
    assert rows
    assert all(low <= row.created <= high for row in rows)
    expected = [row for row in company.sales.rows if low <= row.created.timestamp() <= high]
    assert sum(1 for row in rows if row.type != "payout") == len(expected)


def test_newest_comes_first(client):
    created = [row.created for row in client.v1.charges.list({"limit": 50}).data]
    assert created == sorted(created, reverse=True)


def test_ending_before_pages_back(client):
    first = client.v1.charges.list({"limit": 6}).data
    back = client.v1.charges.list({"limit": 2, "ending_before": first[4].id}).data
    assert [charge.id for charge in back] == [first[2].id, first[3].id]


def test_expanded_source_carries_the_charge_with_channel(client):
    rows = client.v1.balance_transactions.list({"limit": 5, "type": "charge", "expand": ["data.source"]}).data
    assert {row.source.object for row in rows} == {"charge"}
    assert all(row.source.metadata["channel"] in {"store", "online"} for row in rows)


def test_refund_and_dispute_can_be_followed_to_their_charge(client, company):
    refund = client.v1.refunds.list({"limit": 1, "expand": ["data.charge"]}).data[0]
    assert refund.charge.amount_refunded == refund.amount
    dispute = client.v1.disputes.list({"limit": 5}).data[0]
    assert dispute.id == company.sales.disputes[-1].id
    assert dispute.status == "lost"
    assert [row.net for row in dispute.balance_transactions] == [-dispute.amount - 1500]


def test_won_dispute_shows_its_reversal(client):
    won = next(dispute for dispute in client.v1.disputes.list().data if dispute.status == "won")
    assert [row.reporting_category for row in won.balance_transactions] == ["dispute", "dispute_reversal"]


def test_lost_dispute_moves_no_money_but_has_an_event(client):
    events = client.v1.events.list({"type": "charge.dispute.closed"}).data
    assert [event.data.object["status"] for event in events] == ["lost"]


def test_events_reach_back_thirty_days_only(client):
    events = list(client.v1.events.list({"limit": 100}).auto_paging_iter())
    assert min(event.created for event in events) >= 1_775_437_200 - 30 * 86400


def test_unknown_object_raises_the_sdks_invalid_request(client):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.retrieve("po_nothing")
    assert caught.value.code == "resource_missing"


def test_payout_in_transit_has_no_trace_yet(client):
    newest = client.v1.payouts.list({"limit": 1}).data[0]
    assert newest.status == "in_transit"
    assert newest.trace_id.value is None


def test_wrong_key_is_refused(sandbox):
    got = get(sandbox, "/v1/balance", key="rk_test_nobody")
    assert got.status_code == 401
    assert got.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"limit": 101}, "parameter_invalid_integer"),
        ({"colour": "red"}, "parameter_unknown"),
        ({"starting_after": "ch_none"}, "resource_missing"),
        ({"created[near]": 5}, "parameter_unknown"),
    ],
)
def test_bad_parameters_are_refused_by_code(sandbox, params, code):
    got = get(sandbox, "/v1/charges", **params)
    assert (got.status_code, got.json()["error"]["code"]) == (400, code)


def test_property_that_cannot_be_expanded_is_refused(sandbox):
    assert get(sandbox, "/v1/charges", **{"expand[]": "data.metadata"}).status_code == 400


def test_twenty_sixth_request_within_a_second_is_limited(sandbox):
    session = requests.Session()
    session.headers["Authorization"] = "Bearer rk_test_kestrel"
    window = sandbox.app.services["stripe"]._window
    for _ in range(25):
        window.hit("kestrel:GET:balance")
    got = session.get(sandbox.base_url("stripe") + "/v1/balance", timeout=5)
    assert got.status_code == 429
    assert got.headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
    assert got.json()["error"]["code"] == "rate_limit"
    assert session.get(sandbox.base_url("stripe") + "/v1/account", timeout=5).status_code == 200


def test_oauth_gives_a_token_that_reads_the_chosen_account_only(sandbox, consent_at):
    consent = consent_at("stripe", "/oauth/authorize")
    back = consent.answer("quillfeather", scope="read_only")
    assert back["state"] == "st-1"
    form = {"grant_type": "authorization_code", "code": back["code"], "client_secret": consent.client_secret}
    url = sandbox.base_url("stripe") + "/oauth/token"
    tokens = requests.post(url, data=form, timeout=5).json()
    assert tokens["stripe_user_id"] == "acct_1Quillfeather0002"
    assert get(sandbox, "/v1/account", key=tokens["access_token"]).json()["id"] == "acct_1Quillfeather0002"
    assert requests.post(url, data=form, timeout=5).json()["error"] == "invalid_grant"
    assert get(sandbox, "/v1/account", key=tokens["access_token"]).status_code == 401


def test_platform_key_reaches_connected_accounts_only(sandbox):
    secret = CLIENT_IDS["stripe"][1]
    headers = {"Authorization": f"Bearer {secret}", "Stripe-Account": "acct_1KestrelPine00001"}
    url = sandbox.base_url("stripe") + "/v1/account"
    assert requests.get(url, headers=headers, timeout=5).status_code == 401
    sandbox.app.services["stripe"].desk.open_grant("kestrel", "read_only")
    assert requests.get(url, headers=headers, timeout=5).status_code == 200


def test_deauthorized_token_stops_working(sandbox):
    grant = sandbox.app.services["stripe"].desk.open_grant("kestrel", "read_only")
    client_id, secret = CLIENT_IDS["stripe"]
    form = {"client_id": client_id, "stripe_user_id": "acct_1KestrelPine00001"}
    url = sandbox.base_url("stripe") + "/oauth/deauthorize"
    assert requests.post(url, data=form, auth=(secret, ""), timeout=5).status_code == 200
    assert get(sandbox, "/v1/balance", key=grant.access_token).status_code == 401


def test_webhook_signature_satisfies_the_sdk(sandbox):
    signed = sandbox.app.services["stripe"].webhook("kestrel", "payout.paid", "whsec_test")
    event = stripe.Webhook.construct_event(signed.body, signed.headers["Stripe-Signature"], "whsec_test")
    assert event.type == "payout.paid"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(signed.body + b" ", signed.headers["Stripe-Signature"], "whsec_test")


def test_catering_charges_have_no_tax_and_a_channel_of_their_own(sandbox):
    found = [
        charge
        for charge in get(sandbox, "/v1/charges", key="rk_test_quillfeather", limit=100).json()["data"]
        if charge["metadata"]["channel"] == "catering"
    ]
    assert all("tax_cents" not in charge["metadata"] for charge in found)
