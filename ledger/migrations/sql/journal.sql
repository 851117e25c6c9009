-- The journal's invariants. All lines of an entry arrive in the same statement as the entry itself
-- (WITH … INSERT INTO entry …, INSERT INTO line …), so statement triggers over the transition tables are as strict as
-- deferred row triggers, and cheaper. The functions run as their owner with a fixed search path: they take FOR SHARE on
-- periods and write balances, which the application's role may not.

-- An entry without its lines is refused; so is a revision whose predecessor is still live, and a reversal of another's entry.
CREATE FUNCTION ledger_entries_are_whole() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE bad record;
BEGIN
    SELECT e.id INTO bad FROM fresh e
     WHERE (SELECT l.no FROM ledger_journalline l WHERE l.entry_id = e.id LIMIT 1) IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % has no lines', bad.id USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_has_its_lines';
    END IF;
    SELECT e.id INTO bad FROM fresh e
      LEFT JOIN ledger_journalentry p
        ON p.client_id = e.client_id AND p.source_key = e.source_key AND p.purpose = e.purpose AND p.revision = e.revision - 1
      LEFT JOIN ledger_journalentry r ON r.client_id = e.client_id AND r.reverses_id = p.id
     WHERE e.revision > 0 AND e.reverses_id IS NULL AND r.id IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % revises one that is still live', bad.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_one_live_per_source_and_purpose';
    END IF;
    SELECT e.id INTO bad FROM fresh e LEFT JOIN ledger_journalentry o ON o.id = e.reverses_id
     WHERE e.reverses_id IS NOT NULL AND (o.id IS NULL OR o.client_id <> e.client_id) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % reverses one of another client', bad.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_reverses_its_own_clients';
    END IF;
    RETURN NULL;
END $$;

-- Lines: one entry each, of the same client and date; balanced; whole; accounts of the client; the month open; balances move.
-- Three passes over the fresh lines: by entry, by month, by account and month. ::timestamp keeps time zones out of the months.
CREATE FUNCTION ledger_lines_are_an_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE bad record; closed record; wanted bigint; held bigint;
BEGIN
    -- A line of another client or day than its entry makes a group of its own, which is not the entry's.
    IF EXISTS (
        SELECT FROM (SELECT entry_id, client_id, booked_on, count(*) AS lines, min(no) AS low_no, max(no) AS high_no,
                            sum(debit_minor - credit_minor) AS net
                       FROM fresh GROUP BY entry_id, client_id, booked_on) g
          LEFT JOIN ledger_journalentry e ON e.id = g.entry_id
         WHERE (e.client_id = g.client_id AND e.booked_on = g.booked_on AND e.line_count = g.lines
                AND g.low_no = 1 AND g.high_no = e.line_count AND g.net = 0) IS NOT TRUE)
    THEN
        SELECT g.entry_id,
               CASE WHEN e.id IS NULL THEN 'line_has_an_entry'
                    WHEN g.low_client <> e.client_id OR g.high_client <> e.client_id THEN 'line_is_of_its_entrys_client'
                    WHEN g.low_day <> e.booked_on OR g.high_day <> e.booked_on THEN 'line_is_of_its_entrys_day'
                    WHEN g.lines <> e.line_count OR g.low_no <> 1 OR g.high_no <> e.line_count THEN 'entry_is_written_whole'
                    ELSE 'entry_balances' END AS rule
          INTO bad
          FROM (SELECT entry_id, count(*) AS lines, min(no) AS low_no, max(no) AS high_no, sum(debit_minor) AS debits,
                       sum(credit_minor) AS credits, min(client_id) AS low_client, max(client_id) AS high_client,
                       min(booked_on) AS low_day, max(booked_on) AS high_day
                  FROM fresh GROUP BY entry_id) g
          LEFT JOIN ledger_journalentry e ON e.id = g.entry_id
         WHERE e.id IS NULL OR g.debits <> g.credits OR g.lines <> e.line_count OR g.low_no <> 1 OR g.high_no <> e.line_count
            OR g.low_client <> e.client_id OR g.high_client <> e.client_id OR g.low_day <> e.booked_on OR g.high_day <> e.booked_on
         LIMIT 1;
        RAISE EXCEPTION 'entry % breaks the rule %', bad.entry_id, bad.rule USING ERRCODE = 'check_violation', CONSTRAINT = bad.rule;
    END IF;

    -- Reading the period rows FOR SHARE makes a seal (FOR UPDATE) wait for us and us for it; a plain read would race.
    SELECT count(*), count(o.month) INTO wanted, held
      FROM (SELECT DISTINCT client_id, date_trunc('month', booked_on::timestamp)::date AS month FROM fresh ORDER BY 1, 2) m
      LEFT JOIN LATERAL (SELECT p.month FROM ledger_period p
                          WHERE p.client_id = m.client_id AND p.month = m.month AND p.state = 'open' FOR SHARE) o ON true;
    IF held <> wanted THEN
        SELECT m.client_id, m.month, p.state INTO closed
          FROM (SELECT DISTINCT client_id, date_trunc('month', booked_on::timestamp)::date AS month FROM fresh) m
          LEFT JOIN ledger_period p ON m.client_id = p.client_id AND m.month = p.month
         WHERE p.state IS DISTINCT FROM 'open' ORDER BY m.month LIMIT 1;
        RAISE EXCEPTION 'period % is %', to_char(closed.month, 'YYYY-MM'), coalesce(closed.state, 'not there')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_period_is_open', DETAIL = to_char(closed.month, 'YYYY-MM');
    END IF;

    WITH moved AS (
        INSERT INTO ledger_monthlybalance AS b (client_id, account_id, month, debit_minor, credit_minor)
        SELECT client_id, account_id, date_trunc('month', booked_on::timestamp)::date, sum(debit_minor), sum(credit_minor)
          FROM fresh GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (client_id, account_id, month)
        DO UPDATE SET debit_minor = b.debit_minor + excluded.debit_minor, credit_minor = b.credit_minor + excluded.credit_minor
        RETURNING b.client_id, b.account_id)
    SELECT m.client_id, m.account_id INTO bad FROM moved m
      LEFT JOIN ledger_account a ON a.id = m.account_id AND a.client_id = m.client_id WHERE a.id IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account % is not of client %', bad.account_id, bad.client_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'line_account_is_of_the_client';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_history_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: history is corrected by a reversal', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_is_append_only';
