"""Ramp's sign-in, errors and notices."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import header, retry_after, safe_code
from integrations.payload import Payload
from integrations.provider import Greeting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from integrations.provider import Api, Credentials, Outgoing

REVOKE = "/developer/v1/token/revoke"
#: The beginning of a notice's type → the streams it makes worth reading again.
_STREAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("transactions.", ("transactions", "receipts")),
    ("reimbursements.", ("reimbursements", "reimbursement_batches")),
    ("bills.", ("bills", "transactions")),
)


def authorise(request: Outgoing, credentials: Credentials) -> None:
    """The token; to hand it back, id and secret of the app it came by. https://docs.ramp.com/developer-api/v1/authorization"""
    if request.path == REVOKE:
        keys = credentials.keys
        shown = f"{keys.get('client_id', credentials.client_id)}:{keys.get('client_secret', credentials.secret)}"
        request.headers["Authorization"] = f"Basic {base64.b64encode(shown.encode()).decode()}"
    else:
        request.headers["Authorization"] = f"Bearer {credentials.access}"


def revoke(api: Api, credentials: Credentials) -> None:
    """Hand the token back. The answer has no body that is described."""
    api.fetch(REVOKE, form={"token": credentials.refresh or credentials.access})


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error a Ramp answer stands for; None below 400. Messages name codes only, never Ramp's text.

    https://docs.ramp.com/developer-api/v1/error-handling · https://docs.ramp.com/developer-api/v1/rate-limiting
    """
    if status < 400:
        return None
    told = body.get("error_v2") if isinstance(body, dict) else None
    code = safe_code(told.get("error_code")) if isinstance(told, dict) else ""
    said = code or str(status)
    if status == 429 or status >= 500:
        return RetryLater(f"Ramp is busy ({said})", retry_after=retry_after(headers, default=10))
    if status == 401:
        return Reconnect(f"Ramp no longer accepts the access ({said})")
    if status == 403:
        return Forbidden(f"Ramp refuses this to the app or to who signed in ({said})")
    return Refused(f"Ramp refused the request ({said})", code=code)


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], _now: datetime) -> bool:
    """``X-Ramp-Webhook-Signature``: hex of HMAC-SHA256 over the bytes as they came, by the secret of any subscription.

    Not over JSON written anew, which is other bytes. There is no time in it: repeats are known by their event id.
    https://docs.ramp.com/developer-api/v1/webhooks
    """
    told = header(headers, "X-Ramp-Webhook-Signature").encode()
    wanted = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    return any([hmac.compare_digest(one, told) for one in wanted])  # noqa: C419 (all are compared)


def greeting(body: bytes, _headers: Mapping[str, str]) -> Greeting | None:
    """The word Ramp sends while a subscription waits for its verification: it is answered as it came.

    https://docs.ramp.com/developer-api/v1/webhooks
    """
    try:
        told = json.loads(body)
    except ValueError:
        return None
    word = told.get("challenge") if isinstance(told, dict) else None
    return Greeting(answer=word) if isinstance(word, str) and 0 < len(word) <= 500 else None


def events(payload: Any) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """One notice a body; it names an object and says nothing of it. Raises PayloadError."""
    notice = Payload.of(payload)
    kind = notice.text("type")
    streams = next((streams for start, streams in _STREAMS if kind.startswith(start)), ())
    return ((notice.text("id"), notice.text("business_id", ""), streams),)
