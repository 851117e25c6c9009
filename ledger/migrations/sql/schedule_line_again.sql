-- A row of a closed month stays, if it was booked or stands for what the accounting system booked. Where its entry was reversed,
-- the entry that books it again takes its place; the row itself is as it was.
CREATE OR REPLACE FUNCTION ledger_schedule_line_stands() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.client_id, NEW.schedule_id, NEW.month) IS DISTINCT FROM (OLD.client_id, OLD.schedule_id, OLD.month) THEN
        RAISE EXCEPTION 'a line stays in its month' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_line_stays';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.entry_id IS NOT NULL AND (to_jsonb(NEW) - 'entry_id') = (to_jsonb(OLD) - 'entry_id')
       AND EXISTS (SELECT FROM ledger_journalentry e WHERE e.client_id = OLD.client_id AND e.reverses_id = OLD.entry_id) THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM ledger_period p WHERE p.client_id = OLD.client_id AND p.month = OLD.month AND p.state <> 'open')
       AND (OLD.entry_id IS NOT NULL
            OR EXISTS (SELECT FROM ledger_schedule s WHERE s.id = OLD.schedule_id AND s.duty = 'elsewhere')) THEN
        RAISE EXCEPTION 'the line of % stands', to_char(OLD.month, 'YYYY-MM')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_line_of_a_closed_month_stands';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
