"""Square's errors, notices and the end of a grant."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater, StaleCursor
from integrations.headers import header, retry_after, safe_code
from integrations.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from integrations.arrivals import Delivery
    from integrations.provider import Api, Credentials

_LACKING = frozenset(["INSUFFICIENT_SCOPES", "FORBIDDEN", "INSUFFICIENT_PERMISSIONS"])
_OVER = frozenset(
    ["UNAUTHORIZED", "ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_REVOKED", "CLIENT_DISABLED", "APPLICATION_DISABLED"]
)
_BUSY = frozenset(
    ["RATE_LIMITED", "TEMPORARY_ERROR", "GATEWAY_TIMEOUT", "SERVICE_UNAVAILABLE", "INTERNAL_SERVER_ERROR"]
)

#: The beginning of a notice's type → the streams it makes worth reading again.
_STREAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("payment.", ("payments",)),
    ("refund.", ("refunds",)),
    ("order.", ("orders",)),
    ("payout.", ("payouts", "payout_entries")),
    ("dispute.", ("disputes",)),
    ("gift_card.", ("gift_card_activities", "gift_cards")),
    # Nothing can be read any more: reading shows that the grant is gone.
    ("oauth.authorization.revoked", ("disputes",)),
)


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error a Square answer stands for; None below 400. Messages name codes only, never Square's text.

    https://developer.squareup.com/docs/build-basics/general-considerations/handling-errors
    """
    if status < 400:
        return None
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = safe_code(first.get("code"))
    trace = header(headers, "Square-Request-Id")
    said = code or str(status)
    if status == 429 or status >= 500 or code in _BUSY:
        wait = retry_after(headers, default=30 if status >= 500 else 2)
        return RetryLater(f"Square is busy ({said})", retry_after=wait, trace=trace)
    if code in _LACKING or status == 403:
        return Forbidden(f"Square refuses this with the rights that were granted ({said})")
    if status == 401 or code in _OVER:
        return Reconnect(f"Square no longer accepts the grant ({said})")
    if code == "INVALID_CURSOR":
        return StaleCursor("Square no longer knows where paging stood")
    return Refused(f"Square refused the request ({said})", code=code, trace=trace)


def verify(delivery: Delivery, secrets: Sequence[str], _now: datetime) -> bool:
    """``x-square-hmacsha256-signature``: base64 of HMAC-SHA256 over the notification URL and the raw body, by any key.

    The URL is the registered one, byte for byte. There is no time in it: repeats are known by their event id.
    https://developer.squareup.com/docs/webhooks/step3validate
    """
    told = header(delivery.headers, "x-square-hmacsha256-signature").encode()
    signed = delivery.url.encode() + delivery.body
    wanted = [base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest()) for key in secrets]
    return any([hmac.compare_digest(one, told) for one in wanted])  # noqa: C419 (all are compared)


def events(payload: Any) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """One notice a body. https://developer.squareup.com/docs/webhooks/overview"""
    notice = Payload.of(payload)
    kind = notice.text("type")
    streams = next((streams for start, streams in _STREAMS if kind.startswith(start)), ())
    return ((notice.text("event_id"), notice.text("merchant_id", ""), streams),)


def revoke(api: Api, credentials: Credentials) -> None:
    """Hand back every token of the account; signed by the app's secret. https://developer.squareup.com/docs/oauth-api/revoke-token"""
    api.post(
        "/oauth2/revoke",
        {"client_id": credentials.client_id, "merchant_id": credentials.account_id},
        headers={"Authorization": f"Client {credentials.secret}"},
    )
