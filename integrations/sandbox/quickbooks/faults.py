"""QuickBooks' refusals in both spellings: the services' `Fault` and the gateway's lower-case `fault`.

Codes and wording: https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

INACTIVE = (
    "Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)
MESSAGES = {
    "500": "Unsupported Operation",
    "600": "Duplicate Request Id",
    "610": "Object Not Found",
    "620": "Transaction Cannot Be Linked",
    "800": "Object Cannot Be Deleted",
    "1040": "Batch size exceeded",
    "2010": "Request has invalid or unsupported property",
    "2020": "Required param missing, need to supply the required value for the API",
    "2030": "Invalid ID",
    "2050": "String length is either shorter or longer than supported by specification",
    "2170": "Invalid Enumeration",
    "2500": "Invalid Reference Id",
    "4000": "Error parsing query",
    "4001": "Invalid query",
    "5010": "Stale Object Error",
    "5020": "Permission Denied Error",
    "5030": "Feature Not Supported Error",
    "6000": "A business validation error has occurred while processing your request",
    "6030": "Maximum Attachment Size Exceeded",
    "6140": "Duplicate Document Number Error",
    "6190": "Invalid Company Status",
    "6210": "Account Period Closed, Cannot Update Through Services API",
    "6240": "Duplicate Name Exists Error",
    "6540": "Deposited Transaction cannot be changed",
    "10000": "An application error has occurred while processing your request",
}


class QuickBooksFault(Exception):  # noqa: N818  # the provider calls its answer a Fault
    """A refusal by an entity service; `status` is the HTTP status outside batch and CDC, where it is always 200."""

    def __init__(self, code: str, detail: str = "", *, element: str = "", status: int = 400) -> None:
        self.code, self.element, self.status = code, element, status
        self.message = MESSAGES[code]
        self.detail = detail or self.message
        super().__init__(f"{code} {self.detail}")

    def body(self) -> dict[str, Any]:
        error = {"Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element}
        return {"Error": [error], "type": "SystemFault" if self.code == "10000" else "ValidationFault"}


def missing(parameter: str) -> QuickBooksFault:
    return QuickBooksFault(
        "2020", f"Required parameter {parameter} is missing in the request", element=parameter.rpartition(".")[2]
    )


def not_found() -> QuickBooksFault:
    return QuickBooksFault("610", f"Object Not Found : {INACTIVE}")


def broken_rule(detail: str) -> QuickBooksFault:
    return QuickBooksFault("6000", f"Business Validation Error: {detail}")


def stale() -> QuickBooksFault:
    return QuickBooksFault(
        "5010",
        "Stale Object Error : You and root were working on this at the same time. "
        "root finished before you did, so your work was not saved.",
    )


def closed_period() -> QuickBooksFault:
    return QuickBooksFault(
        "6210",
        "The account period has closed and the account books cannot be updated through through the QBO Services API. "
        "Please use the QBO website to make these changes.",
    )


def gateway_fault(message: str, detail: str, code: str, *, fault_type: str, epoch_ms: int) -> dict[str, Any]:
    """The gateway's spelling for 401 and 403: lower-case keys, `message=…; errorCode=00…` and epoch milliseconds."""
    error = {"message": message, "detail": detail, "code": code, "element": None}
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": fault_type},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": epoch_ms,
        "status": None,
        "cdcresponse": [],
    }


def unauthenticated(detail: str, epoch_ms: int) -> dict[str, Any]:
    """Body of a 401: token expired, malformed or revoked."""
    text = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    return gateway_fault(text, detail, "3200", fault_type="AUTHENTICATION", epoch_ms=epoch_ms)


def forbidden(detail: str, epoch_ms: int) -> dict[str, Any]:
    """Body of a 403: this app or token has no right to that company."""
    text = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    return gateway_fault(text, detail, "3100", fault_type="AUTHENTICATION", epoch_ms=epoch_ms)


def throttled(time: str) -> dict[str, Any]:
    """Body of a 429: the company's minute is used up."""
    error = {
        "Message": "message=ThrottleExceeded; errorCode=003001; statusCode=429",
        "Detail": "The request limit was reached.  Try again later",
        "code": "3001",
        "element": "",
    }
    return {"Fault": {"Error": [error], "type": "SERVICE"}, "time": time}


def xml_fault(fault: dict[str, Any], time: str) -> bytes:
    """The same refusal for a caller that did not ask for JSON."""
    errors = "".join(
        f"<Error code={quoteattr(error['code'])} element={quoteattr(error['element'])}>"
        f"<Message>{escape(error['Message'])}</Message><Detail>{escape(error['Detail'])}</Detail></Error>"
        for error in fault["Error"]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time={quoteattr(time)}>'
        f"<Fault type={quoteattr(fault['type'])}>{errors}</Fault></IntuitResponse>"
    ).encode()
