"""HubSpot's errors and notices."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, PayloadError, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import header, retry_after, safe_code
from integrations.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from integrations.arrivals import Delivery

OLDEST = timedelta(minutes=5)
#: Escapes of the address that are undone before it is signed, but never after its question mark.
_ESCAPES = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}
#: What a notice is of → the stream it makes worth reading again.
_STREAMS = {"0-53": "invoices", "0-101": "payments", "0-3": "deals", "deal": "deals"}


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error a HubSpot answer stands for; None below 400. Messages name categories only, never HubSpot's text.

    Limits: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines (policyName DAILY, SECONDLY,
    TEN_SECONDLY_ROLLING).
    """
    if status < 400:
        return None
    told = body if isinstance(body, dict) else {}
    code, trace = safe_code(told.get("category")) or safe_code(told.get("status")), safe_code(told.get("correlationId"))
    said = code or str(status)
    if status == 429 or status >= 500:
        usual = 3600 if told.get("policyName") == "DAILY" else 10 if status == 429 else 30
        return RetryLater(f"HubSpot is busy ({said})", retry_after=retry_after(headers, default=usual), trace=trace)
    if status == 401:
        return Reconnect(f"HubSpot no longer accepts the grant ({said})")
    if status == 403:
        return Forbidden(f"HubSpot refuses this with the rights that were granted ({said})")
    return Refused(f"HubSpot refused the request ({said})", code=code, trace=trace)


def signed_address(url: str) -> str:
    """The address as it is signed: the listed escapes undone in its path, the query as it is."""
    path, mark, query = url.partition("?")
    for escape, plain in _ESCAPES.items():
        path = path.replace(escape, plain).replace(escape.lower(), plain)
    return f"{path}{mark}{query}"


def verify(delivery: Delivery, secrets: Sequence[str], now: datetime) -> bool:
    """``X-HubSpot-Signature-v3``: base64 of HMAC-SHA256 over method, address, body and time, by the app's secret.

    The time is in milliseconds and must be of the last five minutes. The older signature that comes along is not looked at.
    https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
    """
    told = header(delivery.headers, "X-HubSpot-Signature-v3").encode()
    at = header(delivery.headers, "X-HubSpot-Request-Timestamp")
    if not (at.isascii() and at.isdigit() and len(at) < 16):
        return False
    if abs(now.timestamp() - int(at) / 1000) > OLDEST.total_seconds():
        return False
    signed = f"{delivery.method}{signed_address(delivery.url)}".encode() + delivery.body + at.encode()
    wanted = [base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest()) for key in secrets]
    return any([hmac.compare_digest(one, told) for one in wanted])  # noqa: C419 (all are compared)


def events(payload: Any) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """Up to a hundred notices a body, in no order. An event id is not unique: what it is of and when makes it so.

    https://developers.hubspot.com/docs/api-reference/latest/webhooks/guide
    """
    if not isinstance(payload, list):
        raise PayloadError("$", "expected a list of notices")
    for index, item in enumerate(payload):
        notice = Payload.of(item, f"$[{index}]")
        kind, action = notice.text("subscriptionType").partition(".")[::2]
        of = notice.text("objectTypeId", "") or kind
        parts = (notice.integer("eventId", 0), of, notice.integer("objectId"), notice.integer("occurredAt"), action)
        stream = _STREAMS.get(of)
        yield ":".join(map(str, parts)), str(notice.integer("portalId")), (stream,) if stream else ()
