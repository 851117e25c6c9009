-- What was attempted without a clear answer may have arrived: only what never left or was refused is taken off the list.
CREATE FUNCTION ledger_outbox_dropped_is_not_there() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (OLD.state = 'rejected' OR OLD.state = 'new' AND OLD.sent_at IS NULL) THEN
        RAISE EXCEPTION 'document % may be in the accounting system', OLD.marker
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outbox_dropped_is_not_there';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER outbox_dropped_is_not_there BEFORE UPDATE ON ledger_outboxitem
    FOR EACH ROW WHEN (NEW.state = 'dropped' AND OLD.state <> 'dropped') EXECUTE FUNCTION ledger_outbox_dropped_is_not_there();
