-- The words of the newest approved version book by themselves on, let by whoever approved it; those of a draft only offer.
-- Where nobody is known to have prepared a version, its approver made the rule, and somebody else has yet to let it book.
-- The owner sees all clients' rows only while row security does not bind it.
ALTER TABLE ledger_mappingrule NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger_mappingversion NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger_mappingtemplate NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger_bankrule NO FORCE ROW LEVEL SECURITY;

WITH said AS (
    SELECT DISTINCT ON (r.client_id, upper(r.words))
           r.client_id, r.words, r.role, r.account_id, r.to_party, v.state <> 'draft' AS counts,
           v.prepared_by_id, v.approved_by_id, v.approved_at
    FROM ledger_mappingrule r
    JOIN ledger_mappingversion v ON v.id = r.version_id
    WHERE r.words <> '' AND (v.state = 'draft' OR v.number = (
        SELECT max(number) FROM ledger_mappingversion n WHERE n.client_id = v.client_id AND n.state <> 'draft'))
    ORDER BY r.client_id, upper(r.words), v.state <> 'draft' DESC, r.id
), stopped AS (
    -- It never came to its turn: the mapping's words were asked first.
    UPDATE ledger_bankrule b SET is_active = false, is_automatic = false FROM said
    WHERE b.client_id = said.client_id AND said.counts AND b.is_active AND upper(b.words) = upper(said.words)
      AND b.direction = 'either' AND b.least_minor IS NULL AND b.most_minor IS NULL AND b.feed_id IS NULL
)
INSERT INTO ledger_bankrule (client_id, words, direction, account_id, party, role, is_automatic, is_active, made_by_id, made_at,
                             approved_by_id, approved_at)
SELECT client_id, words, 'either', account_id, to_party, role, counts AND prepared_by_id IS NOT NULL, true,
       coalesce(prepared_by_id, approved_by_id), coalesce(approved_at, now()),
       CASE WHEN counts AND prepared_by_id IS NOT NULL THEN approved_by_id END,
       CASE WHEN counts AND prepared_by_id IS NOT NULL THEN approved_at END
FROM said
WHERE coalesce(prepared_by_id, approved_by_id) IS NOT NULL;

DELETE FROM ledger_mappingrule r USING ledger_mappingversion v
WHERE v.id = r.version_id AND v.state = 'draft' AND r.words <> '';

UPDATE ledger_mappingtemplate SET rules = (
    SELECT coalesce(jsonb_agg(rule ORDER BY place), '[]') FROM jsonb_array_elements(rules) WITH ORDINALITY AS of(rule, place)
    WHERE coalesce(rule->>'words', '') = '')
WHERE rules @? '$[*] ? (@.words != "")';

SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE ledger_bankrule FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger_mappingtemplate FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger_mappingversion FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger_mappingrule FORCE ROW LEVEL SECURITY;
