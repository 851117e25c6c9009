"""Amazon's errors, and how a call is signed. https://developer-docs.amazon.com/sp-api/docs/response-format"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import header, retry_after, safe_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.schemes import Credentials, Outgoing

#: Seconds a bucket of the slowest operations takes to hold one request more (0.0167 a second).
SLOWEST = 60
#: How the details begin where it is the token, and not the right, that is missing.
_ENDED = "access token you provided"


def authorise(request: Outgoing, credentials: Credentials) -> None:
    """The access token in a header of its own; nothing is signed since October 2023.

    https://developer-docs.amazon.com/sp-api/docs/connect-to-the-selling-partner-api
    """
    request.headers["x-amz-access-token"] = credentials.access


def is_over(status: int, body: Any) -> bool:
    """A token that ended or was taken back is refused with 403, as lacking rights is; the details tell which."""
    return status == 401 or (status == 403 and _ENDED in _details(body))


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error an answer stands for; None below 400. Messages name codes only, never Amazon's text."""
    if status < 400:
        return None
    code = _code(body)
    said, trace = code or str(status), header(headers, "x-amzn-RequestId")
    if status == 429 or status >= 500 or code == "QuotaExceeded":
        wait = retry_after(headers, default=_refill(headers) if status < 500 else 30)
        return RetryLater(f"Amazon is busy ({said})", retry_after=wait, trace=trace)
    if is_over(status, body):
        return Reconnect(f"Amazon no longer accepts the authorisation ({said})")
    if status == 403:
        return Forbidden(f"Amazon refuses this ({said}): the app needs the role Finance and Accounting")
    return Refused(f"Amazon refused the request ({said})", code=code, trace=trace)


def _refill(headers: Mapping[str, str]) -> float:
    """Seconds until one request more is allowed, from the rate that the answer tells."""
    try:
        rate = float(header(headers, "x-amzn-RateLimit-Limit"))
    except ValueError:
        return SLOWEST
    return min(max(1 / rate, 1), SLOWEST) if rate > 0 else SLOWEST


def _errors(body: Any) -> dict[str, Any]:
    found = body.get("errors") if isinstance(body, dict) else None
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, dict) else {}


def _code(body: Any) -> str:
    return safe_code(_errors(body).get("code"))


def _details(body: Any) -> str:
    return f"{_errors(body).get('message', '')} {_errors(body).get('details', '')}".casefold()
