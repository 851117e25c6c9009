"""Job handlers of the ledger."""
