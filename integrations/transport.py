"""HTTP to providers: one session a process, everything bounded, no redirect to another host, no body in any error."""

from __future__ import annotations

import base64
import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from integrations.errors import Forbidden, PayloadError, Reconnect, Refused, RetryLater, Unanswered
from integrations.payload import parse_json, render_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integrations.provider import Provider

#: Seconds to connect, between two parts of an answer, and for a whole call.
CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 5, 30, 60
#: The largest answer that is read.
MAX_BYTES = 64 * 1024 * 1024
MAX_REDIRECTS = 3
CHUNK = 256 * 1024
LOOPBACK = frozenset(["127.0.0.1", "localhost", "::1"])
#: Longest Retry-After that is believed, in seconds.
LONGEST_RETRY_AFTER = 6 * 3600
TRACE_HEADER = re.compile(r"(?i)(request|trace|correlation)[-_]?id$|_tid$")


class Misconfigured(Refused):
    """A setting is missing or bad: an address that is not https, or no app credentials for a provider."""


class BoundedSession(requests.Session):
    """A session that cannot hang, follow a redirect, keep a cookie, read .netrc, or leave for an address that is not safe."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", HTTPAdapter(pool_connections=16, pool_maxsize=32, max_retries=0))
        self.mount("http://", HTTPAdapter(pool_connections=16, pool_maxsize=32, max_retries=0))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        check_address(str(url))
        options.setdefault("timeout", (CONNECT_SECONDS, READ_SECONDS))
        options["allow_redirects"] = False
        return super().request(method, url, *args, **options)


@cache
def _session_of(_process: int) -> BoundedSession:
    return BoundedSession()


def session() -> BoundedSession:
    """This process's session; a forked child gets its own."""
    return _session_of(os.getpid())


def check_address(url: str) -> None:
    """Refuse any address but https, or http to this machine. Raises Misconfigured."""
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or not parts.hostname or parts.username or parts.password:
        raise Misconfigured(
            f"{parts.scheme}://{parts.hostname or ''} is not an address we may call: https, or this machine"
        )


def setting(slug: str, name: str) -> str:
    """The environment's TIEOUT_<SLUG>_<NAME>, '' when unset."""
    return os.environ.get(f"TIEOUT_{slug.upper().replace('-', '_')}_{name}", "").strip()


def base_urls(provider: Provider) -> dict[str, str]:
    """Where the provider answers, by purpose: its own addresses, or one other for all (setting, or the sandbox)."""
    other = setting(provider.slug, "BASE_URL")
    if not other and settings.SANDBOX_URL:
        other = f"{settings.SANDBOX_URL.rstrip('/')}/{provider.slug}"
    purposes = {"api", "authorize", "token", *provider.base_urls}
    own = provider.base_urls.get("api", next(iter(provider.base_urls.values()), ""))
    return {purpose: (other or provider.base_urls.get(purpose, own)).rstrip("/") for purpose in purposes}


