"""What Square must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater, StaleCursor
from tests.integrations.contract import (
    ProviderContract,
)
from tests.integrations.providers.square_pages import DECIDES_BY, MEANS

ERROR = {"errors": [{"category": "API_ERROR", "code": "CODE", "detail": "TEXT"}]}


def error(code):
    return {"errors": [{**ERROR["errors"][0], "code": code}]}


class TestContract(ProviderContract):
    slug = "square"
    strange = ("COMPLETED", "OPEN", "CASH", "Mars/Crater")
    means = MEANS
    decides_by = DECIDES_BY
    errors = [
        (401, error("ACCESS_TOKEN_EXPIRED"), Reconnect),
        (403, error("INSUFFICIENT_SCOPES"), Forbidden),
        (401, error("INSUFFICIENT_SCOPES"), Forbidden),
        (429, error("RATE_LIMITED"), RetryLater),
        (400, error("INVALID_CURSOR"), StaleCursor),
        (400, error("INVALID_TIME_RANGE"), Refused),
        (404, error("NOT_FOUND"), Refused),
        (503, error("SERVICE_UNAVAILABLE"), RetryLater),
    ]
