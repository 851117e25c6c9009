"""BILL's session, errors and notices."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import header, retry_after, safe_code
from integrations.payload import Payload, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from integrations.provider import Credentials, Outgoing

#: The session is over (1109), or the credentials or the developer key are not accepted.
_OVER = frozenset(["BDC_1109", "BDC_1101", "BDC_1102"])
#: More than 20,000 calls an hour of the developer key, or more than three at once for an organization.
_BUSY = {"BDC_1144": 600.0, "BDC_1322": 5.0}

#: The beginning of a notice's type → the streams it makes worth reading again.
_STREAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("bill.", ("bills",)),
    ("payment.", ("payments", "fundings")),
    ("autopay.", ("payments", "fundings")),
)


def authorise(request: Outgoing, credentials: Credentials) -> None:
    """The developer key of the app and the session. https://developer.bill.com/docs/api-sandbox-sign-in"""
    request.headers["devKey"] = credentials.secret
    if credentials.access:
        request.headers["sessionId"] = credentials.access


def _first(body: Any) -> Mapping[str, Any]:
    """Errors are an array at the top."""
    return body[0] if isinstance(body, list) and body and isinstance(body[0], dict) else {}


def is_over(status: int, body: Any) -> bool:
    """Whether another session may help: BILL says so in its code, whatever the status."""
    return status == 401 or (status >= 400 and _first(body).get("code") == "BDC_1109")


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error a BILL answer stands for; None below 400. Messages name codes only, never BILL's text.

    https://developer.bill.com/docs/common-api-error-codes · https://developer.bill.com/v3/docs/api-rate-limits
    """
    if status < 400:
        return None
    code = safe_code(_first(body).get("code"))
    said = code or str(status)
    if status == 429 or status >= 500 or code in _BUSY:
        return RetryLater(f"BILL is busy ({said})", retry_after=retry_after(headers, default=_BUSY.get(code, 30.0)))
    if status == 401 or code in _OVER:
        return Reconnect(f"BILL no longer accepts the sign-in ({said})")
    if status == 403:
        return Forbidden(f"BILL refuses this to the user that signed in ({said})")
    return Refused(f"BILL refused the request ({said})", code=code)


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], _now: datetime) -> bool:
    """``x-bill-sha-signature``: base64 of HMAC-SHA256 over the raw body, by the security key of any subscription.

    There is no time in it: repeats are known by their event id. https://developer.bill.com/docs/webhooks
    """
    told = header(headers, "x-bill-sha-signature").encode()
    wanted = [base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()) for key in secrets]
    return any([hmac.compare_digest(one, told) for one in wanted])  # noqa: C419 (all are compared)


def events(payload: Any) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """One notice a body; some deliveries are a JSON text that holds the JSON. Raises PayloadError.

    https://developer.bill.com/docs/bill-webhook-notification-payloads
    """
    notice = Payload.of(parse_json(payload) if isinstance(payload, str) else payload).object("metadata")
    kind = notice.text("eventType")
    streams = next((streams for start, streams in _STREAMS if kind.startswith(start)), ())
    return ((notice.text("eventId"), notice.text("organizationId", ""), streams),)
