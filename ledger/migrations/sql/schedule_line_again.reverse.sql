CREATE OR REPLACE FUNCTION ledger_schedule_line_stands() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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
