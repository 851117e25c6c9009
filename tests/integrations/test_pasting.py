"""Connecting by what is typed here: proven before it is kept, kept in the vault alone, renewed without a person, mended in place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clients.tenancy import client_context
from integrations import http, oauth, pasting, tokens, work
from integrations.errors import Reconnect
from integrations.models import Connection, SyncJob, Token
from tests.integrations import acting, scripted
from tests.integrations.test_certificates import AUTH as CERTIFIED
from tests.integrations.test_certificates import NEXT, NOW, OURS, keys, make
from tests.integrations.test_http import Server, _server, ok, server

__all__ = ["_server", "server"]
pytestmark = pytest.mark.django_db(transaction=True)
GIVEN = {"key": "sk_canary1", "region": "eu"}
LOGIN = {"username": "sync", "password": "password-canary"}
ME = '{"id": "acct-1", "name": "Larch"}'


@pytest.fixture
def people() -> Any:
    from tests import builders

    return builders.world()


@pytest.fixture
def paste(people: Any, monkeypatch: Any, server: Server) -> Any:
    """``paste(auth, given)`` connects kestrel; the server's next answers are the test's, then the account's."""

    def run(
        auth: Any, given: dict[str, str], *, answers: Any = (), connection: Any = None, **declared: Any
    ) -> Connection:
        made = acting.provider(auth, **declared)
        scripted.install(monkeypatch, made)
        server.answers = [*answers, ok(ME)]
        with client_context(people.kestrel.pk):
            return pasting.connect(people.bob, people.kestrel, made, given, connection=connection)

    return run


def token_of(connection: Connection) -> Token:
    with client_context(connection.client_id):
        return Token.objects.get(connection=connection)


# ---- keys ----------------------------------------------------------------------------------------------------------------


def test_keys_are_proven_and_then_kept_in_the_vault_alone(paste, people, server, owner_sql):
    made = paste(acting.KEYS, GIVEN)
    assert (made.state, made.account_id, made.scheme) == ("live", "acct-1", "keys")
    assert "Larch" in made.name
    assert server.asked[0][2]["Authorization"] == "Bearer sk_canary1"
    assert tokens.held(made).grant.keys == GIVEN
    rows = owner_sql.execute(
        "SELECT t::text FROM integrations_connection t UNION SELECT t::text FROM integrations_token t"
    )
    assert "sk_canary1" not in str(rows.fetchall())
    with client_context(people.kestrel.pk):
        assert SyncJob.objects.filter(kind="sync", connection=made).count() == 1


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"region": "eu"}, "key", "Needed"),
        ({"key": "rubbish", "region": "eu"}, "key", "looks like"),
        ({"key": "sk_canary1\nX-Evil: 1", "region": "eu"}, "key", "looks like"),
        ({"key": "sk_canary1", "region": "mars"}, "region", "one of the list"),
    ],
)
def test_what_cannot_be_right_is_said_at_its_field_and_nobody_is_called(paste, server, given, field, said):
    with pytest.raises(pasting.WrongFields) as wrong:
        paste(acting.KEYS, given)
    assert said in wrong.value.problems[field]
    assert "canary" not in str(wrong.value.problems)
    assert server.asked == []


def test_keys_that_are_not_accepted_connect_nothing(paste, people, server):
    with pytest.raises(pasting.ConnectRefused, match="does not accept"):
        paste(acting.KEYS, GIVEN, answers=[ok('{"message": "canary"}', status=401)])
    with client_context(people.kestrel.pk):
        assert not Connection.objects.exists()


def test_mending_keeps_the_row_and_the_keys_that_are_left_empty(paste):
    first = paste(acting.KEYS, GIVEN | {"hook": "whsec_1"})
    again = paste(acting.KEYS, {"key": "sk_second", "region": "", "hook": " "}, connection=first)
    assert again.pk == first.pk
    assert tokens.held(again).grant.keys == {"key": "sk_second", "region": "eu", "hook": "whsec_1"}


def test_mending_with_the_keys_of_another_account_is_refused(paste):
    first = paste(acting.KEYS, GIVEN)
    with pytest.raises(pasting.ConnectRefused, match="another account"):
        paste(acting.KEYS, GIVEN, connection=first, answers=[ok('{"id": "acct-2", "name": "Alder"}')])
    assert tokens.held(first).version == 1


def test_keys_need_no_renewal(paste):
    made = paste(acting.KEYS, GIVEN)
    assert (tokens.is_renewable(made), tokens.lapses_unused(made)) == (False, False)
    assert token_of(made).access_expires_at is None


def test_a_place_that_was_asked_is_kept_readable_and_given_to_every_call(paste, server):
    made = paste(acting.KEYS, GIVEN | {"shop": " https://Larch.shops.example/ "}, asks=(acting.SHOP,))
    assert made.where == {"shop": "larch.shops.example"}
    assert dict(http.ConnectionApi(made).settings) == {"shop": "larch.shops.example"}


# ---- a token for an id and a secret --------------------------------------------------------------------------------------

