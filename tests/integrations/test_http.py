"""Calling providers: bounded, paced, only where it is safe to call, and no secret in any error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from clients.tenancy import client_context
from integrations import http, limits, syncing, tokens, transport
from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater, Unanswered
from integrations.models import RateBudget
from integrations.provider import RateLimit
from tests.integrations import scripted

SECRET = "access-token-canary"


class Server:
    """A loopback server that answers with what the test gives, in turn, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Response | Callable[[Request], Response]] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.open = self.most_open = 0
        self._lock = threading.Lock()
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @Request.application
    def _app(self, request: Request) -> Response:
        with self._lock:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            self.asked.append((request.method, request.full_path, dict(request.headers), request.get_data()))
            answer = self.answers.pop(0) if self.answers else ok()
        try:
            return answer(request) if callable(answer) and not isinstance(answer, Response) else answer
        finally:
            with self._lock:
                self.open -= 1

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def ok(body: str = '{"ok": 1.10}', status: int = 200, **headers: str) -> Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, status=status, headers=names, content_type="application/json")


@pytest.fixture(scope="module")
def _server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def server(_server: Server, monkeypatch: Any) -> Server:
    _server.answers.clear()
    _server.asked.clear()
    _server.most_open = 0
    monkeypatch.setenv("TIEOUT_SCRIPTED_BASE_URL", _server.url)
    monkeypatch.setenv("TIEOUT_SCRIPTED_CLIENT_ID", "app")
    monkeypatch.setenv("TIEOUT_SCRIPTED_CLIENT_SECRET", "app-secret-canary")
    monkeypatch.setattr(http.random, "uniform", lambda *_bounds: 0.0)
    return _server


@pytest.fixture
def api(server: Server) -> http.ProviderApi:
    return http.ProviderApi(scripted.Scripted().provider(), SECRET)


def test_an_answer_keeps_exact_numbers(api):
    assert str(api.get("/rows")["ok"]) == "1.10"


def test_the_token_goes_in_the_header_and_nowhere_else(api, server):
    api.get("/rows", {"a": "1", "b": ["2", "3"]})
    method, path, headers, _ = server.asked[0]
    assert (method, path) == ("GET", "/rows?a=1&b=2&b=3")
    assert headers["Authorization"] == f"Bearer {SECRET}"


def test_a_get_is_tried_again_a_few_times(api, server):
    server.answers = [ok(status=503, Retry_After="0"), ok(status=502, Retry_After="0")]
    assert api.get("/rows")
    assert len(server.asked) == 3


def test_a_get_is_not_tried_for_ever(api, server):
    server.answers = [ok(status=503, Retry_After="0") for _ in range(9)]
    with pytest.raises(RetryLater):
        api.get("/rows")
    assert len(server.asked) == http.GET_TRIES


def test_a_long_pause_is_left_to_the_job(api, server):
    server.answers = [ok(status=429, Retry_After="77")]
    with pytest.raises(RetryLater) as later:
        api.get("/rows")
    assert (later.value.retry_after, len(server.asked)) == (77, 1)


def test_a_pause_given_as_a_date_is_read(api, server):
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    server.answers = [ok(status=429, Retry_After=moment)]
    with pytest.raises(RetryLater) as later:
        api.get("/rows")
    assert 100 < later.value.retry_after <= 120


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_post_that_may_have_arrived_is_unanswered_and_sent_once(api, server, status):
    server.answers = [ok(status=status)]
    with pytest.raises(Unanswered):
        api.post("/rows", {"a": 1})
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_post_that_was_turned_away_is_merely_later(api, server, status):
    server.answers = [ok(status=status)]
    with pytest.raises(RetryLater) as later:
        api.post("/rows", {"a": 1})
    assert not isinstance(later.value, Unanswered)


@pytest.mark.parametrize(("status", "error"), [(401, Reconnect), (403, Forbidden), (404, Refused), (400, Refused)])
def test_a_no_is_named_by_what_to_do(api, server, status, error):
    server.answers = [ok('{"message": "canary body"}', status=status, X_Request_Id="trace-7")]
    with pytest.raises(error) as said:
        api.get("/rows")
    assert "canary" not in str(said.value)
    if error is Refused:
        assert (said.value.code, said.value.trace) == (str(status), "trace-7")


@pytest.mark.parametrize("body", ["<html>down</html>", '{"cut": ', ""])
def test_an_answer_that_is_no_json_is_no_answer(api, server, body):
    server.answers = [ok(body) for _ in range(3)]
    with pytest.raises(RetryLater, match="not JSON"):
        api.get("/rows")
    server.answers = [ok(body)]
    with pytest.raises(Unanswered):
        api.post("/rows", {})


