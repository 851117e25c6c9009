"""Renewing a grant whose refresh tokens work once: one caller asks, the others use what it got, a crash is never silent."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from clients.tenancy import client_context
from integrations import syncing, tokens
from integrations.errors import Reconnect, RetryLater
from integrations.http import ConnectionApi
from integrations.models import Connection, Token
from tests.integrations.conftest import _sandbox, connect, sandbox  # noqa: F401

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
PROCESSES, THREADS, ROUNDS = 2, 6, 2
TOKEN_PATH = "/gusto/oauth/token"


@pytest.fixture
def people(transactional_db: None) -> Any:
    from tests import builders

    return builders.world()


@pytest.fixture
def gusto(people: Any, connect: Any, sandbox: Any) -> Connection:  # noqa: F811
    connection = connect(people.bob, people.kestrel, "gusto")
    requests.delete(f"{sandbox.url}/_control/log", timeout=10)
    return connection


def token_calls(running: Any) -> list[int]:
    """Statuses of the token calls the provider saw."""
    log = requests.get(f"{running.url}/_control/log", timeout=10).json()["requests"]
    return [entry["status"] for entry in log if entry["path"].endswith("/oauth/token")]


def arm(running: Any, kind: str, times: int = 1, **more: Any) -> None:
    fault = {"provider": "gusto", "path_regex": "oauth/token", "kind": kind, "times": times, **more}
    requests.post(f"{running.url}/_control/faults", json=fault, timeout=10).raise_for_status()


def row(connection: Connection) -> Token:
    with client_context(connection.client_id):
        return Token.objects.get(pk=connection.pk)


def state(connection: Connection) -> tuple[str, str]:
    with client_context(connection.client_id):
        connection.refresh_from_db()
    return connection.state, connection.problem


def test_many_processes_and_threads_make_one_call_each_time(gusto, sandbox, process_environment):  # noqa: F811
    environment = process_environment | {"TIEOUT_SANDBOX_URL": sandbox.url, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(ROOT / "tests/faults/refreshing.py"), str(gusto.pk), str(ROUNDS), str(THREADS)]
    crowd = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        for _round in range(ROUNDS):
            for expected in ("ready", "done"):
                for process in crowd:
                    process.stdin.write("go\n")
                    process.stdin.flush()
                for process in crowd:
                    assert process.stdout.readline().strip() == expected
        assert [process.wait(timeout=20) for process in crowd] == [0] * PROCESSES
    finally:
        for process in crowd:
            process.kill()
            process.communicate(timeout=10)
    assert token_calls(sandbox) == [200] * ROUNDS
    assert row(gusto).version == 1 + ROUNDS
    assert state(gusto) == ("live", "")


def test_a_token_that_was_refused_is_renewed_once_and_the_call_repeated(gusto, sandbox):  # noqa: F811
    api = ConnectionApi(syncing.find(gusto.pk))
    requests.post(f"{sandbox.url}/_control/companies/kestrel/expire-token?provider=gusto", json={}, timeout=10)
    assert api.get("/v1/token_info")
    assert token_calls(sandbox) == [200]


def test_a_token_somebody_else_renewed_is_used_without_a_call(gusto, sandbox):  # noqa: F811
    slow = ConnectionApi(syncing.find(gusto.pk))
    slow.get("/v1/token_info")
    tokens.refresh(gusto, failed=1)
    requests.delete(f"{sandbox.url}/_control/log", timeout=10)
    assert slow.get("/v1/token_info")
    assert token_calls(sandbox) == []


def test_a_token_near_its_end_is_renewed_before_it_is_used(gusto, sandbox):  # noqa: F811
    with client_context(gusto.client_id):
        Token.objects.update(access_expires_at=datetime.now(UTC) + timedelta(seconds=30))
    ConnectionApi(syncing.find(gusto.pk)).get("/v1/token_info")
    assert token_calls(sandbox) == [200]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_token_service_is_no_reason_to_reconnect(gusto, sandbox, status):  # noqa: F811
    arm(sandbox, "status", status=status)
    with pytest.raises(RetryLater):
        tokens.refresh(gusto, failed=1)
    assert state(gusto) == ("live", "")
    assert tokens.refresh(gusto, failed=1).version == 2


def test_an_answer_that_was_cut_off_before_anything_happened_costs_nothing(gusto, sandbox):  # noqa: F811
    arm(sandbox, "drop_before")
    with pytest.raises(RetryLater):
        tokens.refresh(gusto, failed=1)
    assert tokens.refresh(gusto, failed=1).version == 2
    assert state(gusto) == ("live", "")


def test_an_answer_lost_after_the_provider_changed_the_token_is_told_to_a_person(gusto, sandbox):  # noqa: F811
    arm(sandbox, "drop_after")
    with pytest.raises(RetryLater):
        tokens.refresh(gusto, failed=1)
    assert row(gusto).refresh_started_at is not None
    with client_context(gusto.client_id):
        Token.objects.update(refresh_started_at=datetime.now(UTC) - timedelta(minutes=5))
    with pytest.raises(Reconnect):
        tokens.refresh(gusto, failed=1)
    now, problem = state(gusto)
    assert now == "needs_reconnect"
    assert "answer to an earlier renewal was lost" in problem


def test_the_refresh_token_before_this_one_is_tried_once(people, connect, sandbox):  # noqa: F811
    """QuickBooks honours the last value until its successor was used; a database restored to before still gets in."""
    connection = connect(people.bob, people.kestrel, "quickbooks-online")
    good = tokens.held(connection).grant
    bad = tokens.Grant(good.access, "not-the-refresh-token", good.refresh)
    with client_context(connection.client_id):
        Token.objects.update(ciphertext=tokens.seal(connection.client_id, connection.pk, bad))
    assert tokens.refresh(connection, failed=1).version == 2
    assert state(connection) == ("live", "")


def test_a_revoked_grant_is_asked_for_no_more_than_three_times_an_hour(gusto, sandbox):  # noqa: F811
    requests.post(f"{sandbox.url}/_control/companies/kestrel/revoke?provider=gusto", json={}, timeout=10)
    for _ in range(6):
        with client_context(gusto.client_id):
            Connection.objects.update(state="live")
        with pytest.raises(Reconnect):
            tokens.refresh(gusto, failed=1)
    assert len(token_calls(sandbox)) == tokens.MAX_REFUSALS
    with client_context(gusto.client_id):
        Token.objects.update(refused_at=datetime.now(UTC) - timedelta(hours=2))
    with pytest.raises(Reconnect):
        tokens.refresh(gusto, failed=1)
    assert len(token_calls(sandbox)) == tokens.MAX_REFUSALS + 1
    assert state(gusto)[0] == "needs_reconnect"


def test_nothing_is_renewed_inside_a_transaction(gusto, sandbox):  # noqa: F811
    with client_context(gusto.client_id), pytest.raises(tokens.InsideTransactionError):
        tokens.refresh(gusto, failed=1)
    with client_context(gusto.client_id), pytest.raises(tokens.InsideTransactionError):
        ConnectionApi(gusto).get("/v1/token_info")
    assert token_calls(sandbox) == []


@pytest.mark.parametrize("point", ["inside-refresh", "after-refresh-answer"])
def test_a_process_killed_while_renewing_leaves_the_row_free(gusto, sandbox, process_environment, point):  # noqa: F811
    environment = process_environment | {"TIEOUT_SANDBOX_URL": sandbox.url, "TIEOUT_CRASH_AT": point}
    command = [sys.executable, str(ROOT / "tests/faults/refreshing.py"), str(gusto.pk), "1", "1"]
    died = subprocess.run(
        command, check=False, cwd=ROOT, env=environment, input="go\ngo\n", text=True, capture_output=True, timeout=60
    )
    assert died.returncode == -9
    assert row(gusto).refresh_started_at is not None
    if point == "after-refresh-answer":
        with pytest.raises(Reconnect):
            tokens.refresh(gusto, failed=1)
        assert state(gusto)[0] == "needs_reconnect"
    else:
        assert tokens.refresh(gusto, failed=1).version == 2
