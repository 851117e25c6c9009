"""What a provider's error code means in plain words, and the one next step. Pure.

Each provider declares its own codes beside its streams (``Provider.faults``); what many systems call alike stands here. A code
that nobody knows gets a row that shows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Plain:
    """``cause`` for a person; ``step`` is the key of the one next step the interface offers (``STEPS``)."""

    cause: str
    step: str


#: What to do, for a person.
STEPS = {
    "reconnect": "Connect the system again, or send the reconnect link.",
    "wait": "Nothing: it is tried again by itself.",
    "report": "Send this code to support. Nothing in the books is wrong; the record waits.",
    "look_up": "Look it up by its number; if it is there, it is taken over, else it is sent again.",
    "map_again": "Choose another account or name in the mapping, or make this one active again, then retry.",
    "open_document": "Open the document, put right what is named, then retry.",
    "shorten": "Shorten the text or the file, then retry.",
    "compare": "Compare both versions, keep the right one, then retry.",
    "check_plan": "Ask the client to change the plan, or the rights of who connected.",
    "renew_subscription": "Ask the client to renew the subscription.",
    "choose_date": "Post it on an open day, or as an adjusting entry.",
    "pick_name": "Choose another name, or use the one that is there.",
    "bank_page": "Ask the client to sign in at the bank's own page, then refresh.",
    "settle_there": "Put it right in that system, with the customer. Nothing is booked until money moves.",
}
_BUSY = Plain("The system had an error of its own", "wait")
_LIMIT = Plain("Too many requests in a short time; it goes on by itself", "wait")
_LOGIN = Plain("The connection is not accepted any more", "reconnect")
_RIGHT = Plain("Who connected the system has no right to this", "reconnect")
_ASKED = Plain("The system could not read what it was asked", "report")
_GONE = Plain("What was asked for is not there any more", "open_document")
#: What many systems answer, by status or by name. https://www.rfc-editor.org/rfc/rfc9110#section-15,
#: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
COMMON = {
    "400": _ASKED,
    "401": _LOGIN,
    "403": _RIGHT,
    "404": _GONE,
    "409": Plain("Somebody changed this at the same time", "wait"),
    "410": _GONE,
    "415": _ASKED,
    "422": Plain("The system's own rules refuse it", "open_document"),
    "429": _LIMIT,
    "500": _BUSY,
    "502": _BUSY,
    "503": Plain("The system is down for a moment", "wait"),
    "504": Plain("The system took too long to answer", "wait"),
    "INVALID_GRANT": _LOGIN,
    "INVALID_TOKEN": _LOGIN,
    "INVALID_CLIENT": Plain("The system does not know this app, or its secret was changed", "report"),
    "UNAUTHORIZED_CLIENT": Plain("This app may not connect in that way", "report"),
    "INSUFFICIENT_SCOPE": _RIGHT,
    "ACCESS_DENIED": _RIGHT,
    "UNAUTHORIZED": _LOGIN,
    "AUTHENTICATION_FAILURE": _LOGIN,
    "FORBIDDEN": _RIGHT,
    "NOT_AUTHORIZED": _RIGHT,
    "PERMISSION_DENIED": _RIGHT,
    "INVALID_REQUEST": _ASKED,
    "BAD_REQUEST": _ASKED,
    "NOT_FOUND": _GONE,
    "RESOURCE_NOT_FOUND": _GONE,
    "CONFLICT": Plain("Somebody changed this at the same time", "wait"),
    "RESOURCE_CONFLICT": Plain("Somebody changed this at the same time", "wait"),
    "UNPROCESSABLE_ENTITY": Plain("The system's own rules refuse it", "open_document"),
    "UNSUPPORTED_MEDIA_TYPE": _ASKED,
    "RATE_LIMITED": _LIMIT,
    "RATE_LIMIT_EXCEEDED": _LIMIT,
    "INTERNAL_SERVER_ERROR": _BUSY,
    "API_ERROR": _BUSY,
    "BAD_GATEWAY": _BUSY,
    "SERVICE_UNAVAILABLE": Plain("The system is down for a moment", "wait"),
    "GATEWAY_TIMEOUT": Plain("The system took too long to answer", "wait"),
    "TIMEOUT": Plain("The system took too long to answer", "wait"),
}
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+|[A-Z]{3,}|\b[1-9]\d{2,4}\b")


def group(rows: Mapping[Plain, str]) -> dict[str, Plain]:
    """A table of codes from groups that mean the same, each the codes with spaces between."""
    return {code: plain for plain, codes in rows.items() for code in codes.split()}


def known(code: str, own: Mapping[str, Plain]) -> Plain | None:
    """The row of a code: the provider's own, else what many systems call so; None for one that nobody knows."""
    return own.get(code) or COMMON.get(code.upper())


def explain(code: str, own: Mapping[str, Plain]) -> Plain:
    """The row of a code; for one that nobody knows a row that shows it."""
    return known(code, own) or Plain(f"The system answered with a code we do not know: {code}", "report")


def explain_text(said: str, own: Mapping[str, Plain]) -> Plain | None:
    """The row of the first known code that a message names; None where it names none."""
    return next((plain for code in _codes(said) if (plain := known(code, own))), None)


def _codes(said: str) -> Iterator[str]:
    return (found.group() for found in _CODE.finditer(said))
