"""Expensify's one address: how a job is signed, and how errors are told from files. Many errors come with status 200."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, PayloadError, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import retry_after
from integrations.payload import parse_json, render_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.provider import Credentials, Outgoing

PATH = "/Integration-Server/ExpensifyIntegrations"
#: The form field every job is in.
JOB = "requestJobDescription"
#: How the texts of answers begin that say more than their code does (the code may be 500).
_NO_LONGER, _NOT_ALLOWED, _BUSY = "authentication error", "not authorized", "you have been rate-limited"


def job(description: Mapping[str, Any], template: str = "") -> dict[str, str]:
    """The form of a job; its credentials are added when it leaves."""
    form = {JOB: render_json(description).decode()}
    return form | {"template": template} if template else form


def authorise(request: Outgoing, credentials: Credentials) -> None:
    """The pair of partner credentials, inside the job. https://integrations.expensify.com/Integration-Server/doc/#authentication"""
    if request.form is None or JOB not in request.form:
        return
    keys = credentials.keys
    signed = {"partnerUserID": keys["partner_user_id"], "partnerUserSecret": keys["partner_user_secret"]}
    request.form[JOB] = json.dumps({**json.loads(request.form[JOB]), "credentials": signed})


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error an answer stands for, whatever its status; None where it is fine. Messages name codes only.

    https://integrations.expensify.com/Integration-Server/doc/
    """
    told = body if isinstance(body, dict) else {}
    code = told.get("responseCode")
    code = code if isinstance(code, int) and not isinstance(code, bool) and code else status
    if status < 400 and code < 400:
        return None
    if status >= 400 and code < 400:
        code = status
    text = str(told.get("responseMessage", "")).lower()
    if code == 429 or text.startswith(_BUSY):
        return RetryLater(f"Expensify is busy ({code})", retry_after=retry_after(headers, default=60))
    if code == 401 or text.startswith(_NO_LONGER):
        return Reconnect(f"Expensify no longer accepts the partner credentials ({code})")
    if code == 403 or text.startswith(_NOT_ALLOWED):
        return Forbidden(f"Expensify does not let these credentials read the workspace ({code})")
    if code >= 500:
        return RetryLater(f"Expensify is busy ({code})", retry_after=retry_after(headers, default=60))
    return Refused(f"Expensify refused the job ({code})", code=str(code))


def checked(content: bytes) -> bytes:
    """The file or file name that an answer is. Raises the error it is instead."""
    if content.lstrip()[:1] == b"{":
        try:
            told = parse_json(content)
        except PayloadError:
            return content
        if isinstance(told, dict) and "responseCode" in told and (error := read_error(200, {}, told)) is not None:
            raise error
    return content
