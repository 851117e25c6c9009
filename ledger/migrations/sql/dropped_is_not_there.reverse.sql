DROP TRIGGER outbox_dropped_is_not_there ON ledger_outboxitem;
DROP FUNCTION ledger_outbox_dropped_is_not_there();
