ALTER TABLE ledger_dealinvoice ADD CONSTRAINT deal_invoice_connection_of_client
    FOREIGN KEY (client_id, connection_id) REFERENCES integrations_connection (client_id, id) DEFERRABLE INITIALLY DEFERRED;

-- What a second person stood behind is what was booked and sent: only what the deal has said since is written beside it.
CREATE FUNCTION ledger_keep_approved_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.client_id, NEW.connection_id, NEW.deal, NEW.customer, NEW.number, NEW.invoiced_on, NEW.due_on, NEW.currency,
        NEW.amount_minor, NEW.lines, NEW.state, NEW.prepared_by_id, NEW.approved_by_id, NEW.approved_at)
       IS DISTINCT FROM
       (OLD.client_id, OLD.connection_id, OLD.deal, OLD.customer, OLD.number, OLD.invoiced_on, OLD.due_on, OLD.currency,
        OLD.amount_minor, OLD.lines, OLD.state, OLD.prepared_by_id, OLD.approved_by_id, OLD.approved_at) THEN
        RAISE EXCEPTION 'the approved invoice of deal % does not change', OLD.deal
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'deal_invoice_stays_as_approved';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deal_invoice_stays_as_approved BEFORE UPDATE ON ledger_dealinvoice
    FOR EACH ROW WHEN (OLD.state = 'approved') EXECUTE FUNCTION ledger_keep_approved_invoice();
