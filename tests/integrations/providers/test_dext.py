"""What Dext must do as every provider, and what its documented pages mean."""

from __future__ import annotations

from tests.integrations.contract import (
    ProviderContract,
)

HEADER = (
    "Item ID,Document Reference,Document Type,Date,Due Date,Supplier,Category,Currency,Net Amount,Tax Amount,Total Amount,"
    "Payment Method,Paid,Publish To,Line Description,Line Category,Line Net,Line Tax\n"
)
FILE = (
    HEADER
    + 'dx-1,INV-101,Invoice,03/03/2026,03/31/2026,Northline Supply,Supplies,USD,"1,000.00",80.00,"1,080.00",,No,Bill,,,,\n'
    + "dx-3,INV-103,Receipt,03/03/2026,,Northline Supply,Supplies,USD,310.00,,310.00,Checking,Yes,Cheque,,,,\n"
    + "dx-4,INV-104,Receipt,03/03/2026,,Fuel and Go,,USD,,,75.25,Business Visa,Yes,Credit card,Fuel,Travel,60.25,\n"
    + "dx-4,INV-104,Receipt,03/03/2026,,Fuel and Go,,USD,,,75.25,Business Visa,Yes,Credit card,Wash,Repairs,14.00,1.00\n"
    + "dx-6,INV-106,Credit note,03/03/2026,,Northline Supply,Supplies,USD,,,(64.99),,No,Credit note,,,,\n"
).encode()


class TestContract(ProviderContract):
    slug = "dext"
    strange = ("Bill", "Cheque", "receipt", "-1.00")
    means = {
        "items": [
            "VendorBill dx-1 2026-03-03 USD 108000",
            "VendorBill dx-2 2026-03-03 USD 2450",
            "BillPayment dx-2:sent 2026-03-03 USD 2450",
            "VendorBill dx-3 2026-03-03 USD 31000",
            "BillPayment dx-3:sent 2026-03-03 USD 31000",
            "CardPurchase dx-4 2026-03-03 USD 7525",
            "CardPurchase dx-5 2026-03-03 USD -2000",
            "VendorCredit dx-6 2026-03-03 USD 6499",
            "VendorCredit dx-7 2026-03-03 USD 1200",
            "Skipped dx-8 2026-03-03 USD 90000",
            "VendorBill dx-9 2026-03-03 USD 14000",
            "Unknown dx-10 2026-03-03 USD 900",
            "Unknown dx-11 2026-03-12 USD 5000",
            "Unknown dx-12 2026-12-03 USD 5000",
            "VendorBill item:ba206530bc489c2c4a9372e8 2026-03-03 EUR 9900",
            "Unknown dx-14 2026-03-03 USD -4000",
            "Unknown dx-15 2026-03-03 USD 4100",
        ]
    }
    decides_by = {"items": [("documentType",), ("publishTo",)]}
    files = {
        "archive": (
            FILE,
            [
                "VendorBill dx-1 2026-03-03 USD 108000",
                "VendorBill dx-3 2026-03-03 USD 31000",
                "BillPayment dx-3:sent 2026-03-03 USD 31000",
                "CardPurchase dx-4 2026-03-03 USD 7525",
                "VendorCredit dx-6 2026-03-03 USD 6499",
            ],
        )
    }
