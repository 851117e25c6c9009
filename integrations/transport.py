"""HTTP to providers: one session a process, everything bounded, no redirect to another host, no body in any error."""

from __future__ import annotations

import os
import re
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError
from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

from integrations.addresses import (
    Misconfigured,
    app_credentials,
    base_urls,
    basic,
    check_address,
    place,
    setting,
)
from integrations.errors import Forbidden, PayloadError, Reconnect, Refused, RetryLater, Unanswered
from integrations.payload import parse_json, render_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integrations.provider import Part, Provider

__all__ = [
    "Answer",
    "BoundedSession",
    "Misconfigured",
    "app_credentials",
    "base_urls",
    "basic",
    "check_address",
    "error_of",
    "place",
    "send",
    "session",
    "setting",
    "status_error",
    "token_answer",
]

#: Seconds to connect, between two parts of an answer, and for a whole call.
CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 5, 30, 60
#: The largest answer that is read.
MAX_BYTES = 64 * 1024 * 1024
MAX_REDIRECTS = 3
CHUNK = 256 * 1024
#: Longest Retry-After that is believed, in seconds.
LONGEST_RETRY_AFTER = 6 * 3600
TRACE_HEADER = re.compile(r"(?i)(request|trace|correlation)[-_]?id$|_tid$")


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the parsed body is None where there was none or it was not JSON; ``raw`` only where it was asked for."""

    status: int
    headers: Mapping[str, str]
    body: Any
    is_json: bool
    trace: str
    is_empty: bool = False
    raw: bytes | None = None


def _field(part: Part) -> RequestField:
    found = RequestField(part.name, part.content, filename=part.file_name or None)
    found.make_multipart(content_type=part.content_type)
    return found


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    params: Mapping[str, str | Sequence[str]] | None = None,
    json: Mapping[str, Any] | None = None,
    form: Mapping[str, str] | None = None,
    parts: Sequence[Part] | None = None,
    seconds: float = TOTAL_SECONDS,
    reads: bool | None = None,
    raw: bool = False,
    through: BoundedSession | None = None,
) -> Answer:
    """One call, at most ``seconds`` long. Redirects are followed for GET within the origin only.

    ``parts`` go out as multipart/form-data. ``reads``: nothing changes by it, so a lost answer is no doubt (of itself only
    GET); ``raw``: a good answer's bytes, not parsed; ``through``: another session than this process's own. Raises RetryLater
    (never answered, or busy), Unanswered (a write that may have arrived), Refused (led elsewhere).
    """
    ends = time.monotonic() + seconds
    harmless = method == "GET" if reads is None else reads
    head = {"Accept": "*/*" if raw else "application/json", **headers}
    data: Any = form
    if parts is not None:
        data, head["Content-Type"] = encode_multipart_formdata([_field(part) for part in parts])
    if json is not None:
        head["Content-Type"] = "application/json"
        data = render_json(json)
    for _hop in range(MAX_REDIRECTS + 1):
        try:
            timeout = (CONNECT_SECONDS, min(READ_SECONDS, seconds))
            with (through or session()).request(
                method, url, headers=head, params=params, data=data, stream=True, timeout=timeout
            ) as response:
                location = response.headers.get("Location", "")
                if not (300 <= response.status_code < 400 and location):
                    return _read(response, ends, harmless=harmless, raw=raw)
        except requests.RequestException as error:
            raise _lost(error, harmless=harmless) from error
        if method != "GET":
            raise Refused(f"a {method} was redirected", code=str(response.status_code))
        url, params = place(_origin(url), urljoin(url, location)), None
    raise RetryLater("too many redirects")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _read(response: requests.Response, ends: float, *, harmless: bool, raw: bool) -> Answer:
    found = bytearray()
    for chunk in response.iter_content(CHUNK):
        found += chunk
        if len(found) > MAX_BYTES or time.monotonic() > ends:
            what = "the answer was too large" if len(found) > MAX_BYTES else "the answer took too long"
            raise _unclear(what, harmless=harmless)
    trace = next((value for name, value in response.headers.items() if TRACE_HEADER.search(name)), "")[:100]
    if raw and response.status_code < 400:
        return Answer(response.status_code, response.headers, None, False, trace, not found, unpacked(bytes(found)))
    try:
        body, is_json = (parse_json(bytes(found)), True) if found.strip() else (None, False)
    except PayloadError:
        body, is_json = None, False
    return Answer(response.status_code, response.headers, body, is_json, trace, not found.strip())


def unpacked(content: bytes) -> bytes:
    """The file inside, where the content is gzip. Raises Refused for a broken one and one larger than is read."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    opened = zlib.decompressobj(wbits=31)
    try:
        found = opened.decompress(content, MAX_BYTES + 1)
    except zlib.error as error:
        raise Refused("the file cannot be unpacked") from error
    if len(found) > MAX_BYTES or not opened.eof:
        raise Refused("the file is cut, or too large when unpacked")
    return found


def _lost(error: requests.RequestException, *, harmless: bool) -> RetryLater:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return RetryLater("the provider cannot be reached")
    return _unclear(f"no answer came back ({type(error).__name__})", harmless=harmless)


def _unclear(what: str, *, harmless: bool) -> RetryLater:
    return RetryLater(what) if harmless else Unanswered(what)


def error_of(provider: Provider, answer: Answer, *, reads: bool, may_be_empty: bool = False) -> Exception | None:
    """The error an answer stands for, as the provider reads it or else by its status; None for success."""
    found = provider.read_error(answer.status, answer.headers, answer.body) if provider.read_error else None
    if found is None and answer.status >= 400:
        found = status_error(answer)
    has_body = answer.is_json or answer.raw is not None or answer.status == 204 or (may_be_empty and answer.is_empty)
    if found is None and not has_body:
        found = _unclear("the answer is not JSON", harmless=reads)
    if not reads and answer.status >= 500 and answer.status != 503 and type(found) is RetryLater:
        found = Unanswered(str(found), retry_after=found.retry_after, trace=found.trace)
    if isinstance(found, (RetryLater, Refused)) and not found.trace:
        found.trace = answer.trace
    return found


def status_error(answer: Answer) -> Exception:
    """What an error status says where nobody reads the body."""
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
