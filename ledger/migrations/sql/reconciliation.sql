-- A finished reconciliation keeps what it stands on: its balance, its bank lines, and the matches of these lines.

CREATE FUNCTION ledger_finished_month(client bigint, feed bigint, day date) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (
        SELECT FROM ledger_statementbalance s
        WHERE s.client_id = client AND s.feed_id = feed AND s.month = date_trunc('month', day)::date
          AND s.finished_at IS NOT NULL
    )
$$;

CREATE FUNCTION ledger_statement_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.finished_at IS NOT NULL AND NEW.finished_at IS NOT NULL
       AND (OLD.closing_minor, OLD.ends_on, OLD.month, OLD.feed_id, OLD.finished_sha256, OLD.finished_lines)
           IS DISTINCT FROM (NEW.closing_minor, NEW.ends_on, NEW.month, NEW.feed_id, NEW.finished_sha256, NEW.finished_lines) THEN
        RAISE EXCEPTION 'a finished reconciliation stands until it is reopened'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'statement_finished_stands';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER statement_stands BEFORE UPDATE ON ledger_statementbalance
    FOR EACH ROW EXECUTE FUNCTION ledger_statement_stands();

CREATE FUNCTION ledger_bank_item_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'matched'
       AND (OLD.state, OLD.amount_minor, OLD.posted_on, OLD.feed_id)
           IS DISTINCT FROM (NEW.state, NEW.amount_minor, NEW.posted_on, NEW.feed_id)
       AND ledger_finished_month(OLD.client_id, OLD.feed_id, OLD.posted_on) THEN
        RAISE EXCEPTION 'bank line % belongs to a finished reconciliation', OLD.id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'bank_line_finished_stands';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER bank_item_stands BEFORE UPDATE ON ledger_bankitem
    FOR EACH ROW EXECUTE FUNCTION ledger_bank_item_stands();

CREATE FUNCTION ledger_match_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.is_live
       AND (TG_OP = 'DELETE' OR (OLD.is_live, OLD.item_id, OLD.entry_id, OLD.line_no, OLD.amount_minor)
           IS DISTINCT FROM (NEW.is_live, NEW.item_id, NEW.entry_id, NEW.line_no, NEW.amount_minor))
       AND EXISTS (
           SELECT FROM ledger_matchmember m JOIN ledger_bankitem i ON i.id = m.item_id
           WHERE m.match_id = OLD.match_id AND ledger_finished_month(i.client_id, i.feed_id, i.posted_on)
       ) THEN
        RAISE EXCEPTION 'match % belongs to a finished reconciliation', OLD.match_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'match_finished_stands';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER match_stands BEFORE UPDATE OR DELETE ON ledger_matchmember
    FOR EACH ROW EXECUTE FUNCTION ledger_match_stands();

-- References that carry the client.
ALTER TABLE ledger_reconciliationduty ADD CONSTRAINT duty_account_of_client
    FOREIGN KEY (client_id, account_id) REFERENCES ledger_account (client_id, id);
ALTER TABLE ledger_statedbalance ADD CONSTRAINT stated_account_of_client
    FOREIGN KEY (client_id, account_id) REFERENCES ledger_account (client_id, id);
ALTER TABLE ledger_bankrule ADD CONSTRAINT bank_rule_account_of_client
    FOREIGN KEY (client_id, account_id) REFERENCES ledger_account (client_id, id);
ALTER TABLE ledger_intercompanypair ADD CONSTRAINT intercompany_account_of_client
    FOREIGN KEY (client_id, account_id) REFERENCES ledger_account (client_id, id);
ALTER TABLE ledger_intercompanypair ADD CONSTRAINT intercompany_account_of_partner
    FOREIGN KEY (partner_id, partner_account_id) REFERENCES ledger_account (client_id, id);
