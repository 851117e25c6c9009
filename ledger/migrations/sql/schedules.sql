-- What must hold of schedules, of entries that come again, and of who stands behind an entry made by hand.

-- The accounts of a schedule are the client's and of the types its kind asks for; a schedule stays what it is.
CREATE FUNCTION ledger_schedule_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE held integer; wanted integer; carries text; counter text; contra text;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.client_id <> OLD.client_id OR NEW.kind <> OLD.kind OR OLD.state = 'cancelled') THEN
        RAISE EXCEPTION 'schedule % stays what it is', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_stays';
    END IF;
    SELECT count(DISTINCT x) INTO wanted
      FROM unnest(ARRAY[NEW.account_id, NEW.counter_account_id, NEW.contra_account_id, NEW.moved_from_id,
                        NEW.proceeds_account_id, NEW.result_account_id]) x WHERE x IS NOT NULL;
    SELECT count(*) INTO held FROM ledger_account a
     WHERE a.client_id = NEW.client_id
       AND a.id IN (NEW.account_id, NEW.counter_account_id, NEW.contra_account_id, NEW.moved_from_id,
                    NEW.proceeds_account_id, NEW.result_account_id);
    SELECT type INTO carries FROM ledger_account WHERE id = NEW.account_id;
    SELECT type INTO counter FROM ledger_account WHERE id = NEW.counter_account_id;
    SELECT type INTO contra FROM ledger_account WHERE id = NEW.contra_account_id;
    IF held <> wanted
       OR carries IS DISTINCT FROM (CASE WHEN NEW.kind IN ('prepaid', 'asset') THEN 'asset' ELSE 'liability' END)
       OR counter IS DISTINCT FROM (CASE WHEN NEW.kind = 'deferred' THEN 'income' ELSE 'expense' END)
       OR (NEW.kind = 'asset' AND contra IS DISTINCT FROM 'asset')
       OR (NEW.kind = 'loan' AND contra NOT IN ('asset', 'liability', 'equity'))
       OR NEW.account_id = NEW.contra_account_id THEN
        RAISE EXCEPTION 'accounts do not fit a schedule of this kind'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_accounts_fit';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER schedule_fits BEFORE INSERT OR UPDATE ON ledger_schedule FOR EACH ROW EXECUTE FUNCTION ledger_schedule_fits();

-- A row of a closed month stays, if it was booked or stands for what the accounting system booked.
CREATE FUNCTION ledger_schedule_line_stands() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.client_id, NEW.schedule_id, NEW.month) IS DISTINCT FROM (OLD.client_id, OLD.schedule_id, OLD.month) THEN
        RAISE EXCEPTION 'a line stays in its month' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_line_stays';
    END IF;
    IF EXISTS (SELECT FROM ledger_period p WHERE p.client_id = OLD.client_id AND p.month = OLD.month AND p.state <> 'open')
       AND (OLD.entry_id IS NOT NULL
            OR EXISTS (SELECT FROM ledger_schedule s WHERE s.id = OLD.schedule_id AND s.duty = 'elsewhere')) THEN
        RAISE EXCEPTION 'the line of % stands', to_char(OLD.month, 'YYYY-MM')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_line_of_a_closed_month_stands';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER schedule_line_stands BEFORE UPDATE OR DELETE ON ledger_scheduleline
    FOR EACH ROW EXECUTE FUNCTION ledger_schedule_line_stands();

-- A line, a step and their schedule are one client's.
CREATE FUNCTION ledger_schedule_part_is_of_its_client() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_schedule s WHERE s.id = NEW.schedule_id AND s.client_id = NEW.client_id) THEN
        RAISE EXCEPTION 'a part of another client''s schedule' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_part_is_of_its_client';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER schedule_line_is_of_its_client BEFORE INSERT OR UPDATE ON ledger_scheduleline
    FOR EACH ROW EXECUTE FUNCTION ledger_schedule_part_is_of_its_client();
CREATE TRIGGER schedule_step_is_of_its_client BEFORE INSERT OR UPDATE ON ledger_schedulestep
    FOR EACH ROW EXECUTE FUNCTION ledger_schedule_part_is_of_its_client();

