"""What company must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)

REGISTER = (
    "PAYROLL COMPANY CODE,FILE NUMBER,PAYROLL NAME,HOME DEPARTMENT DESCRIPTION,PAY DATE,PERIOD BEGINNING DATE,"
    "PERIOD ENDING DATE,REGULAR HOURS,REGULAR EARNINGS,OVERTIME EARNINGS,ADDITIONAL EARNINGS  : BNS-BONUS,"
    "ADDITIONAL EARNINGS  : MIL-MILEAGE,FEDERAL INCOME - EMPLOYEE TAX,FEDERAL INCOME - EMPLOYEE TAXABLE,"
    "SOCIAL SECURITY - EMPLOYER TAX,VOLUNTARY DEDUCTION : MED-MEDICAL,VOLUNTARY DEDUCTION : 75-SUPPORT,"
    "MEMO : KM-401K MATCH,MEMO : GTL-TERM LIFE,TOTAL EMPLOYEE TAX,GROSS PAY,NET PAY,WORKED IN STATE\n"
    'QX7,000101,"Ashcombe, Juniper",Shop,03/06/2026,02/14/2026,02/27/2026,80.00,"2,000.00",,100.00,45.10,210.00,'
    '"2,005.00",130.20,95.00,150.00,60.00,12.34,210.00,"2,145.10","1,690.10",OR\n'
    'QX7,000102,"Maddock, Corin",Warehouse,03/06/2026,02/14/2026,02/27/2026,75.00,"1,500.00",,,,150.00,"1,500.00",'
    '93.00,,,,,150.00,"1,500.00","1,350.00",OR\n'
)


def refused(status):
    message = {"processMessageID": {"idValue": "WSGW_1"}, "userMessage": {"messageTxt": "TEXT"}}
    return {"confirmMessage": {"processMessages": [message], "requestStatusCode": {"shortName": "TEXT"}}, "s": status}


class TestContract(ProviderContract):
    slug = "adp"
    strange = ("NTC", "PVC", "CAD")
    means = {
        "payrolls": ["PayrollRun QX7:2026-03-06:2026-02-27:1 2026-03-06 USD", "Skipped 9a20:PVC 2026-03-20 USD 0"],
        "events": ["Skipped msg-0001:0 2026-03-04 USD 0"],
    }
    decides_by = {"payrolls": [("payrollProcessingStatusCode", "codeValue")]}
    files = {"register": (REGISTER.encode(), ["PayrollRun QX7:2026-03-06:2026-02-27:1 2026-03-06 USD"])}
    errors = [
        (401, {"error": "invalid_client", "error_description": "TEXT"}, Reconnect),
        (400, {"error": "invalid_grant", "error_description": "TEXT"}, Reconnect),
        (401, refused(401), Reconnect),
        (403, refused(403), Forbidden),
        (404, refused(404), Refused),
        (429, refused(429), RetryLater),
        (503, refused(503), RetryLater),
    ]
