-- What the payments read so far settle, by the lines of their newest reading. Payments in another currency have no lines there:
-- their links come with their next change.
-- The owner sees all clients' rows only while row security does not bind it.
ALTER TABLE integrations_fact NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger_mirrorlink NO FORCE ROW LEVEL SECURITY;

WITH newest AS (
    SELECT DISTINCT ON (client_id, connection_id, external_id) client_id, connection_id, external_id, kind, booked_on, data
    FROM integrations_fact WHERE kind IN ('LedgerDocument', 'LedgerDeletion')
    ORDER BY client_id, connection_id, external_id, id DESC
), told AS (
    SELECT f.client_id, f.connection_id, f.external_id, f.booked_on, line->>'settles' AS target, min(place) AS place,
           sum(coalesce((line->>'debit')::bigint, 0) + coalesce((line->>'credit')::bigint, 0)) AS amount
    FROM newest f CROSS JOIN LATERAL jsonb_array_elements(coalesce(f.data->'lines', '[]')) WITH ORDINALITY AS of(line, place)
    WHERE f.kind = 'LedgerDocument' AND f.data->>'type' IN ('Payment', 'BillPayment') AND f.booked_on IS NOT NULL
      AND line->>'settles' <> ''
    GROUP BY 1, 2, 3, 4, 5
)
INSERT INTO ledger_mirrorlink (client_id, connection_id, source, target, booked_on, place, amount_minor)
SELECT client_id, connection_id, external_id, target, booked_on,
       row_number() OVER (PARTITION BY client_id, connection_id, external_id ORDER BY place) - 1, amount
FROM told WHERE amount > 0
ON CONFLICT (client_id, connection_id, source, target) DO NOTHING;

SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE ledger_mirrorlink FORCE ROW LEVEL SECURITY;
ALTER TABLE integrations_fact FORCE ROW LEVEL SECURITY;
