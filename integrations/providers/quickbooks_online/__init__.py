"""QuickBooks Online: the ledger of record. https://developer.intuit.com/app/developer/qbo/docs/get-started"""
