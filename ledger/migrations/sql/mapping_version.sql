-- An approved mapping version stands: its number, day, note and people never change again, it does not become a draft, and no
-- rule is moved out of it.
CREATE FUNCTION ledger_mapping_version_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'draft' AND (NEW.state = 'draft' OR
        (NEW.client_id, NEW.number, NEW.effective_from, NEW.note, NEW.locked_months, NEW.prepared_by_id, NEW.approved_by_id, NEW.approved_at)
        IS DISTINCT FROM
        (OLD.client_id, OLD.number, OLD.effective_from, OLD.note, OLD.locked_months, OLD.prepared_by_id, OLD.approved_by_id, OLD.approved_at))
    THEN
        RAISE EXCEPTION 'an approved mapping version stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'mapping_version_is_frozen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mapping_version_is_frozen BEFORE UPDATE ON ledger_mappingversion
    FOR EACH ROW EXECUTE FUNCTION ledger_mapping_version_is_frozen();

CREATE FUNCTION ledger_mapping_rule_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.version_id, NEW.client_id) IS DISTINCT FROM (OLD.version_id, OLD.client_id) THEN
        RAISE EXCEPTION 'a rule stays in its version' USING ERRCODE = 'check_violation', CONSTRAINT = 'mapping_rule_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mapping_rule_stays BEFORE UPDATE ON ledger_mappingrule
    FOR EACH ROW EXECUTE FUNCTION ledger_mapping_rule_stays();
