"""Gusto's errors and notices."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, PayloadError, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import header, retry_after, safe_code
from integrations.payload import Payload, parse_json
from integrations.provider import Greeting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from integrations.provider import Api

SUBSCRIBED = ("Company", "ContractorPayment", "ExternalPayroll", "Payroll")
_UUID = re.compile(r"[0-9A-Za-z-]{1,64}")
_GRANT = frozenset(["invalid_grant", "invalid_token", "expired_token", "revoked_token"])

#: The beginning of an event's type → the streams it makes worth reading again; the first that fits decides.
_STREAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("payroll.reversed", ("reversals", "payrolls")),
    ("payroll.partially_reversed", ("reversals", "payrolls")),
    ("payroll.", ("payrolls",)),
    ("external_payroll.", ("payrolls",)),
    ("contractor_payment.", ("contractor_payments",)),
    ("contractor_payment_group.", ("contractor_payments",)),
)


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error a Gusto answer stands for; None below 400. https://docs.gusto.com/embedded-payroll/docs/errors

    Gusto's sentences can name people and amounts, so a message carries only ``category`` and ``error_key``.
    """
    if status < 400:
        return None
    code, trace = _code(body), header(headers, "X-Request-Id")
    said = code or str(status)
    if status == 429 or status >= 500:
        return RetryLater(f"Gusto is busy ({said})", retry_after=retry_after(headers, default=60), trace=trace)
    if status == 401 or code in _GRANT:
        return Reconnect(f"Gusto no longer accepts the grant ({said})")
    if status == 403:
        return Forbidden(f"Gusto refuses this with the scopes granted ({said})")
    return Refused(f"Gusto refused the request ({said})", code=code, trace=trace)


def _code(body: Any) -> str:
    """``error`` of an OAuth answer, else the first error's category and key."""
    told = body if isinstance(body, dict) else {}
    errors = told.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    parts = (safe_code(told.get("error")), safe_code(first.get("category")), safe_code(first.get("error_key")))
    return ".".join(filter(None, parts))


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> bool:
    """``X-Gusto-Signature``: lower-case hex HMAC-SHA256 of the raw body with the subscription's verification token.

    No time is signed, so ``now`` cannot refuse an old notice: the list of event ids seen does that.
    https://docs.gusto.com/embedded-payroll/docs/webhooks
    """
    del now
    told = header(headers, "X-Gusto-Signature").encode()
    wanted = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    return any([hmac.compare_digest(one, told) for one in wanted])  # noqa: C419 (every secret is tried, in equal time)


def events(payload: Any) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """One notice a body."""
    notice = Payload.of(payload)
    kind = notice.text("event_type")
    streams = next((streams for start, streams in _STREAMS if kind.startswith(start)), ())
    company = notice.text("resource_uuid", "") if notice.text("resource_type", "Company") == "Company" else ""
    return ((notice.text("uuid"), company, streams),)


def greeting(body: bytes, headers: Mapping[str, str]) -> Greeting | None:
    """The post that hands over a subscription's verification token; it is no notice and carries no signature of worth."""
    del headers
    try:
        told = Payload.of(parse_json(body))
    except PayloadError:
        return None
    if not told.has("verification_token") or told.has("event_type"):
        return None
    try:
        return Greeting(told.text("webhook_subscription_uuid"), told.text("verification_token"))
    except PayloadError:
        return None


def confirm(api: Api, greeting: Greeting) -> None:
    """Bring the token back: Gusto knows its own, and sends notices from then on.

    https://docs.gusto.com/embedded-payroll/reference/put-v1-verify-webhook-subscription-uuid
    """
    if not _UUID.fullmatch(greeting.subscription):
        raise Refused("this is no subscription of Gusto")
    path = f"/v1/webhook_subscriptions/{greeting.subscription}/verify"
    api.put(path, {"verification_token": greeting.secret})


def subscribe(api: Api, url: str) -> None:
    """https://docs.gusto.com/embedded-payroll/reference/post-v1-webhook-subscription"""
    api.post("/v1/webhook_subscriptions", {"url": url, "subscription_types": list(SUBSCRIBED)})
