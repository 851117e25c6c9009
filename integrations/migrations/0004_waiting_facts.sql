-- The list of facts that are new or held, kept with every change of a state. It runs as its owner: the app reads the list only.
CREATE FUNCTION integrations_keep_waiting() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM integrations_waitingfact w USING changed c
         WHERE w.client_id = c.client_id AND w.fact_id = c.id AND c.state NOT IN ('new', 'exception');
    END IF;
    INSERT INTO integrations_waitingfact (client_id, fact_id)
    SELECT client_id, id FROM changed WHERE state IN ('new', 'exception') ORDER BY client_id, id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER waiting_begins AFTER INSERT ON integrations_fact
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION integrations_keep_waiting();
CREATE TRIGGER waiting_ends AFTER UPDATE ON integrations_fact
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION integrations_keep_waiting();

-- What waits already; the owner sees the rows of all clients only while row security does not bind it.
ALTER TABLE integrations_fact NO FORCE ROW LEVEL SECURITY;
INSERT INTO integrations_waitingfact (client_id, fact_id)
SELECT client_id, id FROM integrations_fact WHERE state IN ('new', 'exception') ORDER BY client_id, id;
ALTER TABLE integrations_fact FORCE ROW LEVEL SECURITY;

-- Room on each page for the one change of state that nearly every fact has: it is then written beside the old row, without a
-- word to the four indexes.
ALTER TABLE integrations_fact SET (fillfactor = 50);
