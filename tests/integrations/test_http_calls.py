"""The kinds of calls beside GET and POST: reading by POST, files, forms, empty answers, and how a request is signed."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from werkzeug.wrappers import Response

from integrations import http, transport
from integrations.errors import Refused, RetryLater, Unanswered
from integrations.provider import Ask, Credentials, Outgoing, PastedKeys
from tests.integrations import scripted
from tests.integrations.test_http import SECRET, Server, _server, api, ok, server

__all__ = ["_server", "api", "server"]
KEYS = PastedKeys(fields=(Ask(name="user", label="User"), Ask(name="secret", label="Secret", secret=True)))


def speak(server: Server, **declared: Any) -> http.ProviderApi:
    return http.ProviderApi(scripted.Scripted().provider(**declared), SECRET, "account-1")


# ---- reading by POST -----------------------------------------------------------------------------------------------------


def test_a_query_is_tried_again_like_a_get(api, server):
    server.answers = [ok(status=502, Retry_After="0"), ok(status=503, Retry_After="0")]
    assert api.query("/graphql", {"query": "{shop}"})
    assert [(method, body) for method, _, _, body in server.asked] == [("POST", b'{"query":"{shop}"}')] * 3


def test_a_lost_answer_to_a_query_is_no_doubt(api, server):
    server.answers = [ok(status=500, Retry_After="77")]
    with pytest.raises(RetryLater) as later:
        api.query("/graphql", {})
    assert not isinstance(later.value, Unanswered)


def test_an_error_in_an_answer_of_200_is_read_by_the_provider(server):
    def read_error(status: int, _headers: Any, body: Any) -> Exception | None:
        return RetryLater("throttled", retry_after=9) if status == 200 and "errors" in (body or {}) else None

    server.answers = [ok('{"errors": [{"extensions": {"code": "THROTTLED"}}]}')]
    with pytest.raises(RetryLater, match="throttled"):
        speak(server, read_error=read_error).query("/graphql", {})


# ---- forms, headers, empty answers ---------------------------------------------------------------------------------------


def test_a_form_is_sent_as_a_form(api, server):
    api.post("/job", form={"requestJobDescription": '{"type":"file"}'})
    _, _, headers, body = server.asked[0]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert body == b"requestJobDescription=%7B%22type%22%3A%22file%22%7D"


def test_headers_of_an_answer_can_be_read(api, server):
    server.answers = [ok("[1]", X_WP_TotalPages="4")]
    body, headers = api.get_with_headers("/orders", {"page": "1"})
    assert (body, headers["x-wp-totalpages"]) == ([1], "4")


def test_headers_of_one_call_go_over_the_signature(api, server):
    api.post("/revoke", {}, headers={"Authorization": "Client hush"})
    assert server.asked[0][2]["Authorization"] == "Client hush"


@pytest.mark.parametrize("act", ["get", "delete"])
def test_no_content_is_nothing(api, server, act):
    server.answers = [Response(status=204)]
    assert getattr(api, act)("/events/1") is None


def test_an_empty_answer_is_well_where_nothing_is_given_back(api, server):
    server.answers = [Response(status=200), Response(status=200), Response(status=200)]
    assert api.put("/subscription", {"a": 1}) is None
    assert api.delete("/subscription") is None
    with pytest.raises(Unanswered):
        api.post("/rows", {})


# ---- files ---------------------------------------------------------------------------------------------------------------


def test_a_file_of_the_provider_is_signed_and_comes_as_it_is(api, server):
    server.answers = [Response(b"a\tb\n1\t2\n", content_type="text/plain; charset=cp1252")]
    assert api.fetch("/files/1", {"part": "2"}) == b"a\tb\n1\t2\n"
    assert server.asked[0][1] == "/files/1?part=2"
    assert server.asked[0][2]["Authorization"] == f"Bearer {SECRET}"


def test_a_file_may_be_asked_for_by_a_form(api, server):
    server.answers = [Response(b"report.csv", content_type="text/plain")]
    assert api.fetch("/job", form={"job": "download"}) == b"report.csv"
    assert server.asked[0][0] == "POST"


def test_a_packed_file_is_unpacked(api, server):
    server.answers = [Response(gzip.compress(b"settlement"), content_type="application/octet-stream")]
    assert api.fetch("/files/1") == b"settlement"


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(b"settlement", mtime=0)[:-4], b"\x1f\x8brubbish", gzip.compress(b"x" * 5000, mtime=0)],
    ids=["cut", "rubbish", "bursting"],
)
def test_a_broken_or_bursting_file_is_refused(api, server, monkeypatch, packed):
    monkeypatch.setattr(transport, "MAX_BYTES", 1000)
    server.answers = [Response(packed)]
    with pytest.raises(Refused, match="file"):
        api.fetch("/files/1")


def test_a_whole_address_gets_nothing_of_the_connection(server):
    speak(server).fetch(f"{server.url}/presigned?signature=abc")
    _, path, headers, _ = server.asked[0]
    assert path == "/presigned?signature=abc"
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/file",
        "https://bucket.s3.example.evil.example/file",
        "https://evil.example/bucket.s3.example",
        "https://bucket.s3.example:8443/file",
        "https://user@bucket.s3.example/file",
        "http://bucket.s3.example/file",
        "https://127.0.0.1/file",
    ],
)
def test_a_file_on_a_host_that_is_not_declared_is_refused(server, url):
    with pytest.raises(Refused, match="none of the provider's"):
        speak(server, file_hosts=(r"[a-z]+\.s3\.example",)).fetch(url)
    assert server.asked == []


def test_an_address_that_ran_out_is_asked_for_anew_and_no_reason_to_reconnect(server, monkeypatch):
    pauses = []
    monkeypatch.setattr(http.time, "sleep", pauses.append)
    server.answers = [ok(status=403, Retry_After="60") for _ in range(3)]
    with pytest.raises(RetryLater, match="run out"):
        speak(server).fetch(f"{server.url}/presigned")
    assert pauses == [5, 5]


# ---- signing -------------------------------------------------------------------------------------------------------------


def test_a_provider_signs_in_every_part_of_a_request(server):
    def authorise(request: Outgoing, credentials: Credentials) -> None:
        request.headers["X-Key"] = credentials.keys["secret"]
        request.params["user"] = credentials.keys["user"]
        request.headers["X-Shop"] = credentials.settings["shop"]
        if request.form is not None:
            request.form["partner"] = credentials.kind

    declared = scripted.Scripted().provider(auth=KEYS, authorise=authorise)
    keys = {"user": "ada", "secret": "hush"}
    spoken = http.ProviderApi(declared, "ada", keys=keys, where={"shop": "larch"})
    spoken.query("/job", form={"a": "1"})
    _, path, headers, body = server.asked[0]
    assert (path, headers["X-Key"], headers["X-Shop"]) == ("/job?user=ada", "hush", "larch")
    assert body == b"a=1&partner=keys"


def test_pasted_keys_need_no_app(server, monkeypatch):
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"TIEOUT_SCRIPTED_{name}")
    spoken = speak(server, auth=KEYS)
    assert spoken.get("/rows")
    assert (spoken.credentials.client_id, spoken.credentials.secret) == ("", "")


def test_credentials_and_requests_show_nothing_of_what_they_hold():
    credentials = Credentials(access=SECRET, keys={"secret": SECRET}, secret=SECRET, kind="keys")
    request = Outgoing(method="GET", path="/rows", headers={"Authorization": SECRET}, params={})
    assert SECRET not in f"{credentials!r} {request!r}"
