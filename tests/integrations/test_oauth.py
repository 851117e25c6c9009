"""Connecting: only the person who began it, for the client and system it was begun for, once and in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import requests

from clients.tenancy import client_context, system_context
from integrations import jobs, oauth, registry, tokens
from integrations.models import Connection, OAuthAttempt, StreamState, SyncJob, Token
from tests.integrations.conftest import walk

pytestmark = pytest.mark.django_db(transaction=True)
ALL = ("quickbooks-online", "stripe", "gusto", "plaid")


@pytest.fixture
def people() -> Any:
    from tests import builders

    return builders.world()


def begin(people: Any, slug: str = "stripe", **options: Any) -> str:
    with client_context(people.kestrel.pk):
        return oauth.begin(people.bob, people.kestrel, registry.provider(slug), **options)


@pytest.mark.parametrize("slug", ALL)
def test_a_finished_sign_in_gives_a_live_connection_with_its_streams(people, connect, slug):
    connection = connect(people.bob, people.kestrel, slug)
    with client_context(people.kestrel.pk):
        streams = set(StreamState.objects.filter(connection=connection).values_list("stream", flat=True))
        jobs_made = SyncJob.objects.filter(connection=connection, kind="sync").count()
    assert connection.is_live
    assert connection.account_id
    assert streams == {stream.name for stream in registry.provider(slug).streams}
    assert jobs_made == 1


def test_the_grant_is_nowhere_in_the_database_in_clear(people, connect, owner_sql):
    connection = connect(people.bob, people.kestrel, "gusto")
    grant = tokens.held(connection).grant
    dump = "".join(
        str(row)
        for table in (
            "integrations_token",
            "integrations_connection",
            "integrations_oauthattempt",
            "clients_auditevent",
        )
        for row in owner_sql.execute(f"SELECT t::text FROM {table} t").fetchall()
    )
    assert grant.access not in dump
    assert grant.refresh not in dump
    assert grant.access.encode().hex() not in dump


def test_a_state_works_once(people, sandbox):
    back = walk(begin(people), "kestrel")
    oauth.finish(people.bob, "stripe", back)
    with pytest.raises(oauth.ConnectRefused, match="not begun here, is used"):
        oauth.finish(people.bob, "stripe", back)


@pytest.mark.parametrize(
    "forge",
    [
        lambda p, back: (p.carol, "stripe", back),
        lambda p, back: (p.charlie, "stripe", back),
        lambda p, back: (p.bob, "gusto", back),
        lambda p, back: (p.bob, "stripe", back | {"state": "x" * 43}),
        lambda p, back: (p.bob, "stripe", back | {"state": ""}),
        lambda p, back: (p.bob, "stripe", {"code": back["code"]}),
        lambda p, back: (p.bob, "stripe", back | {"state": back["state"][:-1]}),
        lambda p, back: (p.bob, "stripe", back | {"code": "ac_wrong"}),
        lambda p, back: (p.bob, "stripe", {"state": back["state"]}),
        lambda p, back: (p.bob, "stripe", {"state": back["state"], "error": "access_denied"}),
    ],
)
def test_a_forged_or_refused_callback_connects_nothing(people, sandbox, forge):
    back = walk(begin(people), "kestrel")
    with pytest.raises(oauth.ConnectRefused):
        oauth.finish(*forge(people, back))
    with system_context():
        assert not Connection.objects.exists()


def test_a_state_older_than_ten_minutes_is_refused(people, sandbox):
    back = walk(begin(people), "kestrel")
    with client_context(people.kestrel.pk):
        OAuthAttempt.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(oauth.ConnectRefused):
        oauth.finish(people.bob, "stripe", back)


def test_only_the_hash_of_a_state_is_kept(people, sandbox, owner_sql):
    state = walk(begin(people), "kestrel")["state"]
    assert state not in str(owner_sql.execute("SELECT t::text FROM integrations_oauthattempt t").fetchall())


def test_an_account_another_client_holds_is_refused(people, connect):
    connect(people.bob, people.kestrel, "quickbooks-online")
    with pytest.raises(oauth.ConnectRefused, match="already connected to another client"):
        connect(people.bob, people.quillfeather, "quickbooks-online", company="kestrel")
    with system_context():
        assert Connection.objects.count() == 1


def test_the_database_itself_refuses_a_second_holder(people, connect, owner_sql):
    import psycopg

    connection = connect(people.bob, people.kestrel, "stripe")
    with pytest.raises(psycopg.errors.UniqueViolation, match="connection_account_held_once"):
        owner_sql.execute(
            "INSERT INTO integrations_connection (client_id, provider, account_id, name, state, problem, settings)"
            " VALUES (%s, 'stripe', %s, '', 'live', '', '{}')",
            [people.wren.pk, connection.account_id],
        )


@pytest.mark.parametrize(
    ("state", "is_read", "taken"), [("live", "null", 1), ("disconnected", "now()", 1), ("disconnected", "null", 0)]
)
def test_the_database_itself_knows_one_ledger_of_a_client(people, connect, owner_sql, state, is_read, taken):
    connect(people.bob, people.kestrel, "quickbooks-online")
    statement = (
        "INSERT INTO integrations_connection (client_id, provider, account_id, name, state, problem, settings, keeps_books,"
        f" last_success_at) VALUES (%s, 'another-ledger', 'x', '', '{state}', '', '{{}}', true, {is_read})"
    )
    if taken:
        with pytest.raises(psycopg.errors.UniqueViolation, match="connection_one_ledger_a_client"):
            owner_sql.execute(statement, [people.kestrel.pk])
    else:
        owner_sql.execute(statement, [people.kestrel.pk])


def test_reconnecting_keeps_the_row_and_its_streams(people, connect):
    first = connect(people.bob, people.kestrel, "quickbooks-online")
    with client_context(people.kestrel.pk):
        StreamState.objects.filter(connection=first, stream="documents").update(cursor="here", duty="off")
        Connection.objects.update(state="needs_reconnect", problem="gone")
    again = connect(people.bob, people.kestrel, "quickbooks-online", connection=first)
    with client_context(people.kestrel.pk):
        kept = StreamState.objects.get(connection=again, stream="documents")
    assert (again.pk, again.state, again.problem) == (first.pk, "live", "")
    assert (kept.cursor, kept.duty) == ("here", "off")


@pytest.mark.parametrize("left", [False, True])
def test_a_second_company_file_at_one_client_is_refused(people, connect, left):
    first = connect(people.bob, people.kestrel, "quickbooks-online")
    with client_context(people.kestrel.pk):
        if left:
            StreamState.objects.filter(connection=first, stream="documents").update(last_success_at=datetime.now(UTC))
            oauth.disconnect(first, actor=people.bob)
    with pytest.raises(oauth.ConnectRefused, match="one client has one ledger"):
        connect(people.bob, people.kestrel, "quickbooks-online", company="quillfeather")
    with system_context():
        assert list(Connection.objects.values_list("pk", flat=True)) == [first.pk]
    assert connect(people.bob, people.quillfeather, "quickbooks-online").is_live


def test_a_company_file_connected_by_mistake_and_never_read_gives_way(people, connect):
    first = connect(people.bob, people.kestrel, "quickbooks-online", company="quillfeather")
    with client_context(people.kestrel.pk):
        oauth.disconnect(first, actor=people.bob)
    assert connect(people.bob, people.kestrel, "quickbooks-online").is_live


def test_reconnecting_with_another_account_is_refused(people, connect):
    first = connect(people.bob, people.kestrel, "gusto")
    with pytest.raises(oauth.ConnectRefused, match="another account"):
        connect(people.bob, people.kestrel, "gusto", company="quillfeather", connection=first)


def test_mending_a_hosted_link_keeps_the_account(people, connect, sandbox):
    first = connect(people.bob, people.kestrel, "plaid")
    requests.post(f"{sandbox.url}/_control/companies/kestrel/expire-login", json={}, timeout=10)
    with client_context(people.kestrel.pk):
        Connection.objects.update(state="needs_reconnect")
    again = connect(people.bob, people.kestrel, "plaid", connection=first)
    assert (again.pk, again.account_id, again.state) == (first.pk, first.account_id, "live")


@pytest.mark.parametrize("slug", ALL)
def test_disconnecting_hands_the_grant_back_and_destroys_it(people, connect, slug):
    connection = connect(people.bob, people.kestrel, slug)
    with client_context(people.kestrel.pk):
        oauth.disconnect(connection, actor=people.bob)
        job = SyncJob.objects.get(kind="revoke")
    assert jobs.run(job.pk)
    with client_context(people.kestrel.pk):
        job.refresh_from_db()
        assert (job.state, job.problem) == ("done", "")
        assert not Token.objects.exists()
        assert Connection.objects.get().state == "disconnected"


def test_another_client_may_take_an_account_that_was_given_up(people, connect):
    first = connect(people.bob, people.kestrel, "stripe")
    with client_context(people.kestrel.pk):
        oauth.disconnect(first, actor=people.bob)
    second = connect(people.bob, people.quillfeather, "stripe", company="kestrel")
    assert second.account_id == first.account_id
    assert second.client_id == people.quillfeather.pk


@pytest.mark.parametrize(
    ("slug", "said", "name"),
    [
        ("stripe", "Kestrel and Pine Outfitters", "Stripe"),
        ("stripe", "Kestrel Online", "Stripe, Kestrel Online"),
        ("stripe", "Stripe, Kestrel Online", "Stripe, Kestrel Online"),
        ("plaid", "Larkfield Community Bank", "Larkfield Community Bank"),
        ("gusto", "", ""),
    ],
)
def test_systems_whose_accounts_all_bear_the_clients_name_are_told_apart(people, slug, said, name):
    assert oauth.named(people.kestrel, registry.provider(slug), said) == name