def app_credentials(provider: Provider) -> tuple[str, str]:
    """The practice's own client id and secret at the provider. Raises Misconfigured when there are none."""
    client_id, secret = setting(provider.slug, "CLIENT_ID"), setting(provider.slug, "CLIENT_SECRET")
    if client_id and secret:
        return client_id, secret
    if settings.SANDBOX_URL:
        from integrations.sandbox.server import CLIENT_IDS  # the fictional apps registered there

        if provider.slug in CLIENT_IDS:
            return CLIENT_IDS[provider.slug]
    name = provider.slug.upper().replace("-", "_")
    raise Misconfigured(
        f"no app is registered with {provider.name}: set TIEOUT_{name}_CLIENT_ID and TIEOUT_{name}_CLIENT_SECRET"
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the parsed body is None where there was none or it was not JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any
    is_json: bool
    trace: str


def place(base: str, path: str) -> str:
    """The address of a path; a whole address (a next-page link) must be of the same origin. Raises Refused."""
    if "://" not in path:
        return f"{base}/{path.lstrip('/')}"
    if urlsplit(path)[:2] != urlsplit(base)[:2]:
        raise Refused("an answer points to another host", code="other-host")
    return path


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    params: Mapping[str, str | Sequence[str]] | None = None,
    json: Mapping[str, Any] | None = None,
    form: Mapping[str, str] | None = None,
    seconds: float = TOTAL_SECONDS,
) -> Answer:
    """One call, at most ``seconds`` long. Redirects are followed for GET within the origin only.

    Raises RetryLater (never answered, or busy), Unanswered (a POST that may have arrived), Refused (led elsewhere).
    """
    ends = time.monotonic() + seconds
    head = {"Accept": "application/json", **headers}
    data: Any = form
    if json is not None:
        head["Content-Type"] = "application/json"
        data = render_json(json)
    for _hop in range(MAX_REDIRECTS + 1):
        try:
            timeout = (CONNECT_SECONDS, min(READ_SECONDS, seconds))
            with session().request(
                method, url, headers=head, params=params, data=data, stream=True, timeout=timeout
            ) as response:
                location = response.headers.get("Location", "")
                if not (300 <= response.status_code < 400 and location):
                    return _read(response, ends, method)
        except requests.RequestException as error:
            raise _lost(method, error) from error
        if method != "GET":
            raise Refused(f"a {method} was redirected", code=str(response.status_code))
        url, params = place(_origin(url), urljoin(url, location)), None
    raise RetryLater("too many redirects")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _read(response: requests.Response, ends: float, method: str) -> Answer:
    raw = bytearray()
    for chunk in response.iter_content(CHUNK):
        raw += chunk
        if len(raw) > MAX_BYTES or time.monotonic() > ends:
            raise _unclear(method, "the answer was too large" if len(raw) > MAX_BYTES else "the answer took too long")
    trace = next((value for name, value in response.headers.items() if TRACE_HEADER.search(name)), "")
    try:
        body, is_json = (parse_json(bytes(raw)), True) if raw.strip() else (None, False)
    except PayloadError:
        body, is_json = None, False
    return Answer(response.status_code, response.headers, body, is_json, trace[:100])


def _lost(method: str, error: requests.RequestException) -> RetryLater:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return RetryLater("the provider cannot be reached")
    return _unclear(method, f"no answer came back ({type(error).__name__})")


def _unclear(method: str, what: str) -> RetryLater:
    return RetryLater(what) if method == "GET" else Unanswered(what)


def error_of(provider: Provider, method: str, answer: Answer) -> Exception | None:
    """The error an answer stands for, as the provider reads it or else by its status; None for success."""
    found = provider.read_error(answer.status, answer.headers, answer.body) if provider.read_error else None
    if found is None and answer.status >= 400:
        found = _by_status(answer)
    if found is None and not answer.is_json and answer.status != 204:
        found = _unclear(method, "the answer is not JSON")
    if method != "GET" and answer.status >= 500 and answer.status != 503 and type(found) is RetryLater:
        found = Unanswered(str(found), retry_after=found.retry_after, trace=found.trace)
    if isinstance(found, (RetryLater, Refused)) and not found.trace:
        found.trace = answer.trace
    return found


def _by_status(answer: Answer) -> Exception:
    says = f"the provider answered {answer.status}"
    if answer.status == 401:
        return Reconnect(says)
    if answer.status == 403:
        return Forbidden(says)
    if answer.status in {408, 425, 429} or answer.status >= 500:
        return RetryLater(says, retry_after=retry_after(answer.headers), trace=answer.trace)
    return Refused(says, code=str(answer.status), trace=answer.trace)


def retry_after(headers: Mapping[str, str], default: float = 60) -> float:
    """Seconds of a Retry-After header, given as seconds or as a date; bounded."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(min(int(text), LONGEST_RETRY_AFTER))
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return default
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0), LONGEST_RETRY_AFTER)


def basic(client_id: str, secret: str) -> str:
    """The Authorization header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def token_answer(answer: Answer) -> Mapping[str, Any]:
    """The body of a token answer. Raises Reconnect, Refused or RetryLater by its OAuth error code, never repeating its text."""
    body = answer.body if isinstance(answer.body, dict) else {}
    if answer.status < 400 and answer.is_json:
        return body
    code = body.get("error")
    if code in {"invalid_grant", "access_denied"}:
        raise Reconnect("the provider no longer accepts this sign-in (invalid_grant)")
    if code in {"invalid_client", "unauthorized_client", "invalid_scope", "invalid_request", "unsupported_grant_type"}:
        raise Misconfigured(f"the provider refuses our app ({code})", code=str(code), trace=answer.trace)
    raise RetryLater(
        f"the token service answered {answer.status}", retry_after=retry_after(answer.headers), trace=answer.trace
    )
