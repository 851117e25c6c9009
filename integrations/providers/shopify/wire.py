"""Shopify's errors, signatures, notices and the end of a grant."""

from __future__ import annotations

import base64
import hashlib
import hmac
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import header, retry_after, safe_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from integrations.provider import Api, Credentials, Outgoing

API_VERSION = "2026-10"
ANSWERS = f"/admin/api/{API_VERSION}/graphql.json"
_LACKING = frozenset(["ACCESS_DENIED", "FORBIDDEN"])
_BUSY = frozenset(["THROTTLED", "INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"])
#: Points that come back each second on the smallest plan, and the longest a throttled query can have to wait for them.
SLOWEST, LONGEST = 100, 20
MOST_POINTS = 1_000_000


def shop_of(text: str) -> str:
    """The shop's address as people type it: with https, a path, capitals, or the name alone."""
    host = text.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")[0]
    return host if not host or "." in host else f"{host}.myshopify.com"


def authorise(request: Outgoing, credentials: Credentials) -> None:
    """https://shopify.dev/docs/api/admin-graphql#authentication"""
    request.headers["X-Shopify-Access-Token"] = credentials.access


def genuine(params: Mapping[str, str], credentials: Credentials) -> bool:
    """Whether the callback is Shopify's: ``hmac`` over the sorted other fields by the app's secret, and the shop that was asked.

    https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
    """
    told = "&".join(sorted(_pair(name, value) for name, value in params.items() if name != "hmac"))
    wanted = hmac.new(credentials.secret.encode(), told.encode(), hashlib.sha256).hexdigest()
    is_signed = hmac.compare_digest(wanted.encode(), params.get("hmac", "").encode())
    return is_signed and params.get("shop", "") == credentials.settings.get("shop", "")


def _pair(name: str, value: str) -> str:
    """One field as it is signed: what parts fields is escaped, so that no value can pass for two."""
    key = name.replace("%", "%25").replace("=", "%3D")
    return f"{key}={value.replace('%', '%25')}".replace("&", "%26")


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error an answer stands for. GraphQL says no with status 200: throttled, denied, too costly.

    An answer of another API version is refused rather than misread: Shopify serves the oldest living one in place of an
    expired one, and says so in a header alone. https://shopify.dev/docs/api/usage/response-codes
    """
    trace = header(headers, "X-Request-Id")
    if status >= 400:
        return _refusal(status, headers, trace)
    version = header(headers, "X-Shopify-API-Version")
    if version and version != API_VERSION:
        return Refused(f"Shopify answers in another version than {API_VERSION}", code="version", trace=trace)
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors:
        return None
    code = _code(errors)
    if code in _BUSY:
        return RetryLater(f"Shopify is busy ({code})", retry_after=_wait(body), trace=trace)
    if code in _LACKING:
        return Forbidden("Shopify refuses this with the rights that were granted")
    return Refused(f"Shopify refused the query ({code or 'no code'})", code=code, trace=trace)


def _refusal(status: int, headers: Mapping[str, str], trace: str) -> ProviderError:
    if status == 429 or status >= 500:
        wait = retry_after(headers, default=30 if status >= 500 else 2)
        return RetryLater(f"Shopify is busy ({status})", retry_after=wait, trace=trace)
    if status == 401:
        return Reconnect("Shopify no longer accepts the grant (401)")
    if status in (402, 423):
        return Reconnect(f"the shop is frozen or locked at Shopify ({status})")
    if status == 403:
        return Forbidden("Shopify refuses this with the rights that were granted (403)")
    return Refused(f"Shopify refused the request ({status})", code=str(status), trace=trace)


def _code(errors: Any) -> str:
    first = errors[0] if isinstance(errors, list) and errors else None
    extensions = first.get("extensions") if isinstance(first, dict) else None
    return safe_code(extensions.get("code")) if isinstance(extensions, dict) else ""


def _wait(body: Any) -> float:
    """Seconds until the bucket holds what the query costs. https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits"""
    found = body.get("extensions")
    cost = found.get("cost") if isinstance(found, dict) else None
    if not isinstance(cost, dict) or not isinstance(cost.get("throttleStatus"), dict):
        return 2
    asked, bucket = cost.get("requestedQueryCost"), cost["throttleStatus"]
    have, rate = bucket.get("currentlyAvailable"), bucket.get("restoreRate")
    numbers = [_number(one) for one in (asked, have, rate)]
    if numbers[0] is None or numbers[1] is None:
        return 2
    return min(max((numbers[0] - numbers[1]) / (numbers[2] or SLOWEST), 1), LONGEST)


def _number(value: object) -> float | None:
    """A count of points: whole or exact, never text."""
    if not isinstance(value, (int, Decimal)):
        return None
    return float(value) if -MOST_POINTS < value < MOST_POINTS else None


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], _now: datetime) -> bool:
    """``X-Shopify-Hmac-Sha256``: base64 of HMAC-SHA256 over the raw body by the app's secret, the old one for an hour too.

    https://shopify.dev/docs/apps/build/webhooks/subscribe/https
    """
    told = header(headers, "X-Shopify-Hmac-Sha256").encode()
    wanted = [base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()) for key in secrets]
    return any([hmac.compare_digest(one, told) for one in wanted])  # noqa: C419 (all are compared)


#: A field that only one kind of notice has → the streams worth reading again. Payouts have no notice: they are polled.
_STREAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("evidence_due_by", ("disputes", "balance_transactions")),
    ("refund_line_items", ("orders", "balance_transactions")),
    ("line_items", ("orders", "balance_transactions")),
    ("order_id", ("orders", "balance_transactions")),
    # Nothing can be read any more once the app is gone: reading shows it.
    ("myshopify_domain", ("balance",)),
    ("id", ("orders",)),
)


def events(payload: Any) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """One notice a body, in the shapes of the REST API. Topic, id and shop stand in headers alone: the address says whose it is.

    https://shopify.dev/docs/api/webhooks
    """
    fields = payload if isinstance(payload, dict) else {}
    return (("", "", next((streams for name, streams in _STREAMS if name in fields), ())),)


def revoke(api: Api, _credentials: Credentials) -> None:
    """Uninstall the app, which ends its tokens. https://shopify.dev/docs/apps/build/authentication-authorization/uninstall-app"""
    api.delete("/admin/api_permissions/current.json")
