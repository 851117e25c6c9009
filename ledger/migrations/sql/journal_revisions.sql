-- The same rules as in journal.sql. A plan made while the journal was small stays for the session, reads all of it for each
-- revision, and costs the square of their number: this one is made anew, which plpgsql does for a statement with a variable.
CREATE OR REPLACE FUNCTION ledger_entries_are_whole() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE bad record; first constant smallint := 0;
BEGIN
    SELECT e.id INTO bad FROM fresh e
     WHERE (SELECT l.no FROM ledger_journalline l WHERE l.entry_id = e.id LIMIT 1) IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % has no lines', bad.id USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_has_its_lines';
    END IF;
    IF EXISTS (SELECT FROM fresh WHERE revision > 0 AND reverses_id IS NULL) THEN
        SELECT e.id INTO bad FROM fresh e
          LEFT JOIN ledger_journalentry p
            ON p.client_id = e.client_id AND p.source_key = e.source_key AND p.purpose = e.purpose AND p.revision = e.revision - 1
          LEFT JOIN ledger_journalentry r ON r.client_id = e.client_id AND r.reverses_id = p.id
         WHERE e.revision > first AND e.reverses_id IS NULL AND r.id IS NULL LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % revises one that is still live', bad.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_one_live_per_source_and_purpose';
        END IF;
    END IF;
    SELECT e.id INTO bad FROM fresh e LEFT JOIN ledger_journalentry o ON o.id = e.reverses_id
     WHERE e.reverses_id IS NOT NULL AND (o.id IS NULL OR o.client_id <> e.client_id) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % reverses one of another client', bad.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_reverses_its_own_clients';
    END IF;
    RETURN NULL;
END $$;
