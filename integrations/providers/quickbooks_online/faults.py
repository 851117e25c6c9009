"""What a fault code means in plain words, and what the caller must do about it.

https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater, Unanswered
from integrations.faults import Plain

if TYPE_CHECKING:
    from collections.abc import Mapping

THROTTLE_SECONDS = 60
#: A read is tried again this soon after an error of QuickBooks' own.
BRIEF_SECONDS = 5
_CODE_IN_TEXT = re.compile(r"errorCode=0*(\d+)")

FAULTS = {
    "120": Plain("The user who connected QuickBooks has lost the right to this", "reconnect"),
    "500": Plain("QuickBooks could not read the request", "report"),
    "600": Plain("This request was already sent once", "look_up"),
    "610": Plain("The object is gone, or something it uses was made inactive", "map_again"),
    "620": Plain("These two documents cannot be linked", "open_document"),
    "800": Plain("It cannot be deleted while other documents depend on it", "open_document"),
    "1040": Plain("Too many documents in one request", "report"),
    "2010": Plain("QuickBooks does not take one of the fields", "report"),
    "2020": Plain("A field QuickBooks needs is missing", "report"),
    "2030": Plain("QuickBooks does not know this id", "map_again"),
    "2050": Plain("A text is longer than QuickBooks allows", "shorten"),
    "2170": Plain("QuickBooks does not know one of the values", "report"),
    "2500": Plain("An account, name or item used here is gone or inactive", "map_again"),
    "3001": Plain("Too many requests in a minute; it goes on by itself", "wait"),
    "3100": Plain("This connection has no right to the company any more", "reconnect"),
    "3200": Plain("The connection has expired", "reconnect"),
    "4000": Plain("QuickBooks could not read the query", "report"),
    "4001": Plain("QuickBooks does not allow this query", "report"),
    "5010": Plain("Somebody changed this document in the meantime", "compare"),
    "5020": Plain("The company's plan or the connecting user does not allow this", "check_plan"),
    "5030": Plain("The company's plan does not have this feature", "check_plan"),
    "6000": Plain("QuickBooks' own rules refuse the document", "open_document"),
    "6030": Plain("The attachment is larger than 100 MB", "shorten"),
    "6050": Plain("This kind of document cannot carry attachments", "report"),
    "6070": Plain("A line's amount is not quantity times price", "open_document"),
    "6140": Plain("The document number is already used", "look_up"),
    "6190": Plain("The QuickBooks subscription has ended; the company can only be read", "renew_subscription"),
    "6200": Plain("The period is closed in QuickBooks", "choose_date"),
    "6210": Plain("The period is closed in QuickBooks", "choose_date"),
    "6240": Plain("The name is already taken by a customer, vendor or employee", "pick_name"),
    "6540": Plain("The payment is part of a deposit and cannot change until it is taken off it", "open_document"),
    "10000": Plain("QuickBooks had an error of its own", "wait"),
    # Kinds of fault, where no code is given.
    "ValidationFault": Plain("QuickBooks' own rules refuse the document", "open_document"),
    "SystemFault": Plain("QuickBooks had an error of its own", "wait"),
    "AuthenticationFault": Plain("The connection has expired", "reconnect"),
    "AUTHENTICATION": Plain("The connection has expired", "reconnect"),
    "AuthorizationFault": Plain("The user who connected QuickBooks has lost the right to this", "reconnect"),
    "SERVICE": Plain("QuickBooks could not serve the request", "wait"),
}
_UNKNOWN = Plain("QuickBooks refused", "open_document")
_NO_RIGHT = frozenset({"120", "3100", "6190"})
#: Answered with 403, and yet about one document only: the rest of the connection works.
_PLAN = frozenset({"5020", "5030"})
#: A number already used is most likely our own document, written by a request whose answer was lost: it is looked up.
_UNCLEAR = frozenset({"600", "6140", "10000"})


def plain(code: str) -> Plain:
    """The words for a code; every unknown code has words too."""
    return FAULTS.get(code, _UNKNOWN)


def explain(code: str) -> str:
    return f"{plain(code).cause} (QuickBooks {code})" if code else plain(code).cause


def fault_of(body: object) -> tuple[str, str] | None:
    """(code, detail) of the first error of a fault in either spelling; None if the body holds none."""
    if not isinstance(body, dict):
        return None
    fault = body.get("Fault") or body.get("fault")
    if not isinstance(fault, dict):
        return None
    errors = fault.get("Error") or fault.get("error")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    message = str(first.get("Message") or first.get("message") or "")
    code = str(first.get("code") or "").lstrip("0")
    if not code and (found := _CODE_IN_TEXT.search(message)):
        code = found.group(1)
    return code, str(first.get("Detail") or first.get("detail") or "")[:500]


def raise_fault(body: object) -> None:
    """An answer of status 200 may hold a fault, as a whole or for one of its parts: raise what it means."""
    if (found := fault_of(body)) is not None:
        raise fault_error(*found)


def fault_error(code: str, detail: str, *, trace: str = "", retry_after: float = THROTTLE_SECONDS) -> Exception:
    """The error for a code; the message is ours, ``detail`` is QuickBooks' own and may hold names."""
    message = explain(code)
    if code == "3001":
        return RetryLater(message, retry_after=retry_after, trace=trace)
    if code in _UNCLEAR:
        return Unanswered(message, trace=trace)
    if code == "3200":
        return Reconnect(message)
    if code in _NO_RIGHT:
        return Forbidden(message)
    return Refused(message, code=code, detail=detail, trace=trace, is_closed=plain(code).step == "choose_date")


def read_error(status: int, headers: Mapping[str, str], body: Any) -> Exception | None:
    """What an answer demands of the caller; None for success.

    A 5xx is RetryLater here: whether it was a write that may have happened only the caller knows.
    """
    found = fault_of(body)
    if status < 400 and found is None:
        return None
    lower = {name.lower(): value for name, value in headers.items()}
    trace = lower.get("intuit_tid", "")
    code, detail = found or ("", "")
    if status == 429 or code == "3001":
        return RetryLater(explain("3001"), retry_after=_seconds(lower.get("retry-after", "")), trace=trace)
    if status == 401:
        return Reconnect(explain("3200"))
    if status == 403 and code not in _PLAN:
        return Forbidden(explain(code or "120"))
    if status >= 500:
        return RetryLater(f"QuickBooks did not answer properly (HTTP {status})", retry_after=BRIEF_SECONDS, trace=trace)
    return fault_error(code or (str(status) if status >= 400 else ""), detail, trace=trace)


def _seconds(text: str) -> float:
    return min(float(text), 3600.0) if text.isdecimal() else float(THROTTLE_SECONDS)
