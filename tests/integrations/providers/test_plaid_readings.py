"""Plaid: the contract, its sign, and its list that changes while it is read."""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import date, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from integrations.errors import PayloadError, StaleCursor
from integrations.payload import Payload, parse_json
from integrations.provider import Credentials, HostedLink, Outgoing, Window
from integrations.providers.plaid.provider import PROVIDER, authorise, link_body
from integrations.records import BankAccount, BankLine, BankLineRemoved, Unknown
from tests.integrations.contract import (
    CONTRACTS,
    NOW,
    ScriptedApi,
    fixture_objects,
    read,
    result_table,
)

LINES, ACCOUNTS = PROVIDER.stream("transactions"), PROVIDER.stream("accounts")


def line(number):
    return copy.deepcopy(fixture_objects(PROVIDER, LINES)[number - 1])


def only(raw, stream=LINES):
    (fact,) = read(stream, raw)
    return fact


# ---- reading -------------------------------------------------------------------------------------------------------------


def test_money_out_of_the_account_is_negative_here():
    deposit, fee = only(line(1)), only(line(2))
    assert (deposit.amount, deposit.counterparty) == (90050, "Stripe")
    assert (fee.amount, fee.code, fee.description) == (-4500, "bank charge", "MONTHLY SERVICE FEE")


def test_a_cheque_carries_its_number_and_other_lines_the_banks_reference():
    assert only(line(3)).reference == "2041"
    assert only(line(6)).reference == "REF-6"


def test_a_posted_line_names_the_pending_one_it_replaces_and_keeps_the_banks_day():
    posted = only(line(4))
    assert (posted.replaces, posted.pending, posted.counterparty) == ("tx9fixtureKestrelRidge", False, "Paper & Twine")
    assert posted.booked_on == date(2026, 3, 24)


def test_a_pending_line_says_so():
    assert only(line(5)).pending


def test_a_line_taken_back_is_told_by_its_ids_alone():
    fact = only({"account_id": "a", "transaction_id": "t"})
    assert isinstance(fact, BankLineRemoved)
    assert fact.booked_on == date(2026, 4, 1)


def test_a_line_without_amount_is_a_problem_and_never_a_removal():
    raw = line(1)
    del raw["amount"]
    with pytest.raises(PayloadError, match=r"\$\.amount: is missing"):
        only(raw)


def test_fractions_of_a_cent_are_refused_in_lines_and_rounded_in_an_investments_balance():
    with pytest.raises(PayloadError, match=r"\$\.amount"):
        only(line(1) | {"amount": parse_json("72.105")})
    assert only(fixture_objects(PROVIDER, ACCOUNTS)[2], ACCOUNTS).balance == 4012012


def test_money_without_an_official_currency_goes_before_a_person():
    fact = only(line(1) | {"iso_currency_code": None, "unofficial_currency_code": "BTC"})
    assert isinstance(fact, Unknown)
    assert "BTC" in fact.what


def test_an_account_without_a_current_balance_claims_none():
    raw = copy.deepcopy(fixture_objects(PROVIDER, ACCOUNTS)[0])
    raw["balances"]["current"] = None
    assert only(raw, ACCOUNTS).balance is None


def test_another_balance_or_another_day_is_another_version_of_the_account():
    raw = fixture_objects(PROVIDER, ACCOUNTS)[0]
    versions = {
        ACCOUNTS.version(Payload.of(raw | {"read_at": moment}))
        for moment in ("2026-04-01T09:00:00+00:00", "2026-04-01T10:00:00+00:00", "2026-04-02T09:00:00+00:00")
    }
    assert len(versions) == 2


# ---- pulling -------------------------------------------------------------------------------------------------------------


def sync(*added, cursor, more=False, removed=()):
    return {"added": list(added), "modified": [], "removed": list(removed), "next_cursor": cursor, "has_more": more}


SYNC = "/transactions/sync"
WINDOW = Window(cursor="stored", since=date(2026, 1, 1), now=NOW)


def test_the_cursor_is_kept_only_when_the_whole_loop_is_in():
    api = ScriptedApi((SYNC, sync(line(1), cursor="one", more=True)), (SYNC, sync(line(2), cursor="two")))
    pages = list(LINES.pull(api, WINDOW))
    assert [page.cursor for page in pages] == [None, "two"]
    assert [said["cursor"] for _, said in api.asked] == ["stored", "one"]


def test_a_change_under_the_reader_drops_the_half_read_pages_and_starts_at_the_loops_first_cursor():
    api = ScriptedApi(
        (SYNC, sync(line(5), cursor="one", more=True)),
        (SYNC, StaleCursor("changed")),
        (SYNC, sync(line(1), cursor="two")),
    )
    pages = list(LINES.pull(api, WINDOW))
    assert [item["transaction_id"] for page in pages for item in page.items] == [line(1)["transaction_id"]]
    assert [said["cursor"] for _, said in api.asked] == ["stored", "one", "stored"]


def test_a_list_that_never_stands_still_is_given_up_with_nothing_read():
    api = ScriptedApi(*[(SYNC, StaleCursor("changed"))] * 3)
    with pytest.raises(StaleCursor):
        list(LINES.pull(api, WINDOW))


def test_the_first_pull_sends_no_cursor_and_an_empty_one_is_not_kept():
    api = ScriptedApi((SYNC, sync(cursor="")))
    (page,) = LINES.pull(api, Window(cursor="", since=date(2026, 1, 1), now=NOW))
    assert page.cursor is None
    assert "cursor" not in api.asked[0][1]


