"""Stripe's errors and notices."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater, StaleCursor
from integrations.headers import header, retry_after, safe_code
from integrations.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

TOLERANCE_SECONDS = 300

#: The beginning of an event's type → the streams it makes worth reading again; the first that fits decides.
_STREAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("charge.dispute.", ("disputes", "balance_transactions")),
    ("charge.", ("balance_transactions",)),
    ("refund.", ("balance_transactions",)),
    ("topup.", ("balance_transactions",)),
    ("transfer.", ("balance_transactions",)),
    ("payout.", ("payouts", "balance_transactions")),
    ("balance.", ("balance", "balance_transactions")),
    # Nothing can be read any more: reading shows that the grant is gone.
    ("account.application.deauthorized", ("balance",)),
)


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error a Stripe answer stands for; None below 400. https://docs.stripe.com/api/errors

    OAuth answers put the code where the API puts an object. Messages name codes only, never Stripe's text.
    """
    if status < 400:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    details = error if isinstance(error, dict) else {}
    code = safe_code(details.get("code")) or safe_code(details.get("type")) or safe_code(error)
    trace = header(headers, "Request-Id")
    if status == 429 or status >= 500 or code in ("rate_limit", "lock_timeout"):
        wait = retry_after(headers, default=30 if status >= 500 else 2)
        return RetryLater(f"Stripe is busy ({code or status})", retry_after=wait, trace=trace)
    if status == 401 or code in ("account_invalid", "invalid_grant", "platform_api_key_expired"):
        return Reconnect(f"Stripe no longer accepts the grant ({code or status})")
    if status == 403:
        return Forbidden(f"Stripe refuses this with the read_only scope ({code or status})")
    if details.get("param") in ("starting_after", "ending_before"):
        return StaleCursor("Stripe does not know the row paging stood at")
    return Refused(f"Stripe refused the request ({code or status})", code=code, trace=trace)


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> bool:
    """``Stripe-Signature: t=…,v1=…``: any v1 may fit any secret (two while one is being replaced), not older than 300 s.

    https://docs.stripe.com/webhooks#verify-manually
    """
    parts = [part.partition("=") for part in header(headers, "Stripe-Signature").split(",")]
    times = [value for key, _, value in parts if key.strip() == "t"]
    signatures = [value.strip() for key, _, value in parts if key.strip() == "v1"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit() or len(times[0]) > 12:
        return False
    if abs(int(now.timestamp()) - int(times[0])) > TOLERANCE_SECONDS:
        return False
    signed = times[0].encode() + b"." + body
    wanted = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    fits = [hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in signatures]
    return any(fits)


def events(payload: Any) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """One notice a body; ``account`` is there for connected accounts only."""
    return tuple(_event(Payload.of(payload)))


def _event(event: Payload) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    kind = event.text("type")
    streams = next((streams for start, streams in _STREAMS if kind.startswith(start)), ())
    yield event.text("id"), event.text("account", ""), streams
