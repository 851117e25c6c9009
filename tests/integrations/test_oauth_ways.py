"""The ways sign-ins differ: names and signatures of callbacks, addresses told by answers, ends given as times, keys posted back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client as Browser

from clients.tenancy import client_context, system_context
from integrations import http, oauth, postedkeys, tokens
from integrations.models import Connection, OAuthAttempt, Token
from integrations.provider import OAuth2
from tests.integrations import acting, scripted
from tests.integrations.test_http import Server, _server, ok, server

__all__ = ["_server", "server"]
pytestmark = pytest.mark.django_db(transaction=True)
ME = '{"id": "acct-1", "name": "Larch"}'
PLAIN = {"authorize_url": "/authorize", "token_url": "/token", "client_auth": "form", "account_in": "call"}


@pytest.fixture
def people() -> Any:
    from tests import builders

    return builders.world()


class Way:
    """A sign-in of kestrel with a provider of one scheme, in two steps."""

    def __init__(self, people: Any, server: Server, monkeypatch: Any) -> None:
        self.people, self.server, self.monkeypatch = people, server, monkeypatch

    def begin(self, auth: Any, *, asked: Any = None, connection: Any = None, **declared: Any) -> dict[str, str]:
        self.declared = acting.provider(auth, **declared)
        scripted.install(self.monkeypatch, self.declared)
        with client_context(self.people.kestrel.pk):
            self.address = oauth.begin(
                self.people.bob, self.people.kestrel, self.declared, asked=asked, connection=connection
            )
        return dict(parse_qsl(urlsplit(self.address).query))

    def finish(self, *answers: Any, **back: str) -> Connection:
        self.server.answers = [*answers, ok(ME)]
        return oauth.finish(self.people.bob, "scripted", back)


@pytest.fixture
def way(people: Any, server: Server, monkeypatch: Any) -> Way:
    return Way(people, server, monkeypatch)


def answer(**told: Any) -> Any:
    return ok(json.dumps({"access_token": "at-1", "refresh_token": "rt-1", **told}))


def token() -> Token:
    with system_context():
        client = Connection.objects.get().client_id
    with client_context(client):
        return Token.objects.get()


# ---- what is sent and what comes back ------------------------------------------------------------------------------------


def test_names_and_extra_fields_are_the_vendors(way, server, monkeypatch):
    monkeypatch.setenv("TIEOUT_SCRIPTED_APPLICATION_ID", "amzn1.app")
    auth = OAuth2(
        **PLAIN,
        client_id_key="application_id",
        client_id_setting="APPLICATION_ID",
        code_key="spapi_oauth_code",
        authorize_extra={"version": "beta"},
        token_extra={"expiring": "1"},
        scopes=("a", "b"),
        scope_separator=",",
    )
    query = way.begin(auth)
    assert (query["application_id"], query["version"], query["scope"]) == ("amzn1.app", "beta", "a,b")
    way.finish(answer(), state=query["state"], spapi_oauth_code="c-1")
    sent = dict(parse_qsl(server.asked[0][3].decode()))
    assert (sent["code"], sent["expiring"], sent["client_id"]) == ("c-1", "1", "app")


def test_a_callback_without_the_vendors_signature_connects_nothing(way, server):
    def genuine(params: Any, credentials: Any) -> bool:
        text = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "hmac")
        wanted = hmac.new(credentials.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(params.get("hmac", ""), wanted) and params["shop"] == credentials.settings["shop"]

    def signed(**query: str) -> dict[str, str]:
        text = "&".join(f"{name}={query[name]}" for name in sorted(query))
        return {**query, "hmac": hmac.new(b"app-secret-canary", text.encode(), hashlib.sha256).hexdigest()}

    auth = OAuth2(**PLAIN, verify_callback=genuine)
    for forge in (
        lambda back: back | {"hmac": "0" * 64},
        lambda back: back | {"code": "other"},
        lambda back: {name: value for name, value in back.items() if name != "hmac"},
        lambda back: signed(**{**back, "shop": "alder.shops.example"}) if back.pop("hmac") else back,
    ):
        query = way.begin(auth, asks=(acting.SHOP,), asked={"shop": "larch.shops.example"})
        with pytest.raises(oauth.ConnectRefused, match="not signed"):
            way.finish(**forge(signed(state=query["state"], code="c-1", shop="larch.shops.example")))
    assert server.asked == []
    query = way.begin(auth, asks=(acting.SHOP,), asked={"shop": "larch.shops.example"})
    assert way.finish(answer(), **signed(state=query["state"], code="c-1", shop="larch.shops.example")).is_live


@pytest.mark.parametrize("shop", ["", "evil.example", "larch.shops.example.evil.example", "larch.shops.example/x?y"])
def test_a_place_that_is_none_begins_nothing(way, shop):
    with pytest.raises(oauth.ConnectRefused, match="Shop address"):
        way.begin(OAuth2(**PLAIN), asks=(acting.SHOP,), asked={"shop": shop})
    with system_context():
        assert not OAuthAttempt.objects.exists()


def test_the_proof_of_the_code_goes_with_it(way, server):
    query = way.begin(OAuth2(**PLAIN, pkce=True))
    way.finish(answer(), state=query["state"], code="c-1")
    verifier = dict(parse_qsl(server.asked[0][3].decode()))["code_verifier"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert (query["code_challenge"], query["code_challenge_method"]) == (challenge, "S256")


# ---- where the account answers, and until when ---------------------------------------------------------------------------

KEEPS = OAuth2(**PLAIN, keeps={"instance_url": r"https://[a-z0-9-]+\.crm\.example"})


def test_an_answer_tells_where_to_call_and_a_renewal_tells_anew(way, server):
    query = way.begin(KEEPS)
    made = way.finish(answer(instance_url="https://na1.crm.example"), state=query["state"], code="c-1")
    assert made.where == {"instance_url": "https://na1.crm.example"}
    server.answers = [ok(status=401), answer(access_token="at-2", instance_url="https://na2.crm.example"), ok()]
    spoken = http.ConnectionApi(made)
    spoken.get("/rows")
    assert spoken.settings["instance_url"] == "https://na2.crm.example"
    assert server.asked[-1][2]["Authorization"] == "Bearer at-2"


@pytest.mark.parametrize(
    "url", ["https://evil.example", "http://na1.crm.example", "https://na1.crm.example.evil.example", 7, ""]
)
def test_an_answer_that_tells_a_strange_address_is_not_believed(way, url):
    query = way.begin(KEEPS)
    with pytest.raises(oauth.ConnectRefused, match="none of the provider's"):
        way.finish(answer(instance_url=url), state=query["state"], code="c-1")
    with system_context():
        assert not Connection.objects.exists()


def test_ends_may_be_told_as_times(way):
    query = way.begin(OAuth2(**PLAIN))
    ends = datetime.now(UTC) + timedelta(days=30)
    told = {"expires_at": ends.isoformat().replace("+00:00", "Z"), "refresh_token_expires_in": 86400}
    way.finish(answer(**told), state=query["state"], code="c-1")
    assert token().access_expires_at == ends
    assert token().refresh_expires_at is not None


def test_a_consent_that_lapses_is_an_end_no_renewal_moves(way, server):
    query = way.begin(OAuth2(**PLAIN, consent_days=365))
    made = way.finish(answer(), state=query["state"], code="c-1")
    ends = token().hard_expires_at
    assert ends is not None
    assert 364 <= (ends - datetime.now(UTC)).days <= 365
    server.answers = [answer(access_token="at-2")]
    tokens.refresh(made, failed=1)
    assert token().hard_expires_at == ends


def test_a_provider_that_hands_back_in_its_own_way_is_let(way, server):
    def revoke(api: Any, credentials: Any) -> None:
        api.delete(f"/tokens/{credentials.account_id}")

    query = way.begin(OAuth2(**PLAIN), revoke=revoke)
    made = way.finish(answer(), state=query["state"], code="c-1")
    server.answers = [ok("")]
    oauth.revoke(made)
    assert server.asked[-1][:2] == ("DELETE", "/tokens/acct-1?")


# ---- keys that the account's own server posts ----------------------------------------------------------------------------


def post(body: Any, slug: str = "scripted") -> int:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    browser = Browser(enforce_csrf_checks=True)
    return browser.post(f"/connect/{slug}/keys/", data, content_type="application/json").status_code


def keys(reference: str, **more: Any) -> dict[str, Any]:
    return {"key_id": 1, "user_id": reference, "consumer_key": "ck_canary", "consumer_secret": "cs_canary", **more}


def back_state(query: dict[str, str]) -> str:
    return dict(parse_qsl(urlsplit(query["return_url"]).query))["state"]


def test_posted_keys_and_the_browser_meet(way, server, owner_sql):
    query = way.begin(acting.POSTED)
    assert post(keys(query["user_id"])) == 200
    rows = owner_sql.execute("SELECT t::text FROM integrations_oauthattempt t").fetchall()
    assert "ck_canary" not in str(rows)
    assert query["user_id"] not in str(rows)
    made = way.finish(state=back_state(query), success="1", user_id=query["user_id"])
    assert (made.is_live, made.scheme) == (True, "posted")
    assert tokens.held(made).grant.keys == {"consumer_key": "ck_canary", "consumer_secret": "cs_canary"}
    with system_context():
        assert not OAuthAttempt.objects.filter(provider__startswith="keys:").exists()


def test_a_reference_takes_keys_once(way):
    query = way.begin(acting.POSTED)
    assert [post(keys(query["user_id"])), post(keys(query["user_id"], consumer_key="ck_other"))] == [200, 404]
    made = way.finish(state=back_state(query), success="1")
    assert tokens.held(made).grant.keys["consumer_key"] == "ck_canary"


def test_keys_nobody_waits_for_are_not_taken(way):
    query = way.begin(acting.POSTED)
    state = back_state(query)
    for body in (
        keys("x" * 43),
        keys(""),
        keys(state),
        keys(query["user_id"], consumer_key=""),
        keys(query["user_id"], consumer_key=7),
        keys(query["user_id"], consumer_secret="x" * 2000),
        [],
        b"not json",
        b"",
    ):
        assert post(body) == 404
    assert post(keys(query["user_id"]), slug="stripe") == 404
    assert post(keys(query["user_id"]), slug="absent") == 404
    assert post(b"x" * (postedkeys.LIMIT_BYTES + 1)) == 413
    with pytest.raises(oauth.ConnectRefused, match="no keys came"):
        way.finish(state=state, success="1")


def test_keys_that_come_too_late_are_not_taken(way):
    query = way.begin(acting.POSTED)
    with system_context():
        OAuthAttempt.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert post(keys(query["user_id"])) == 404


def test_a_reference_is_no_state_and_a_refusal_connects_nothing(way):
    query = way.begin(acting.POSTED)
    post(keys(query["user_id"]))
    with pytest.raises(oauth.ConnectRefused, match="not begun here"):
        way.finish(state=query["user_id"], success="1")
    with pytest.raises(oauth.ConnectRefused, match="declined"):
        way.finish(state=back_state(query), success="0")
