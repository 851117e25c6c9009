CREATE OR REPLACE FUNCTION ledger_entries_are_whole() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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
