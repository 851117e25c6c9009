"""The token endpoint and revocation.

https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from integrations.sandbox.oauth import Refused
from integrations.sandbox.service import answer, basic

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.oauth import Desk, Grant

HARD_END_HEADER = "x-include-refresh-token-hard-expires-in"
HARD_END_SECONDS = 5 * 365 * 86_400
_NO_STORE = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}


def issue(desk: Desk, request: Request, now: int) -> Response:
    """authorization_code and refresh_token grants; the client proves itself with HTTP Basic only."""
    form = request.form
    try:
        desk.check_client(*basic(request))
        if form.get("grant_type") == "authorization_code":
            grant = desk.redeem(form.get("code", ""), form.get("redirect_uri", ""), form.get("code_verifier", ""))
        elif form.get("grant_type") == "refresh_token":
            grant = desk.refresh(form.get("refresh_token", ""))
        else:
            return answer({"error": "unsupported_grant_type"}, 400, _NO_STORE)
    except Refused as refused:
        status = 401 if refused.code == "invalid_client" else 400
        return answer({"error": refused.code, "error_description": refused.description}, status, _NO_STORE)
    wants_end = request.headers.get(HARD_END_HEADER, "").lower() == "true"
    return answer(_tokens(grant, now, wants_end=wants_end), 200, _NO_STORE)


def _tokens(grant: Grant, now: int, *, wants_end: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "token_type": "bearer",
        "access_token": grant.access_token,
        "expires_in": grant.access_ends - now,
        "refresh_token": grant.refresh_token,
        "x_refresh_token_expires_in": grant.refresh_ends - now,
    }
    if wants_end:
        body["x_refresh_token_hard_expires_in"] = HARD_END_SECONDS
    return body


def revoke(desk: Desk, request: Request) -> Response:
    """JSON or form body with `token`; 200 with an empty body, 400 for a token nobody holds."""
    try:
        desk.check_client(*basic(request))
    except Refused as refused:
        return answer({"error": refused.code}, 401)
    token = request.form.get("token", "")
    if not token and request.mimetype == "application/json":
        try:
            token = str(json.loads(request.get_data() or b"{}").get("token", ""))
        except ValueError:
            return answer({"error": "invalid_request"}, 400)
    return answer({}, 200) if desk.revoke(token) else answer({"error": "invalid_token"}, 400)
