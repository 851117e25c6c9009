"""HTTP answers of the company endpoints: JSON, refusals in the caller's format, and the gateway's own refusals."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from integrations.sandbox.quickbooks import faults
from integrations.sandbox.quickbooks.amounts import dump

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.sandbox.quickbooks.faults import QuickBooksFault

Values = dict[str, Any]
_JSON = "application/json;charset=UTF-8"


def trace_id() -> str:
    return f"1-{uuid.uuid4()}"


def raw(body: bytes, status: int = 200) -> Response:
    return Response(body, status, headers={"intuit_tid": trace_id(), "QBO-Version": "sandbox"}, content_type=_JSON)


def ok(body: dict[str, Any]) -> Response:
    return raw(dump(body))


def wants_json(request: Request) -> bool:
    """QuickBooks answers XML unless the caller names JSON; a bare `*/*` is not a request for JSON."""
    return any(value.lower().startswith("application/json") for value, _ in request.accept_mimetypes)


def refused(fault: QuickBooksFault, request: Request, time: str) -> Response:
    if wants_json(request):
        return json_fault(fault, time)
    body = faults.xml_fault(fault.body(), time)
    headers = {"intuit_tid": trace_id()}
    return Response(body, fault.status, headers=headers, content_type="application/xml;charset=UTF-8")


def json_fault(fault: QuickBooksFault, time: str) -> Response:
    return raw(dump({"Fault": fault.body(), "time": time}), fault.status)


def _epoch_ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)


def unauthenticated(token: str, now: datetime) -> Response:
    """401: `Token expired` for anything token-shaped, `Malformed bearer token` otherwise."""
    if 0 < len(token) < 20:
        detail = "Malformed bearer token: too short or too long"
    else:
        detail = f"Token expired: {token[:6]}…" if token else "Missing bearer token"
    response = raw(dump(faults.unauthenticated(detail, _epoch_ms(now))), 401)
    response.headers["WWW-Authenticate"] = 'Bearer realm="Intuit", error="invalid_token"'
    return response


def forbidden(now: datetime) -> Response:
    return raw(dump(faults.forbidden("The application has no access to this company.", _epoch_ms(now))), 403)


def throttled(time: str) -> Response:
    """No Retry-After: whether QuickBooks sends one is not settled, so callers must wait out the minute unasked."""
    return raw(dump(faults.throttled(time)), 429)
