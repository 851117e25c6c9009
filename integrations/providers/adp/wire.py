"""ADP's lists, its queue of events and its errors. https://developers.adp.com/learn/articles/basic-concepts"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, PayloadError, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import header, retry_after, safe_code
from integrations.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.provider import Api

OUTPUTS = "/payroll/v2/payroll-output"
EVENTS = "/core/v1/event-notification-messages"
PAGE_SIZE = 50
MAX_PAGES = 200
MAX_EVENTS = 200
_MESSAGE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


def outputs(api: Api) -> Iterator[list[Payload]]:
    """Pages of payroll outputs. No body (204) is the end; a short page is not, since ``$top`` may be capped."""
    read = 0
    for _number in range(MAX_PAGES):
        answer = api.get(OUTPUTS, {"$top": str(PAGE_SIZE), "$skip": str(read)})
        if answer is None:
            return
        body = Payload.of(answer)
        found = list(body.objects("payrollOutputs", required=True))
        yield found
        read += len(found)
        meta = body.object_or_none("meta")
        total = meta.integer("totalNumber", -1) if meta else -1
        if not found or read == total:
            return
    raise PayloadError("$.payrollOutputs", f"no end after {MAX_PAGES} pages")


def payments(api: Api, path: str) -> list[dict[str, Any]]:
    """The payments to associates in the one output at a path; none where there is no body."""
    answer = api.get(path)
    if answer is None:
        return []
    found = Payload.of(answer).objects("payrollOutputs", required=True)
    return [dict(payment.data) for output in found for payment in output.objects("associatePayments")]


def messages(api: Api) -> Iterator[dict[str, Any]]:
    """What waits in the queue, one by one. A message is taken away once the caller has kept it: till then ADP gives it again.

    Raises PayloadError for a message that stays although it was taken away.
    """
    before = ""
    for _number in range(MAX_EVENTS):
        body, headers = api.get_with_headers(EVENTS)
        if body is None:
            return
        name = header(headers, "adp-msg-msgid")
        if not _MESSAGE.fullmatch(name):
            raise PayloadError("adp-msg-msgid", "is missing")
        if name == before:
            raise PayloadError("adp-msg-msgid", "is given again after it was taken away")
        yield {"messageID": name, **Payload.of(body).data}
        api.delete(f"{EVENTS}/{name}")
        before = name


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error an answer stands for; None below 400. ADP's sentences can name people, so ours carry codes only.

    403 says that the client never consented to this API, and is no fault of ours.
    """
    if status < 400:
        return None
    code, trace = _code(body), header(headers, "adp-correlationid")
    said = code or str(status)
    if status == 429 or status >= 500:
        return RetryLater(f"ADP is busy ({said})", retry_after=retry_after(headers, default=60), trace=trace)
    if status == 401 or code in {"invalid_token", "invalid_grant"}:
        return Reconnect(f"ADP no longer accepts the access ({said})")
    if status == 403:
        return Forbidden(f"ADP has no consent of the client for this data: it is given in ADP's API Central ({said})")
    return Refused(f"ADP refused the request ({said})", code=code, trace=trace)


def _code(body: Any) -> str:
    """``error`` of a token answer, else the code of the first message in ``confirmMessage``."""
    told = body if isinstance(body, dict) else {}
    confirm = told.get("confirmMessage")
    listed = confirm.get("processMessages") if isinstance(confirm, dict) else None
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    inner = (first.get("processMessageID"), first.get("userMessage"), first.get("developerMessage"))
    codes = [one.get(name) for one in inner if isinstance(one, dict) for name in ("idValue", "codeValue")]
    return next(filter(None, map(safe_code, [told.get("error"), *codes])), "")
