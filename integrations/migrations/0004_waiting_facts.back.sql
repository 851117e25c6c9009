ALTER TABLE integrations_fact RESET (fillfactor);
DROP TRIGGER waiting_ends ON integrations_fact;
DROP TRIGGER waiting_begins ON integrations_fact;
DROP FUNCTION integrations_keep_waiting();