def test_a_removal_is_dated_by_its_reading():
    stub = {"account_id": "a", "transaction_id": "t"}
    (page,) = LINES.pull(ScriptedApi((SYNC, sync(cursor="one", removed=[stub]))), WINDOW)
    assert page.items == [stub | {"read_at": NOW.isoformat()}]


# ---- connecting ----------------------------------------------------------------------------------------------------------


def test_a_new_login_asks_for_two_years_of_lines_and_a_mended_one_for_no_product():
    new, mended = link_body("client-7", "https://portal.example/back", ""), link_body("client-7", "u", "access-1")
    assert new["transactions"] == {"days_requested": 730}
    assert new["products"] == ["transactions"]
    assert mended["access_token"] == "access-1"
    assert "products" not in mended


def test_the_apps_secret_is_in_no_body():
    request = Outgoing(method="POST", path="/item/get", headers={}, params={}, json={"count": 1})
    authorise(request, Credentials(access="access-1", client_id="app", secret="hush"))
    assert request.headers == {"PLAID-CLIENT-ID": "app", "PLAID-SECRET": "hush"}
    assert request.json == {"count": 1, "access_token": "access-1"}
    assert isinstance(PROVIDER.auth, HostedLink)


# ---- notices -------------------------------------------------------------------------------------------------------------


KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())


def jwk(private=KEY, **more):
    return json.dumps(
        {**ECAlgorithm.to_jwk(private.public_key(), as_dict=True), "kid": "key-1", "expired_at": None, **more}
    )


def signed(body, private=KEY, moment=NOW, kid="key-1"):
    claims = {"iat": int(moment.timestamp()), "request_body_sha256": hashlib.sha256(body).hexdigest()}
    return {"plaid-verification": jwt.encode(claims, private, algorithm="ES256", headers={"kid": kid})}


def by_shared_secret(body):
    claims = {"iat": int(NOW.timestamp()), "request_body_sha256": hashlib.sha256(body).hexdigest()}
    return {"plaid-verification": jwt.encode(claims, "k" * 32, algorithm="HS256", headers={"kid": "key-1"})}


@pytest.mark.parametrize(
    ("body", "headers", "keys", "fits"),
    [
        (b"{}", signed(b"{}"), [jwk()], True),
        (b"{}", signed(b"{}"), [json.dumps({"key": json.loads(jwk())})], True),
        (b"{ }", signed(b"{}"), [jwk()], False),
        (b"{}", signed(b"{}", STRANGER), [jwk()], False),
        (b"{}", signed(b"{}", moment=NOW - timedelta(seconds=301)), [jwk()], False),
        (b"{}", signed(b"{}", kid="key-2"), [jwk()], False),
        (b"{}", signed(b"{}"), [jwk(expired_at=int(NOW.timestamp()) - 1)], False),
        (b"{}", by_shared_secret(b"{}"), [jwk()], False),
        (b"{}", {}, [jwk()], False),
        (b"{}", {"Plaid-Verification": "no.jwt.here"}, ["no json", "[]", "{}"], False),
    ],
)
def test_a_notice_is_believed_only_with_a_fresh_es256_signature_of_its_bytes(body, headers, keys, fits):
    assert PROVIDER.webhook.verify(body, headers, keys, NOW) is fits


def test_the_key_is_looked_up_by_the_id_in_the_notice():
    assert PROVIDER.webhook.key_id(signed(b"{}")) == "key-1"
    assert PROVIDER.webhook.key_id(by_shared_secret(b"{}")) == ""
    assert PROVIDER.webhook.key_id({}) == ""


# ---- the published contract ----------------------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = result_table(PROVIDER)
    print(json.dumps(table, indent=1, ensure_ascii=False))
    assert table["response-transactions-sync.json"] == "BankAccount × 1, BankLine × 2, BankLineRemoved × 1"
    assert table["response-accounts-get.json"] == "BankAccount × 3"
    assert "Unknown" not in str(table)


@pytest.mark.contracts
def test_every_account_type_and_notice_the_contract_lists_is_known():
    schemas = parse_json((CONTRACTS / "plaid/openapi-transactions-2020-09-14.json").read_bytes())["components"][
        "schemas"
    ]
    for kind in schemas["AccountType"]["enum"]:
        raw = fixture_objects(PROVIDER, ACCOUNTS)[0] | {"type": kind}
        assert isinstance(only(raw, ACCOUNTS), BankAccount), kind
    for code in schemas["TransactionCode"]["enum"]:
        assert isinstance(only(line(1) | {"transaction_code": code}), BankLine)
    for sample in (CONTRACTS / "plaid/samples").glob("webhook-*.json"):
        ((event, item, streams),) = PROVIDER.webhook.events(parse_json(sample.read_bytes()))
        assert (event, bool(item), bool(streams)) == ("", True, True), sample.name


@pytest.mark.contracts
def test_every_type_of_error_the_contract_lists_becomes_an_act():
    schemas = parse_json((CONTRACTS / "plaid/openapi-transactions-2020-09-14.json").read_bytes())["components"][
        "schemas"
    ]
    for kind in schemas["PlaidErrorType"]["enum"]:
        assert PROVIDER.read_error(400, {}, {"error_type": kind, "error_code": "SOMETHING_NEW"}) is not None, kind