-- At the transaction's end the lines of a schedule, and what left with it, come to its amount; milestones too.
CREATE FUNCTION ledger_schedule_adds_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE s record; lines bigint; total bigint; steps bigint; of_id bigint;
BEGIN
    IF TG_TABLE_NAME = 'ledger_schedule' THEN
        of_id := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        of_id := OLD.schedule_id;
    ELSE
        of_id := NEW.schedule_id;
    END IF;
    SELECT * INTO s FROM ledger_schedule WHERE id = of_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'schedule % cannot be seen to add up', of_id USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_adds_up';
    END IF;
    IF s.state = 'cancelled' THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(amount_minor), 0) INTO lines FROM ledger_scheduleline WHERE schedule_id = of_id;
    SELECT coalesce(sum(amount), 0) INTO steps FROM ledger_schedulestep WHERE schedule_id = of_id;
    total := CASE s.kind WHEN 'asset' THEN s.amount_minor - s.residual_minor WHEN 'accrual' THEN 0 ELSE s.amount_minor END;
    IF (s.method <> 'units' AND lines + s.left_minor <> total) OR lines + s.left_minor > total
       OR (s.method = 'milestones' AND steps <> s.amount_minor) OR (s.method = 'units' AND steps > s.units) THEN
        RAISE EXCEPTION 'schedule %: lines come to %, not to %', of_id, lines + s.left_minor, total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_adds_up';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER schedule_adds_up AFTER INSERT OR UPDATE ON ledger_schedule
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_schedule_adds_up();
CREATE CONSTRAINT TRIGGER schedule_lines_add_up AFTER INSERT OR UPDATE OR DELETE ON ledger_scheduleline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_schedule_adds_up();
CREATE CONSTRAINT TRIGGER schedule_steps_add_up AFTER INSERT OR UPDATE OR DELETE ON ledger_schedulestep
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_schedule_adds_up();

-- An entry that comes again balances, with two lines at least, on accounts of its client.
CREATE FUNCTION ledger_template_balances() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE of_id bigint; found record;
BEGIN
    IF TG_TABLE_NAME = 'ledger_entrytemplate' THEN
        of_id := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        of_id := OLD.template_id;
    ELSE
        of_id := NEW.template_id;
    END IF;
    SELECT count(l.id) AS lines, coalesce(sum(l.debit_minor - l.credit_minor), 0) AS net,
           bool_and(l.client_id = t.client_id AND a.client_id = t.client_id) AS own
      INTO found
      FROM ledger_entrytemplate t
      LEFT JOIN ledger_templateline l ON l.template_id = t.id LEFT JOIN ledger_account a ON a.id = l.account_id
     WHERE t.id = of_id;
    IF found.lines < 2 OR found.net <> 0 OR found.own IS NOT TRUE THEN
        RAISE EXCEPTION 'template % does not balance', of_id USING ERRCODE = 'check_violation', CONSTRAINT = 'template_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER template_balances AFTER INSERT OR UPDATE ON ledger_entrytemplate
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_template_balances();
CREATE CONSTRAINT TRIGGER template_lines_balance AFTER INSERT OR UPDATE OR DELETE ON ledger_templateline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_template_balances();

-- Above the client's limit nobody stands behind an entry of their own. A reversal undoes what another made.
CREATE FUNCTION ledger_approver_is_another() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger_journalentry e JOIN clients_client c ON c.id = e.client_id
         WHERE e.id = NEW.entry_id AND e.client_id = NEW.client_id AND e.origin = 'manual' AND e.reverses_id IS NULL
           AND e.posted_by_id = NEW.approved_by_id
           AND c.materiality_minor < (SELECT sum(l.debit_minor) FROM ledger_journalline l WHERE l.entry_id = e.id)) THEN
        RAISE EXCEPTION 'entry % is approved by its maker', NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_approver_is_not_its_maker';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approver_is_another BEFORE INSERT ON ledger_entryapproval
    FOR EACH ROW EXECUTE FUNCTION ledger_approver_is_another();
