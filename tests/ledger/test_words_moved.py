"""Words of mapping rules, from before bank rules: they became bank rules, and what was signed stays as it was signed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.db import IntegrityError, connections, transaction

from clients.tenancy import client_context
from closeout import snapshot
from ledger import bank_rules, mapping
from ledger.core.period import Month
from ledger.models import Account, BankRule, MappingRule
from tests import builders

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
MOVE = Path(mapping.__file__).parent / "migrations/sql/words_to_bank_rules.sql"
FIRST = date(2026, 1, 1)


@pytest.fixture
def before(transactional_db):
    """(world, bank, fees, approved version, draft), each version with words as they were kept before."""
    world = builders.world()
    client = world.kestrel
    with client_context(client.pk):
        bank = Account.objects.create(client=client, number="1010", name="Checking", type="asset")
        fees = Account.objects.create(client=client, number="6520", name="Charges", type="expense")
        old = BankRule(client=client, words="service fee", account=bank)
        bank_rules.let_book(bank_rules.make(old, by=world.bob), by=world.alice)
        approved = mapping.draft(client, by=world.bob, effective_from=FIRST)
        mapping.set_rule(approved, role="bank", account=bank, by=world.bob)
        mapping.approve(approved, by=world.alice)
        draft = mapping.draft(client, by=world.bob, effective_from=FIRST)
    with connections["owner"].cursor() as owner:
        owner.execute("ALTER TABLE ledger_mappingrule DROP CONSTRAINT mapping_rule_asks_no_words")
        owner.execute("ALTER TABLE ledger_mappingrule NO FORCE ROW LEVEL SECURITY")
        owner.execute("ALTER TABLE ledger_mappingrule DISABLE TRIGGER USER")
        for version, words in ((approved, "SERVICE FEE"), (draft, "Service fee"), (draft, "INTEREST")):
            owner.execute(
                "INSERT INTO ledger_mappingrule (client_id, version_id, role, key, department, provider, words, account_id,"
                " reason) VALUES (%s, %s, 'bank-fees', '', '', '', %s, %s, '')",
                [client.pk, version.pk, words, fees.pk],
            )
        owner.execute("ALTER TABLE ledger_mappingrule ENABLE TRIGGER USER")
        owner.execute("ALTER TABLE ledger_mappingrule FORCE ROW LEVEL SECURITY")
    yield world, fees, approved, draft
    with connections["owner"].cursor() as owner:
        owner.execute(
            "ALTER TABLE ledger_mappingrule ADD CONSTRAINT mapping_rule_asks_no_words CHECK (words = '') NOT VALID"
        )


def test_words_become_bank_rules_and_a_signed_version_keeps_its_own(before):
    world, fees, approved, draft = before
    client = world.kestrel
    with client_context(client.pk):
        sealed = snapshot.mappings(client, Month(2026, 3))
    with transaction.atomic("owner"), connections["owner"].cursor() as owner:
        owner.execute(MOVE.read_text())
    with client_context(client.pk):
        found = {rule.words: rule for rule in bank_rules.active(client)}
        assert set(found) == {"SERVICE FEE", "INTEREST"}, "the one whose words the mapping took first was stopped"
        fee, interest = found["SERVICE FEE"], found["INTEREST"]
        assert (fee.is_automatic, fee.role, fee.account) == (True, "bank-fees", fees)
        assert (fee.made_by, fee.approved_by) == (world.bob, world.alice)
        assert (interest.is_automatic, interest.made_by, interest.approved_by) == (False, world.bob, None)
        assert snapshot.mappings(client, Month(2026, 3)) == sealed
        assert MappingRule.every.filter(version=approved).exclude(words="").exists()
        assert not MappingRule.every.filter(version=draft).exclude(words="").exists()
        assert not approved.rules.exclude(words="").exists()
        assert {rule.case.role for rule in mapping.load(client.pk).versions[0].rules.rules} == {"bank"}


def test_no_mapping_rule_asks_for_words_again(transactional_db):
    world = builders.world()
    with client_context(world.kestrel.pk):
        account = Account.objects.create(client=world.kestrel, number="1", name="Checking", type="asset")
        version = mapping.draft(world.kestrel, by=world.bob, effective_from=FIRST)
        rule = mapping.set_rule(version, role="bank", account=account, by=world.bob)
        with pytest.raises(IntegrityError, match="mapping_rule_asks_no_words"), transaction.atomic():
            MappingRule.objects.filter(pk=rule.pk).update(words="FEE")
