"""What WooCommerce must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)
from tests.integrations.providers.woocommerce_pages import MEANS


def said(code, status):
    return {"code": code, "message": "TEXT", "data": {"status": status}}


class TestContract(ProviderContract):
    slug = "woocommerce"
    strange = ("bacs", "refunded", "0001-01-01T00:00:00")
    means = MEANS
    decides_by = {"orders": [("order", "status")]}
    errors = [
        (400, said("rest_invalid_param", 400), Refused),
        (401, said("woocommerce_rest_authentication_error", 401), Reconnect),
        (403, said("woocommerce_rest_cannot_view", 403), Forbidden),
        (403, "TEXT", RetryLater),
        (404, said("rest_no_route", 404), Refused),
        (503, "TEXT", RetryLater),
    ]