@pytest.mark.parametrize(
    "place", ["https://elsewhere.example/steal", "http://127.0.0.1:1/steal", "//elsewhere.example/x"]
)
def test_a_redirect_to_another_host_is_not_followed(api, server, place):
    server.answers = [ok(status=302, Location=place)]
    with pytest.raises(Refused, match="another host"):
        api.get("/rows")
    assert len(server.asked) == 1


def test_a_redirect_on_the_same_host_is_followed_for_reading_only(api, server):
    server.answers = [ok(status=302, Location="/moved")]
    assert api.get("/rows")
    assert server.asked[1][1].startswith("/moved")
    server.answers = [ok(status=307, Location="/moved")]
    with pytest.raises(Refused, match="redirected"):
        api.post("/rows", {})


def test_redirects_do_not_go_round_for_ever(api, server):
    server.answers = [ok(status=302, Location="/again") for _ in range(40)]
    with pytest.raises(RetryLater):
        api.get("/rows")
    assert len(server.asked) <= http.GET_TRIES * (transport.MAX_REDIRECTS + 1)


def test_a_next_page_link_must_stay_with_the_provider(api, server):
    assert api.get(f"{server.url}/page/2")
    with pytest.raises(Refused, match="another host"):
        api.get("https://elsewhere.example/page/2")


def test_a_server_that_is_not_there_is_later_not_unanswered(monkeypatch, server):
    monkeypatch.setenv("TIEOUT_SCRIPTED_BASE_URL", "http://127.0.0.1:9")
    gone = http.ProviderApi(scripted.Scripted().provider(), SECRET)
    with pytest.raises(RetryLater, match="cannot be reached") as later:
        gone.post("/rows", {})
    assert not isinstance(later.value, Unanswered)


def test_a_server_that_never_ends_is_left_in_time(api, server, monkeypatch):
    def drip(_request: Request) -> Response:
        def parts() -> Iterator[bytes]:
            for _ in range(50):
                time.sleep(0.05)
                yield b" " * transport.CHUNK

        return Response(parts(), content_type="application/json")

    server.answers = [drip]
    with pytest.raises(RetryLater, match="too long"):
        transport.send("GET", f"{server.url}/slow", headers={}, seconds=0.3)


def test_an_answer_beyond_the_limit_is_not_read(api, server, monkeypatch):
    monkeypatch.setattr(transport, "MAX_BYTES", 1000)
    server.answers = [ok("x" * 2000)]
    with pytest.raises(RetryLater, match="too large"):
        transport.send("GET", f"{server.url}/big", headers={})


def test_no_cookie_is_kept(api, server):
    server.answers = [ok(Set_Cookie="session=abc; Path=/")]
    api.get("/rows")
    api.get("/rows")
    assert "Cookie" not in server.asked[1][2]


@pytest.mark.parametrize(
    "url",
    [
        "http://provider.example",
        "ftp://127.0.0.1",
        "https://user:pw@provider.example",
        "file:///etc/passwd",
        "http://127.0.0.1.evil.example",
    ],
)
def test_only_https_or_this_machine_is_called(url):
    with pytest.raises(transport.Misconfigured) as refused:
        transport.check_address(url)
    assert "pw" not in str(refused.value)


def test_the_sandbox_stands_in_for_every_address(settings, monkeypatch):
    monkeypatch.delenv("TIEOUT_SCRIPTED_BASE_URL", raising=False)
    settings.SANDBOX_URL = "http://127.0.0.1:8700/"
    provider = scripted.Scripted().provider()
    assert set(transport.base_urls(provider).values()) == {"http://127.0.0.1:8700/scripted"}
    settings.SANDBOX_URL = ""
    assert transport.base_urls(provider)["token"] == "https://scripted.example"


def test_missing_app_credentials_are_named(monkeypatch, settings):
    monkeypatch.delenv("TIEOUT_SCRIPTED_CLIENT_ID", raising=False)
    settings.SANDBOX_URL = ""
    with pytest.raises(transport.Misconfigured, match="TIEOUT_SCRIPTED_CLIENT_ID"):
        transport.app_credentials(scripted.Scripted().provider())


# ---- pace, shared over the database --------------------------------------------------------------------------------------


def test_the_pace_never_exceeds_the_declared_limit():
    for limit in (
        RateLimit(requests=500, seconds=60),
        RateLimit(requests=20, seconds=1),
        RateLimit(requests=1, seconds=5),
    ):
        pace = limits.Pace.of(limit)
        burst = pace.burst / pace.step + 1
        steady = timedelta(seconds=limit.seconds) / pace.step
        assert burst + steady <= limit.requests + 1e-6 or limit.requests == 1