END $$;

CREATE TRIGGER entries_are_whole AFTER INSERT ON ledger_journalentry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_are_whole();
CREATE TRIGGER lines_are_an_entry AFTER INSERT ON ledger_journalline
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_lines_are_an_entry();
CREATE TRIGGER entries_stand BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journalentry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_history_stands();
CREATE TRIGGER lines_stand BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journalline
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_history_stands();

-- Periods never change their client or month and are never deleted; an unsealing must say why.
CREATE FUNCTION ledger_periods_move_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.client_id <> OLD.client_id OR NEW.month <> OLD.month THEN
        RAISE EXCEPTION 'a period stays what it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'period_stays';
    END IF;
    IF OLD.state <> 'open' AND NEW.state = 'open' AND (NEW.reason = '' OR NEW.changed_by_id IS NULL) THEN
        RAISE EXCEPTION 'reopening needs a person and a reason' USING ERRCODE = 'check_violation', CONSTRAINT = 'period_reopens_with_a_reason';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER periods_move_forward BEFORE UPDATE OR DELETE ON ledger_period
    FOR EACH ROW EXECUTE FUNCTION ledger_periods_move_forward();

-- What was approved for sending stays as it was approved.
CREATE FUNCTION ledger_outbox_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.client_id, NEW.connection_id, NEW.type, NEW.booked_on, NEW.marker, NEW.payload_sha256, NEW.request_id,
            NEW.total_minor, NEW.approved_by_id) IS DISTINCT FROM
           (OLD.client_id, OLD.connection_id, OLD.type, OLD.booked_on, OLD.marker, OLD.payload_sha256, OLD.request_id,
            OLD.total_minor, OLD.approved_by_id) OR NEW.payload <> OLD.payload THEN
        RAISE EXCEPTION 'an approved document is frozen' USING ERRCODE = 'check_violation', CONSTRAINT = 'outbox_is_frozen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER outbox_is_frozen BEFORE UPDATE OR DELETE ON ledger_outboxitem
    FOR EACH ROW EXECUTE FUNCTION ledger_outbox_is_frozen();

-- An approved mapping version never changes its rules.
CREATE FUNCTION ledger_mapping_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger_mappingversion v WHERE v.id = coalesce(NEW.version_id, OLD.version_id) AND v.state <> 'draft') THEN
        RAISE EXCEPTION 'rules of an approved version stand' USING ERRCODE = 'check_violation', CONSTRAINT = 'mapping_is_frozen';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER mapping_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON ledger_mappingrule
    FOR EACH ROW EXECUTE FUNCTION ledger_mapping_is_frozen();
