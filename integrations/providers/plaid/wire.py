"""Plaid's errors and notices."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import jwt

from integrations.errors import Forbidden, PayloadError, ProviderError, Reconnect, Refused, RetryLater, StaleCursor
from integrations.headers import header, retry_after, safe_code
from integrations.payload import Payload, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

TOLERANCE_SECONDS = 300

_STALE = frozenset(["TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION", "INVALID_CURSOR"])
_LATER_TYPES = frozenset(["RATE_LIMIT_EXCEEDED", "API_ERROR", "INSTITUTION_ERROR"])
_LATER = frozenset(["PRODUCT_NOT_READY", "TRANSACTIONS_LIMIT", "INTERNAL_SERVER_ERROR", "PLANNED_MAINTENANCE"])
#: The login is gone or must be made anew, whatever type of error says so; waiting does not mend it.
_GONE = frozenset(
    [
        "ACCESS_TOKEN_REVOKED",
        "INSTITUTION_NO_LONGER_SUPPORTED",
        "INSTITUTION_REGISTRATION_REQUIRED",
        "INVALID_ACCESS_TOKEN",
        "UNAUTHORIZED_INSTITUTION",
        "USER_ACCOUNT_REVOKED",
        "USER_PERMISSION_REVOKED",
    ]
)
_FORBIDDEN = frozenset(
    [
        "ACCESS_NOT_GRANTED",
        "ADDITIONAL_CONSENT_REQUIRED",
        "INSUFFICIENT_CREDENTIALS",
        "INVALID_PRODUCT",
        "PRODUCTS_NOT_SUPPORTED",
        "UNAUTHORIZED_ROUTE_ACCESS",
        "NO_ACCOUNTS",
    ]
)
#: Item errors that say "later" or are about the request, not about the bank login.
_NOT_THE_LOGIN = frozenset(
    ["PRODUCT_NOT_READY", "ITEM_PRODUCT_NOT_READY_FOR_DELETE", "INSTANT_MATCH_FAILED", "INVALID_UPDATED_USERNAME"]
)

_STREAMS = {
    ("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE"): ("transactions", "accounts"),
    ("TRANSACTIONS", "DEFAULT_UPDATE"): ("transactions", "accounts"),
    ("TRANSACTIONS", "INITIAL_UPDATE"): ("transactions", "accounts"),
    ("TRANSACTIONS", "HISTORICAL_UPDATE"): ("transactions", "accounts"),
    ("TRANSACTIONS", "TRANSACTIONS_REMOVED"): ("transactions",),
    ("ITEM", "NEW_ACCOUNTS_AVAILABLE"): ("accounts",),
    ("ITEM", "LOGIN_REPAIRED"): ("transactions", "accounts"),
    # What these say shows as an error of the next reading, which names what a person must do.
    ("ITEM", "ERROR"): ("accounts",),
    ("ITEM", "PENDING_EXPIRATION"): ("accounts",),
    ("ITEM", "PENDING_DISCONNECT"): ("accounts",),
    ("ITEM", "USER_PERMISSION_REVOKED"): ("accounts",),
    ("ITEM", "USER_ACCOUNT_REVOKED"): ("accounts",),
}


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error a Plaid answer stands for; None below 400. https://plaid.com/docs/errors/

    Decided by ``error_type`` and ``error_code``, which Plaid calls safe for programs; its sentences are not passed on.
    """
    if status < 400:
        return None
    error = body if isinstance(body, dict) else {}
    kind, code = safe_code(error.get("error_type")), safe_code(error.get("error_code"))
    trace, said = safe_code(error.get("request_id")), code or kind or str(status)
    if code in _STALE or _about_the_cursor(error):
        return StaleCursor(f"Plaid's list changed while it was read ({said})")
    if code in _FORBIDDEN:
        return Forbidden(f"Plaid refuses transactions for this login ({said})")
    if status == 401 or code in _GONE or (kind == "ITEM_ERROR" and code not in _NOT_THE_LOGIN):
        return Reconnect(f"The bank asks the client to sign in again ({said})")
    if status == 429 or status >= 500 or kind in _LATER_TYPES or code in _LATER:
        wait = retry_after(headers, default=60 if kind == "RATE_LIMIT_EXCEEDED" or status == 429 else 300)
        return RetryLater(f"Plaid or the bank is busy ({said})", retry_after=wait, trace=trace)
    return Refused(f"Plaid refused the request ({said})", code=code, trace=trace)


def _about_the_cursor(error: Mapping[str, Any]) -> bool:
    """Plaid has no code of its own for a cursor of another item or a malformed one: only its sentence says so."""
    return error.get("error_type") == "INVALID_REQUEST" and "cursor" in str(error.get("error_message", "")).lower()


def key_id(headers: Mapping[str, str]) -> str:
    """The id of the public key a notice is signed with; '' if it is not signed as Plaid signs."""
    try:
        fields = jwt.get_unverified_header(header(headers, "Plaid-Verification"))
    except jwt.InvalidTokenError:
        return ""
    kid = fields.get("kid")
    return kid if fields.get("alg") == "ES256" and isinstance(kid, str) else ""


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> bool:
    """A JWT by ES256 alone, at most five minutes old, whose ``request_body_sha256`` is the raw body's.

    Each secret is the JSON of a key (or of the key look-up's answer); one that is expired or of another id does not count.
    https://plaid.com/docs/api/webhooks/webhook-verification/
    """
    wanted, token = key_id(headers), header(headers, "Plaid-Verification")
    keys = [key for key in map(_key, secrets) if key and hmac.compare_digest(str(key.get("kid")), wanted)]
    return bool(wanted) and any(_fits(body, token, key, now) for key in keys)


def _key(secret: str) -> dict[str, Any] | None:
    try:
        found = parse_json(secret)
    except PayloadError:
        return None
    inside = found.get("key", found) if isinstance(found, dict) else None
    return inside if isinstance(inside, dict) else None


def _fits(body: bytes, token: str, key: dict[str, Any], now: datetime) -> bool:
    expired = key.get("expired_at")
    if isinstance(expired, int) and expired <= now.timestamp():
        return False
    try:
        public = jwt.PyJWK({**key, "alg": "ES256"}, algorithm="ES256")
        claims = jwt.decode(token, public, algorithms=["ES256"], options={"verify_iat": False, "verify_exp": False})
    except (jwt.InvalidTokenError, jwt.PyJWKError):
        return False
    issued, told = claims.get("iat"), claims.get("request_body_sha256")
    if not isinstance(issued, int) or abs(now.timestamp() - issued) > TOLERANCE_SECONDS or not isinstance(told, str):
        return False
    return hmac.compare_digest(told.encode(), hashlib.sha256(body).hexdigest().encode())


def events(payload: Any) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """One notice a body, without an id of its own (two alike are two notices)."""
    notice = Payload.of(payload)
    kind = notice.text("webhook_type"), notice.text("webhook_code")
    return (("", notice.text("item_id", ""), _STREAMS.get(kind, ())),)
