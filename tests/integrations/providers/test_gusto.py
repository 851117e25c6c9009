"""What Gusto must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused
from tests.integrations.contract import (
    ProviderContract,
)


def refused(category, key="base"):
    return {"errors": [{"error_key": key, "category": category, "message": "TEXT"}]}


class TestGusto(ProviderContract):
    slug = "gusto"
    means = {
        "payrolls": [
            "PayrollRun a0000000-0000-4000-8000-000000000001 2026-03-13 USD",
            "PayrollRun a0000000-0000-4000-8000-000000000002 2026-03-20 USD",
            "PayrollRun a0000000-0000-4000-8000-000000000003 2026-03-27 USD",
            "Skipped a0000000-0000-4000-8000-000000000004 2026-04-10 USD 0",
            "PayrollRun a0000000-0000-4000-8000-000000000005 2025-12-31 USD",
        ],
        "contractor_payments": [
            "ContractorPayment d0000000-0000-4000-8000-000000000001 2026-03-20 USD 74000",
            "ContractorPayment d0000000-0000-4000-8000-000000000002 2026-03-20 USD 150000",
            "Skipped d0000000-0000-4000-8000-000000000003 2026-03-20 USD 40000",
            "Skipped d0000000-0000-4000-8000-000000000004 2026-03-20 USD 15000",
        ],
        "reversals": [
            "Skipped a0000000-0000-4000-8000-000000000002:a0000000-0000-4000-8000-000000000003 2026-03-25 USD 0",
        ],
    }
    decides_by = {
        "payrolls": [("processing_request", "status"), ("employee_compensations", 0, "payment_method")],
    }
    errors = [
        (401, {"errors": [{"error_key": "request", "category": "invalid_token", "message": "TEXT"}]}, Reconnect),
        (400, {"error": "invalid_grant", "error_description": "TEXT"}, Reconnect),
        (403, refused("missing_scopes"), Forbidden),
        (404, refused("not_found", "request"), Refused),
        (422, refused("invalid_attribute_value", "TEXT"), Refused),
    ]
