"""What payslips must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)

REGISTER = (
    "Harbour Field Works,,,,,,,,,,,,,\n"
    "Pay date,Pay period start,Pay period end,Employee,Department,Gross pay,Net pay,Earnings: Regular,Reimbursement: Travel,"
    "Employee tax: Medicare,Employer tax: Medicare,Deduction: 401(k),Garnishment: Levy,Total employee taxes\n"
    '03/05/2026,02/12/2026,02/25/2026,Juniper Ashcombe,Field,"2,000.00","1,820.50","2,000.00",20.50,'
    "30.00,29.00,100.00,70.00,30.00\n"
    "03/05/2026,02/12/2026,02/25/2026,Corin Maddock,Office,900.00,900.00,900.00,,,,,,\n"
    "03/12/2026,03/11/2026,03/11/2026,Corin Maddock,Office,100.00,98.55,100.00,,1.45,1.45,,,1.45\n"
    ',,,Total,,"3,000.00","2,819.05","3,000.00",20.50,31.45,30.45,100.00,70.00,31.45\n'
)


def failed(code):
    return {"data": None, "errors": [{"message": "TEXT", "path": [], "extensions": {"code": code}}]}


class TestContract(ProviderContract):
    slug = "quickbooks-payroll"
    strange = ("check", "USD", "1e999999", "-0.005", "off_cycle")
    means = {
        "payslips": ["Skipped 13868994 2026-03-05 USD 250000", "Skipped 13868995 2026-03-05 USD 189075"],
        "registers": ["PayrollRun 2026-03-05:2026-02-25:1 2026-03-05 USD"],
    }
    decides_by = {"registers": [("runType",), ("employees", 0, "paymentMethod")]}
    files = {
        "register": (
            REGISTER.encode(),
            [
                "PayrollRun 2026-03-05:2026-02-25:1 2026-03-05 USD",
                "PayrollRun 2026-03-12:2026-03-11:1 2026-03-12 USD",
            ],
        )
    }
    errors = [
        (200, failed("UNAUTHENTICATED"), Reconnect),
        (200, failed("FORBIDDEN"), Forbidden),
        (403, failed("ACCESS_DENIED"), Forbidden),
        (200, failed("THROTTLED"), RetryLater),
        (200, failed("INTERNAL_SERVER_ERROR"), RetryLater),
        (200, failed("GRAPHQL_VALIDATION_FAILED"), Refused),
        (200, {"data": {"payrollPayslips": {"edges": []}}, "errors": [{"message": "TEXT"}]}, Refused),
        (400, failed("BAD_USER_INPUT"), Refused),
    ]
