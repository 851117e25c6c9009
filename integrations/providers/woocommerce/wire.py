"""A WooCommerce store's errors, keys and notices. https://woocommerce.github.io/woocommerce-rest-api-docs/"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import header, retry_after, safe_code
from integrations.provider import Greeting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from integrations.payload import Payload
    from integrations.provider import Credentials, Outgoing

KEYS = ("consumer_key", "consumer_secret")


def store_of(text: str) -> str:
    """The store's address as people type it: without https, with a slash at its end or the shop page's path."""
    address = text.strip().rstrip("/")
    host, slash, path = address.removeprefix("https://").partition("/")
    return (
        address if "://" in address and not address.startswith("https://") else f"https://{host.lower()}{slash}{path}"
    )


def authorise(request: Outgoing, credentials: Credentials) -> None:
    """Basic authentication over HTTPS. https://woocommerce.github.io/woocommerce-rest-api-docs/#authentication-over-https"""
    pair = ":".join(credentials.keys.get(name, "") for name in KEYS)
    request.headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"


def asked(reference: str, back: str, hook: str) -> dict[str, str]:
    """The query of the store's consent page. https://woocommerce.github.io/woocommerce-rest-api-docs/#rest-api-keys"""
    return {"app_name": "Tieout", "scope": "read", "user_id": reference, "return_url": back, "callback_url": hook}


def handed_over(body: Payload) -> tuple[str, dict[str, str]]:
    """The keys that the store's own server posts, and whose they are: the number of its user may be a number."""
    reference = body.raw("user_id")
    return str(reference), {name: body.text(name) for name in KEYS}


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error an answer stands for. Hosts and firewalls answer 403, 429 and 503 in HTML: that is a wait, not a right.

    https://woocommerce.github.io/woocommerce-rest-api-docs/#errors
    """
    if status < 400:
        return None
    code = safe_code(body.get("code")) if isinstance(body, dict) else ""
    if status == 429 or status >= 500 or (status == 403 and not code):
        wait = retry_after(headers, default=30)
        return RetryLater(f"the store is busy or its host keeps us out ({status})", retry_after=wait)
    if status == 401:
        return Reconnect(f"the store no longer accepts the keys ({code or status})")
    if status == 403:
        return Forbidden(f"the store refuses this with the rights of its key ({code})")
    return Refused(f"the store refused the request ({code or status})", code=code)


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], _now: datetime) -> bool:
    """``X-WC-Webhook-Signature``: base64 of HMAC-SHA256 over the raw body by the webhook's secret.

    https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks
    """
    told = header(headers, "X-WC-Webhook-Signature").encode()
    wanted = [base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()) for key in secrets]
    return any([hmac.compare_digest(one, told) for one in wanted])  # noqa: C419 (all are compared)


def greeting(body: bytes, _headers: Mapping[str, str]) -> Greeting | None:
    """The first ping is a form that names the webhook, unsigned."""
    try:
        fields = parse_qs(body[:100].decode(), strict_parsing=True)
    except ValueError:
        return None
    return Greeting() if set(fields) == {"webhook_id"} else None


def events(payload: Any) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """One order a body; refunds have no topic of their own. Delivery id and store stand in headers: the address says whose."""
    is_order = isinstance(payload, dict) and "id" in payload
    return (("", "", ("orders",) if is_order else ()),)
