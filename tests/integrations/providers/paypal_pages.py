"""What PayPal's fixtures and an activity download mean, fact by fact, and the fields that are never guessed at."""

from __future__ import annotations

MEANS = {
    "transactions": [
        "Sale 9FERN00000000SALE:T0006:USD:+ 2026-03-02 USD 11675",
        "Sale 9FERN0000000ITEMS:T0007:USD:+ 2026-03-02 USD 10800",
        "Refund 9FERN00000REFUND1:T1107:USD:- 2026-03-04 USD 11675",
        "Refund 9FERN00000REFUND2:T1107:USD:- 2026-03-02 USD 2000",
        "BalancePurchase 9FERN0000BOUGHTBK:T1107:USD:+ 2026-03-02 USD -1900",
        "BalancePurchase 9FERN000000BOUGHT:T0003:USD:- 2026-03-02 USD 1900",
        "BalancePurchase 9FERN000000ABROAD:T0006:USD:- 2026-03-06 USD 14000",
        "BalanceFunding 9FERN00000CARDPAY:T0700:MXN:+ 2026-03-06 MXN 287044",
        "Sale 9FERN00000000EURO:T0006:EUR:+ 2026-03-02 EUR 10000",
        "Sale 9FERN000000000YEN:T0011:JPY:+ 2026-03-02 JPY 1980",
        "ProcessorFee 9FERN0000MONTHFEE:T0101:USD:- 2026-03-02 USD 3000",
        "ProcessorFee 9FERN000CHARGEFEE:T0106:USD:- 2026-03-02 USD 2000",
        "ProcessorFee 9FERN00000FEEBACK:T1108:USD:+ 2026-03-02 USD -49",
        "Payout 9FERN00000TOBANK1:T0400:USD:- 2026-03-02 USD 50000",
        "Payout 9FERN00000TOBANK2:T0400:USD:- 2026-03-02 USD 7500",
        "Payout 9FERN0000BANKBACK:T1101:USD:+ 2026-03-02 USD 7500",
        "Payout 9FERN0000FROMBANK:T0300:USD:+ 2026-03-02 USD -25000",
        "Payout 9FERN0000DEPOBACK:T1104:USD:- 2026-03-02 USD -25000",
        "BalancePurchase 9FERN0000MASSPAID:T0001:USD:- 2026-03-02 USD 25000",
        "ProcessorFee 9FERN0000MASSPAID:T0001:USD:-:fee 2026-03-02 USD 100",
        "Reserve 9FERN000000000HLD:T1110:USD:- 2026-03-02 USD 10800",
        "Reserve 9FERN000000000HLD:T1111:USD:+ 2026-03-02 USD -10800",
        "Dispute 9FERN00000REVERSE:T1106:USD:- 2026-03-02 USD 10800",
        "Dispute 9FERN0000CHARGEBK:T1201:USD:- 2026-03-02 USD 6000",
        "Dispute 9FERN000000CBWON1:T1202:USD:+ 2026-03-02 USD 6000",
        "Reserve 9FERN000000RESERV:T2103:USD:- 2026-03-02 USD 15000",
        "ProcessorCredit 9FERN000000REWARD:T0800:USD:+ 2026-03-02 USD 1200",
        "ProcessorCredit 9FERN00000DIVIDND:T1400:USD:+ 2026-03-02 USD 31",
        "BalanceFunding 9FERN00000CARDBCK:T0600:USD:- 2026-03-02 USD -4200",
        "OwnTransfer 9FERN0000OWNOTHER:T2001:USD:- 2026-03-02 USD 9000",
        "Sale 9FERN0000DONATION:T0013:USD:+ 2026-03-02 USD 2500",
        "Skipped 9FERN000000PENDNG:T0006:USD:+ 2026-03-02 USD 3300",
        "Skipped 9FERN000000DENIED:T0006:USD:+ 2026-03-02 USD 3400",
        "Skipped 9FERN0000AUTHORIS:T1300:USD:+ 2026-03-02 USD 8000",
        "Unknown 9FERN0000ADJUSTED:T1200:USD:- 2026-03-02 USD -500",
        "Sale 9FERN00000GROUPED:T0099:USD:+ 2026-03-02 USD 4400",
        "Conversion 9FERN000000ABROAD:conversion:20260306T184548Z 2026-03-06 USD 14000",
        "Conversion 9FERN0000000LEGB1:conversion:20260307T090000Z 2026-03-07 USD 10400",
        "Unknown 9FERN0000000000GB:conversion:20260308T090000Z 2026-03-08 GBP 0",
    ],
    "disputes": [
        "Dispute PP-R-FER-1:closed 2026-03-18 USD 10000",
        "Skipped PP-R-FER-2 2026-03-20 USD 10800",
        "Skipped PP-R-FER-3 2026-03-20 USD 10800",
        "Dispute PP-R-FER-4:closed 2026-03-20 USD 9000",
        "Skipped PP-R-FER-5 2026-03-20 USD 10800",
        "Unknown PP-R-FER-6 2026-03-20 USD 10800",
    ],
    "balances": [
        "ProcessorBalance balance:2026-03-31:EUR 2026-03-31 EUR 9610",
        "SystemBalance withheld:2026-03-31:EUR 2026-03-31 EUR 0",
        "ProcessorBalance balance:2026-03-31:USD 2026-03-31 USD 87000",
        "SystemBalance withheld:2026-03-31:USD 2026-03-31 USD 15000",
    ],
}
DECIDES_BY = {
    "transactions": [("transaction_info", "transaction_event_code"), ("transaction_info", "transaction_status")],
    "disputes": [("status",), ("dispute_outcome", "outcome_code")],
}
HEADER = (
    '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","Transaction ID","Item Title",'
    '"Shipping and Handling Amount","Sales Tax","Reference Txn ID","Invoice Number","Balance","Balance Impact"\n'
)
LINES = (
    '"02/28/2026","22:15:30","PST","Wren Halloway","Express Checkout Payment","Completed","USD","1,107.25","-39.13","1,068.12",'
    '"9FERN00000FILESAL","Oak tray","12.00","7.25","","FERN-1001","1,068.12","Credit"\n'
    '"03/01/2026","08:00:00","America/Los_Angeles","Wren Halloway","Payment Refund","Completed","USD","-107.25","0.00","-107.25",'
    '"9FERN00000FILEREF","","","-7.25","9FERN00000FILESAL","FERN-1001","960.87","Debit"\n'
    '"03/02/2026","09:00:00","GMT","","General Currency Conversion","Completed","EUR","-96.10","0.00","-96.10",'
    '"9FERN0000000FILEC1","","","","9FERN0000000000EU","","0.00","Debit"\n'
    '"03/02/2026","09:00:00","GMT","","General Currency Conversion","Completed","USD","104.00","0.00","104.00",'
    '"9FERN0000000FILEC2","","","","9FERN0000000000EU","","1,064.87","Credit"\n'
    '"03/03/2026","05:00:00","PST","","General Withdrawal","Completed","USD","-500.00","0.00","-500.00",'
    '"9FERN0000000FILEWD","","","","","","564.87","Debit"\n'
    '"03/03/2026","06:00:00","PST","","Hold on Balance for Dispute Investigation","Completed","USD","-20.00","0.00","-20.00",'
    '"9FERN0000000FILEHO","","","","9FERN00000FILESAL","","544.87","Debit"\n'
    '"03/03/2026","07:00:00","PST","Otis Marlowe","General Payment","Pending","USD","9.00","0.00","9.00",'
    '"9FERN0000000FILEPE","","","","","","544.87","Memo"\n'
    '"03/03/2026","08:00:00","PST","Otis Marlowe","Invoice Sent","Completed","USD","9.00","0.00","9.00",'
    '"9FERN0000000FILEIN","","","","","","544.87","Memo"\n'
    '"03/03/2026","09:00:00","PST","","Moonlight Adjustment","Completed","USD","1.00","0.00","1.00",'
    '"9FERN0000000FILEUN","","","","","","545.87","Credit"\n'
)
ACTIVITY = (HEADER + LINES).encode("utf-8-sig")
ACTIVITY_MEANS = [
    "Sale 9FERN00000FILESAL:T0006:USD:+ 2026-02-28 USD 110725",
    "Refund 9FERN00000FILEREF:T1107:USD:- 2026-03-01 USD 10725",
    "Payout 9FERN0000000FILEWD:T0400:USD:- 2026-03-03 USD 50000",
    "Reserve 9FERN0000000FILEHO:T1110:USD:- 2026-03-03 USD 2000",
    "Skipped 9FERN0000000FILEPE:T0000:USD:+ 2026-03-03 USD 900",
    "Skipped 9FERN0000000FILEIN:Invoice Sent:USD:+ 2026-03-03 USD 900",
    "Unknown 9FERN0000000FILEUN:Moonlight Adjustment:USD:+ 2026-03-03 USD 100",
    "Conversion 9FERN0000000000EU:conversion:20260302T090000Z 2026-03-02 USD 10400",
]
