-- A row of a client may only name a connection of the same client: composite keys where rows are few,
-- one look per statement where they are many.
ALTER TABLE integrations_token ADD CONSTRAINT token_connection_of_client
    FOREIGN KEY (client_id, connection_id) REFERENCES integrations_connection (client_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE integrations_ratebudget ADD CONSTRAINT rate_budget_connection_of_client
    FOREIGN KEY (client_id, connection_id) REFERENCES integrations_connection (client_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE integrations_streamstate ADD CONSTRAINT stream_state_connection_of_client
    FOREIGN KEY (client_id, connection_id) REFERENCES integrations_connection (client_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE integrations_oauthattempt ADD CONSTRAINT oauth_attempt_connection_of_client
    FOREIGN KEY (client_id, connection_id) REFERENCES integrations_connection (client_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE integrations_syncjob ADD CONSTRAINT job_connection_of_client
    FOREIGN KEY (client_id, connection_id) REFERENCES integrations_connection (client_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE integrations_controltotal ADD CONSTRAINT control_total_connection_of_client
    FOREIGN KEY (client_id, connection_id) REFERENCES integrations_connection (client_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE integrations_fileimport ADD CONSTRAINT file_import_connection_of_client
    FOREIGN KEY (client_id, connection_id) REFERENCES integrations_connection (client_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE integrations_webhookevent ADD CONSTRAINT webhook_event_connection_of_client
    FOREIGN KEY (client_id, connection_id) REFERENCES integrations_connection (client_id, id) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION integrations_check_connections() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE stray record;
BEGIN
    SELECT a.client_id, a.connection_id INTO stray
    FROM (SELECT DISTINCT client_id, connection_id FROM added) a
    WHERE NOT EXISTS (
        SELECT 1 FROM integrations_connection c WHERE c.id = a.connection_id AND c.client_id = a.client_id)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'connection % is not one of client %', stray.connection_id, stray.client_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_TABLE_NAME || '_connection_of_client';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION integrations_check_documents() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE stray record;
BEGIN
    SELECT a.client_id, a.document_id INTO stray
    FROM added a
    LEFT JOIN integrations_sourcedocument d
        ON d.id = a.document_id AND d.client_id = a.client_id AND d.connection_id = a.connection_id AND d.stream = a.stream
    WHERE d.id IS NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'document % is not one of client %, this connection and stream', stray.document_id, stray.client_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fact_document_of_client';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER connections_exist AFTER INSERT ON integrations_sourcedocument
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION integrations_check_connections();
CREATE TRIGGER documents_exist AFTER INSERT ON integrations_fact
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION integrations_check_documents();