@pytest.fixture
def live(transactional_db: None, server: Server, monkeypatch: Any) -> Any:
    from tests import builders

    world = builders.world()
    scripted.install(monkeypatch, scripted.Scripted().provider(rate=RateLimit(requests=20, seconds=1, concurrent=2)))
    connection = scripted.connection(world.kestrel)
    with client_context(world.kestrel.pk):
        tokens.store(connection, {"access_token": SECRET, "refresh_token": "refresh-canary"})
    return syncing.find(connection.pk)


def in_threads(count: int, act: Callable[[], Any]) -> list[Any]:
    """What each thread gave back or raised; each has its own database connection."""
    from django.db import connections

    results: list[Any] = []

    def run() -> None:
        try:
            results.append(act())
        except RetryLater as error:
            results.append(error)
        finally:
            connections.close_all()

    crowd = [threading.Thread(target=run) for _ in range(count)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    return results


def test_calls_of_many_workers_keep_the_limits_together(live, server):
    server.answers = [lambda _request: (time.sleep(0.03), ok())[1] for _ in range(40)]
    began = time.monotonic()
    results = in_threads(6, lambda: [http.ConnectionApi(live).get("/rows") for _ in range(5)])
    took = time.monotonic() - began
    assert not [result for result in results if isinstance(result, Exception)]
    assert server.most_open <= 2
    assert took >= (30 - 2) / 20 * 0.9
    with client_context(live.client_id):
        assert RateBudget.objects.get().calls == []


def test_a_line_too_long_is_left_to_a_later_try(live, server, monkeypatch):
    monkeypatch.setattr(limits, "PATIENCE_SECONDS", 0)
    results = in_threads(12, lambda: http.ConnectionApi(live).post("/rows", {}))
    assert any(isinstance(result, RetryLater) for result in results)


def test_a_provider_that_asks_for_a_pause_gets_it_from_everyone(live, server, monkeypatch):
    server.answers = [ok(status=429, Retry_After="9")]
    with pytest.raises(RetryLater):
        http.ConnectionApi(live).post("/rows", {})
    monkeypatch.setattr(limits, "PATIENCE_SECONDS", 0)
    with pytest.raises(RetryLater, match="waiting"):
        http.ConnectionApi(live).post("/rows", {})
    assert len(server.asked) == 1


def test_a_worker_that_died_during_a_call_frees_its_place(live, server):
    with client_context(live.client_id):
        RateBudget.objects.create(
            connection=live, client_id=live.client_id, calls=[datetime.now(UTC) - timedelta(seconds=1)] * 2
        )
    assert http.ConnectionApi(live).get("/rows")


def test_a_401_that_cannot_be_mended_asks_for_a_person(live, server):
    server.answers = [ok(status=401), ok('{"error": "invalid_grant", "error_description": "canary"}', status=400)]
    with pytest.raises(Reconnect) as gone:
        http.ConnectionApi(live).get("/rows")
    assert "canary" not in str(gone.value)
    assert [entry[1] for entry in server.asked] == ["/rows?", "/token?"]
    with client_context(live.client_id):
        live.refresh_from_db()
    assert live.state == "needs_reconnect"


def test_a_renewed_token_is_tried_once(live, server):
    renewed = ok('{"access_token": "second", "refresh_token": "next", "expires_in": 3600}')
    server.answers = [ok(status=401), renewed, ok(status=401)]
    with pytest.raises(Reconnect):
        http.ConnectionApi(live).get("/rows")
    assert len(server.asked) == 3
    assert server.asked[2][2]["Authorization"] == "Bearer second"


def test_a_wrong_app_is_no_reason_to_reconnect(live, server):
    server.answers = [ok(status=401), ok('{"error": "invalid_client"}', status=401)]
    with pytest.raises(Refused, match="invalid_client"):
        http.ConnectionApi(live).get("/rows")
    with client_context(live.client_id):
        live.refresh_from_db()
    assert live.state == "live"


def test_no_secret_reaches_an_error_or_a_log(live, server, caplog):
    canaries = (SECRET, "refresh-canary", "app-secret-canary", "body-canary")
    body = f'{{"error": "body-canary", "access_token": "{SECRET}"}}'
    for status in (400, 403, 404, 422, 500, 503):
        server.answers = [ok(body, status=status, Retry_After="60")]
        with pytest.raises(ProviderError) as said:
            http.ConnectionApi(live).post("/rows", {"note": "body-canary"})
        text = f"{said.value!r} {said.value.__dict__}"
        assert not [canary for canary in canaries if canary in text]
    assert not [canary for canary in canaries if canary in caplog.text]
