"""What Melio must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from integrations.errors import Forbidden, Reconnect, Refused, RetryLater
from tests.integrations.contract import (
    ProviderContract,
)

ERROR = {"error": {"code": "CODE", "message": "TEXT"}}
BILLS = b"""Bill ID,Vendor,Invoice number,Created,Due date,Bill amount,Bill status
pi-1,Northline Supply,N-101,03/02/2026,03/31/2026,"$1,240.50",Paid
pi-2,Harrow Print Works,N-102,03/02/2026,03/31/2026,228.99,Partially paid
"""
PAYMENTS = b"""Payment ID,Bill ID,Vendor,Payment date,Amount,Fee,Delivery,Paid from,Paid from type,Payment status,Last update
pay-1,pi-1,Northline Supply,03/12/2026,"$1,240.50",1.50,check,Checking 4410,Bank account,Completed,03/19/2026
pay-2,pi-2,Harrow Print Works,03/12/2026,100.00,2.90,virtual,Rewards card 8821,Credit card,In progress,03/13/2026
pay-3,pi-3,Northline Supply,03/12/2026,50.00,,ach,Checking 4410,Bank account,Scheduled,03/10/2026
pay-4,pi-1,Northline Supply,03/12/2026,30.00,20.00,expedited-ach,Checking 4410,Bank,Failed,03/19/2026
"""


class TestContract(ProviderContract):
    slug = "melio"
    strange = ("completed", "failed", "card", "CAD")
    means = {
        "bills": [
            "VendorBill pi-1 2026-03-02 USD 124050",
            "VendorBill pi-2 2026-03-02 USD 22899",
            "VendorBill pi-3 2026-03-02 USD 5000",
            "Skipped pi-4 2026-03-02 USD 4100",
        ],
        "payments": [
            "BillPayment pay-1:sent 2026-03-12 USD 124050",
            "ServiceFee pay-1:fee:0 2026-03-12 USD 150",
            "FundingPull pay-1:pull 2026-03-12 USD 124200",
            "BillPayment pay-2:sent 2026-03-12 USD 10000",
            "ServiceFee pay-2:fee:0 2026-03-12 USD 290",
            "Skipped pay-3 2026-03-12 USD 5000",
            "BillPayment pay-4:sent 2026-03-12 USD 3000",
            "BillPayment pay-4:failed 2026-03-19 USD 3000",
            "Unknown pay-5 2026-03-12 USD 700",
            "Skipped pay-6 2026-03-12 USD 900",
        ],
    }
    decides_by = {"bills": [("status",)], "payments": [("payment", "status"), ("source", "type")]}
    files = {
        "bills": (BILLS, means["bills"][:2]),
        "payments": (PAYMENTS, means["payments"][:8]),
    }
    errors = [
        (401, ERROR, Reconnect),
        (403, ERROR, Forbidden),
        (404, ERROR, Refused),
        (429, ERROR, RetryLater),
        (503, ERROR, RetryLater),
    ]
