"""Salesforce's addresses, ids, errors and daily limit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, PayloadError, ProviderError, Reconnect, Refused, RetryLater, StaleCursor
from integrations.headers import header, retry_after, safe_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.payload import Payload

#: Login, sandboxes' login, My Domain of an org or of one of its sandboxes, and instances of the old kind.
HOST = r"(login|test|[a-z0-9-]+(\.[a-z]+)?\.my|[a-z]{2,4}[0-9]{1,4})\.salesforce\.(com|mil)"
INSTANCE = rf"https://{HOST}"
#: The part of an org's daily calls, all its apps together, beyond which nothing more is asked for.
SHARE = 0.8
LATER = 3600
_USAGE = re.compile(r"\bapi-usage=(\d{1,12})/(\d{1,12})\b")
_ID = re.compile(r"[A-Za-z0-9]{15}([A-Z0-5]{3})?")
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_LIMITS = frozenset(["REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR"])
_BUSY = frozenset(["QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW"])


def host_of(text: str) -> str:
    """The host of a pasted address. What people see in their browser is Lightning's name of their My Domain."""
    host = re.sub(r"^https?://", "", text.strip().lower()).partition("/")[0]
    return re.sub(r"\.lightning\.force\.com$", ".my.salesforce.com", host)


def long_id(payload: Payload, name: str = "Id") -> str:
    """The id in 18 characters, which tell letters apart whatever their case; 15 are made 18. Raises PayloadError.

    https://developer.salesforce.com/docs/platform/object-reference/guide/field-types.html
    """
    text = payload.text(name)
    if not _ID.fullmatch(text):
        raise PayloadError(payload.at(name), f"{text[:20]!r} is no id of Salesforce")
    parts = (text[start : start + 5] for start in (0, 5, 10))
    suffix = "".join(_SUFFIX[sum(1 << place for place, one in enumerate(part) if one.isupper())] for part in parts)
    if text[15:] not in ("", suffix):
        raise PayloadError(payload.at(name), f"{text!r} is an id whose letters were changed")
    return text[:15] + suffix


def used_up(headers: Mapping[str, str]) -> bool:
    """Whether the org's calls of the last 24 hours have come to our share. ``Sforce-Limit-Info: api-usage=18/5000``

    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
    """
    told = _USAGE.search(header(headers, "Sforce-Limit-Info"))
    return told is not None and int(told[1]) >= SHARE * int(told[2])


def is_over(status: int, body: Any) -> bool:
    """A session that has ended: nothing says beforehand when it will."""
    return status == 401 or _code(body) == "INVALID_SESSION_ID"


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error a Salesforce answer stands for; None below 400. Messages name codes only, never Salesforce's text.

    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm: a list of errors.
    """
    if status < 400:
        return None
    code = _code(body)
    said = code or str(status)
    if code in _LIMITS:
        return RetryLater(f"the org has used up its calls ({said})", retry_after=retry_after(headers, default=LATER))
    if status == 429 or status >= 500 or code in _BUSY:
        return RetryLater(f"Salesforce is busy ({said})", retry_after=retry_after(headers, default=30))
    if is_over(status, body):
        return Reconnect(f"Salesforce no longer accepts the grant ({said})")
    return _refusal(status, code, said)


def _refusal(status: int, code: str, said: str) -> ProviderError:
    if code == "INVALID_QUERY_LOCATOR":
        return StaleCursor(f"the rest of a query is no longer kept ({said})")
    if status == 403:
        return Forbidden(f"Salesforce refuses this with the rights that were granted ({said})")
    return Refused(f"Salesforce refused the request ({said})", code=code or str(status))


def _code(body: Any) -> str:
    first = body[0] if isinstance(body, list) and body else body
    return safe_code(first.get("errorCode")) if isinstance(first, dict) else ""