GRANTED = '{"access_token": "at-1", "expires_in": 3600}'
PAIR = {"client_id": "id-1", "client_secret": "secret-canary"}


def test_a_token_is_asked_for_and_used_until_it_ends(paste, server):
    made = paste(acting.TOKEN, PAIR, answers=[ok(GRANTED)])
    assert server.asked[0][3] == b"grant_type=client_credentials&scope=read"
    assert server.asked[1][2]["Authorization"] == "Bearer at-1"
    server.answers = [ok(), ok()]
    spoken = http.ConnectionApi(made)
    spoken.get("/rows")
    spoken.get("/rows")
    assert [path for _, path, _, _ in server.asked] == ["/token?", "/me?", "/rows?", "/rows?"]


def test_a_token_near_its_end_is_asked_for_once_more(paste, server):
    made = paste(acting.TOKEN, PAIR, answers=[ok('{"access_token": "at-1", "expires_in": 60}')])
    server.answers = [ok('{"access_token": "at-2", "expires_in": 3600}'), ok()]
    http.ConnectionApi(made).get("/rows")
    assert server.asked[-1][2]["Authorization"] == "Bearer at-2"
    assert tokens.held(made).grant.keys == PAIR


def test_a_pair_that_is_refused_waits_for_a_person(paste, server):
    made = paste(acting.TOKEN, PAIR, answers=[ok(GRANTED)])
    server.answers = [ok(status=401), ok('{"error": "invalid_client"}', status=401)]
    with pytest.raises(Reconnect, match="keys are not accepted"):
        http.ConnectionApi(made).get("/rows")
    with client_context(made.client_id):
        assert Connection.objects.get().state == "needs_reconnect"


def test_a_wrong_pair_connects_nothing(paste, people):
    with pytest.raises(pasting.ConnectRefused, match="does not accept"):
        paste(acting.TOKEN, PAIR, answers=[ok('{"error": "invalid_client"}', status=401)])


def test_a_certificates_end_is_the_end_of_the_access(paste, monkeypatch):
    from integrations import sessions

    monkeypatch.setattr(sessions, "certified", lambda _pair: None)
    made = paste(CERTIFIED, {**PAIR, **keys(OURS, NEXT)}, answers=[ok(GRANTED)])
    ends = token_of(made).hard_expires_at
    assert ends is not None
    assert 399 <= (ends - NOW).days <= 400


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (keys(make("old", begins=-9, ends=-1)), "certificate"),
        (keys((OURS[0], NEXT[1])), "certificate_key"),
        ({"certificate": "rubbish", "certificate_key": OURS[1]}, "certificate"),
        ({}, "certificate"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_said_at_its_field(paste, server, given, field):
    with pytest.raises(pasting.WrongFields) as wrong:
        paste(CERTIFIED, {**PAIR, **given})
    assert field in wrong.value.problems
    assert server.asked == []


# ---- a session -----------------------------------------------------------------------------------------------------------


def logged_in(session: str) -> Any:
    return ok(json.dumps({"response": {"sessionId": session}}))


def test_a_login_is_made_once_and_again_when_the_session_is_over(paste, server):
    made = paste(acting.SESSION, LOGIN, answers=[logged_in("s-1")])
    assert json.loads(server.asked[0][3]) == {**LOGIN, "devKey": "app-secret-canary"}
    over = ok('{"code": "SESSION_OVER"}', status=400)
    server.answers = [ok(), over, logged_in("s-2"), ok(), ok()]
    spoken = http.ConnectionApi(made)
    for _ in range(3):
        spoken.get("/rows")
    paths = [path for _, path, _, _ in server.asked]
    assert paths == ["/login?", "/me?", "/rows?", "/rows?", "/login?", "/rows?", "/rows?"]
    assert server.asked[-1][2]["Authorization"] == "Bearer s-2"


def test_a_session_that_is_over_again_at_once_is_not_opened_for_ever(paste, server):
    made = paste(acting.SESSION, LOGIN, answers=[logged_in("s-1")])
    server.answers = [ok(status=401), logged_in("s-2"), ok(status=401)]
    with pytest.raises(Reconnect):
        http.ConnectionApi(made).get("/rows")
    assert len([path for _, path, _, _ in server.asked if path == "/login?"]) == 2


def test_ending_it_logs_out(paste, people, server):
    made = paste(acting.SESSION, LOGIN, answers=[logged_in("s-1")])
    with client_context(people.kestrel.pk):
        oauth.disconnect(made, actor=people.bob)
    server.answers = [ok("{}")]
    oauth.revoke(made)
    assert server.asked[-1][:2] == ("POST", "/logout?")
    assert server.asked[-1][2]["Authorization"] == "Bearer s-1"


def test_nothing_is_renewed_daily_that_does_not_lapse(paste, people):
    made = paste(acting.SESSION, LOGIN, answers=[logged_in("s-1")])
    assert tokens.is_renewable(made)
    with client_context(people.kestrel.pk):
        job = SyncJob.objects.create(client=people.kestrel, kind="keep-alive", dedupe_key="k", connection=made)
    assert work.keep_alive(job, None) == {"renewed": False}
