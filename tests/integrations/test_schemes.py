"""Every provider the sandbox plays, by each of its schemes: connected, renewed, taken back, mended, ended. No provider is named."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from clients.tenancy import client_context, system_context
from integrations import http, jobs, oauth, registry, tokens
from integrations.errors import ProviderError, Reconnect
from integrations.models import Connection, SyncJob, Token
from integrations.provider import FileOnly
from integrations.sandbox.server import CLIENT_IDS

pytestmark = pytest.mark.django_db(transaction=True)
WAYS = [
    pytest.param(slug, scheme.kind, id=f"{slug}-{scheme.kind}")
    for slug, declared in registry.all_providers().items()
    if slug in CLIENT_IDS
    for scheme in declared.schemes
    if not isinstance(scheme, FileOnly)
]


@pytest.fixture
def people() -> Any:
    from tests import builders

    return builders.world()


@pytest.fixture
def company(sandbox: Any) -> Any:
    """``company("square")``: a company that uses the system."""
    return lambda slug: next(iter(sandbox.app.setting.world.using(slug)), "kestrel")


def control(sandbox: Any, company: str, slug: str, action: str) -> bool:
    """Whether the provider knew the action."""
    address = f"{sandbox.url}/_control/companies/{company}/{action}"
    return requests.post(address, json={"provider": slug}, timeout=10).ok


def proven(connection: Connection) -> str:
    """The account id the provider gives the connection's own session."""
    declared = registry.provider(connection.provider)
    assert declared.whoami is not None
    return declared.whoami(http.ConnectionApi(connection))[0]


@pytest.mark.parametrize(("slug", "kind"), WAYS)
def test_each_way_in_leads_to_a_session_of_the_account(people, connect, company, slug, kind):
    made = connect(people.bob, people.kestrel, slug, company=company(slug), kind=kind)
    assert (made.is_live, made.scheme) == (True, kind)
    assert proven(made) == made.account_id


@pytest.mark.parametrize(("slug", "kind"), WAYS)
def test_nothing_of_the_grant_is_in_the_database_in_clear(people, connect, company, owner_sql, slug, kind):
    made = connect(people.bob, people.kestrel, slug, company=company(slug), kind=kind)
    grant = tokens.held(made).grant
    tables = ("token", "connection", "oauthattempt", "syncjob")
    rows = [
        row for table in tables for row in owner_sql.execute(f"SELECT t::text FROM integrations_{table} t").fetchall()
    ]
    secret = [value for value in (grant.access, grant.refresh, *grant.keys.values()) if len(value) > 11]
    assert secret
    assert [value for value in secret if value in str(rows) or value.encode().hex() in str(rows)] == []


@pytest.mark.parametrize(("slug", "kind"), WAYS)
def test_an_access_that_ended_is_renewed_once_without_a_person(people, connect, company, sandbox, slug, kind):
    made = connect(people.bob, people.kestrel, slug, company=company(slug), kind=kind)
    ended, before = control(sandbox, company(slug), slug, "expire-token"), tokens.held(made).version
    if not tokens.is_renewable(made):
        # What has no end by itself stays what it is: nobody tries to renew it.
        assert tokens.held(made).expires_at is None
        return
    assert ended
    assert proven(made) == made.account_id
    assert tokens.held(made).version == before + 1


@pytest.mark.parametrize(("slug", "kind"), WAYS)
def test_an_access_that_was_taken_back_waits_for_a_person_who_mends_the_same_row(
    people, connect, company, sandbox, slug, kind
):
    made = connect(people.bob, people.kestrel, slug, company=company(slug), kind=kind)
    assert control(sandbox, company(slug), slug, "revoke")
    with pytest.raises(Reconnect):
        proven(made)
    control(sandbox, company(slug), slug, "restore-keys")
    with client_context(people.kestrel.pk):
        Connection.objects.update(state="needs_reconnect", problem="gone")
    # A hosted page has nothing left to mend once its item is gone: the account is linked anew there.
    mended = made if kind != "link" else None
    again = connect(people.bob, people.kestrel, slug, company=company(slug), kind=kind, connection=mended)
    assert again.is_live
    assert kind == "link" or again.pk == made.pk
    assert proven(again) == again.account_id


@pytest.mark.parametrize(("slug", "kind"), WAYS)
def test_ending_it_hands_back_what_can_be_handed_back_and_destroys_the_rest(people, connect, company, slug, kind):
    made = connect(people.bob, people.kestrel, slug, company=company(slug), kind=kind)
    declared, grant = registry.provider(slug), tokens.held(made).grant
    with client_context(people.kestrel.pk):
        oauth.disconnect(made, actor=people.bob)
        job = SyncJob.objects.get(kind="revoke")
    assert jobs.run(job.pk)
    with client_context(people.kestrel.pk):
        job.refresh_from_db()
        assert (job.state, job.problem) == ("done", "")
        assert not Token.objects.exists()
    if not hands_back(declared, kind):
        return
    with system_context():
        ended = Connection.objects.get(pk=made.pk)
    api = http.ProviderApi(
        declared, grant.access, ended.account_id, scheme=declared.scheme(kind), keys=grant.keys, where=ended.where
    )
    with pytest.raises(ProviderError):
        declared.whoami(api)


def hands_back(declared: Any, kind: str) -> bool:
    """Whether the vendor has a way to end an access of this kind."""
    scheme = declared.scheme(kind)
    ways = (declared.revoke, *(getattr(scheme, name, "") for name in ("revoke_url", "remove_path", "logout_path")))
    return any(ways)
