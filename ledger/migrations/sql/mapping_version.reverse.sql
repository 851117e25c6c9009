DROP TRIGGER mapping_rule_stays ON ledger_mappingrule;
DROP FUNCTION ledger_mapping_rule_stays();
DROP TRIGGER mapping_version_is_frozen ON ledger_mappingversion;
DROP FUNCTION ledger_mapping_version_is_frozen();
