"""Which account a line gets: the version of its day, the most specific rule in it, approved by a second person."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from django.db import IntegrityError, transaction

from clients.tenancy import client_context
from ledger import booking, mapping
from ledger.core.entry import DraftLine
from ledger.core.placing import Case, Rule, Rulebook
from ledger.mapping import Mapping, MappingError, MappingHistory
from ledger.models import Account, JournalEntry, MappingRule, MappingVersion
from tests import builders
from tests.ledger import scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(standing, db):
    return standing[0]


@pytest.fixture
def books(standing, db):
    with client_context(standing[1].client.pk):
        yield standing[1]


@pytest.fixture
def amend(books, world):
    """``amend(day, role="sales", key="shop", number="4020")``: Bob drafts one rule, Alice approves it."""

    def run(day, **rules):
        version = mapping.draft(books.client, by=world.bob, effective_from=day)
        account = books.account(rules.pop("number"))
        mapping.set_rule(version, account=account, by=world.bob, **rules)
        mapping.approve(version, by=world.alice)
        version.refresh_from_db()
        return version

    return run


def account_of(books, day, role, key=""):
    version = mapping.load(books.client.pk).on(day)
    found = version.account_for(DraftLine(role, 1, key=key), "stripe") if version else None
    return Account.objects.get(pk=found).number if found else None


# ---- which version -------------------------------------------------------------------------------------------------------


def versions(*starts):
    """Versions numbered 1, 2, … that start on these days, as they are loaded: newest number first."""
    made = [Mapping(number, number, start, 1, Rulebook()) for number, start in enumerate(starts, 1)]
    return MappingHistory(tuple(reversed(made)))


def test_a_day_has_the_version_that_was_in_force_on_it():
    history = versions(date(2026, 1, 1), date(2026, 3, 1))
    numbers = [history.on(day).number for day in (date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 1))]
    assert numbers == [1, 1, 2]


def test_before_the_first_version_there_is_none():
    assert versions(date(2026, 1, 1)).on(date(2025, 12, 31)) is None


def test_a_newer_version_that_reaches_further_back_counts_there_too():
    history = versions(date(2026, 3, 1), date(2026, 1, 1))
    assert history.on(date(2026, 3, 15)).number == 2


def test_a_change_moves_nothing_before_its_day(books, amend):
    amend(date(2026, 4, 1), role="sales", key="shop", number="4020")
    assert account_of(books, date(2026, 3, 31), "sales", "shop") == "4010"
    assert account_of(books, date(2026, 4, 1), "sales", "shop") == "4020"
    assert account_of(books, date(2025, 12, 31), "sales", "shop") is None


def test_a_draft_books_nothing(books, world):
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 1, 1))
    mapping.set_rule(version, role="sales", key="shop", account=books.account("4020"), by=world.bob)
    assert account_of(books, date(2026, 3, 1), "sales", "shop") == "4010"
    assert mapping.load_draft(books.client.pk).number == 2


# ---- which rule ----------------------------------------------------------------------------------------------------------

LINE = {"key": "online", "department": "Shop", "provider": "stripe"}
#: Every way to name some of key, department and provider, the most telling first.
RANKED = sorted(product((True, False), repeat=3), reverse=True)


def case(named):
    return {name: value for (name, value), is_named in zip(LINE.items(), named, strict=True) if is_named}


@pytest.mark.parametrize("at", range(len(RANKED)))
def test_key_beats_department_beats_provider_beats_none(at):
    """With the rules from this rank down, the line takes the first of them."""
    rules = [Rule(Case("sales", **case(named)), rank) for rank, named in enumerate(RANKED) if rank >= at]
    found = Mapping(1, 1, date(2026, 1, 1), 1, Rulebook.of(rules))
    line = DraftLine("sales", 1, key=LINE["key"], department=LINE["department"])
    assert found.account_for(line, LINE["provider"]) == at


def test_a_rule_for_another_case_is_not_taken():
    cases = (Case("sales", key="shop"), Case("sales", department="Office"), Case("sales", provider="square"))
    rules = Rulebook.of(Rule(one, number) for number, one in enumerate(cases, 1))
    found = Mapping(1, 1, date(2026, 1, 1), 1, rules)
    assert found.account_for(DraftLine("sales", 1, key="online", department="Shop"), "stripe") is None


def test_a_category_nobody_has_seen_takes_the_roles_default(books):
    assert account_of(books, date(2026, 3, 1), "ee-tax-payable", "State income tax") == "2212"
    assert account_of(books, date(2026, 3, 1), "ee-tax-payable", "A tax of next year") == "2210"


def test_a_role_without_a_default_holds_what_it_does_not_know(books):
    assert account_of(books, date(2026, 3, 1), "sales", "a new channel") is None


def test_an_account_named_by_the_record_needs_no_rule(books):
    rent = books.account("6310")
    found = mapping.load(books.client.pk).on(date(2026, 3, 1))
    assert found.account_for(DraftLine(f"account:{rent.external_id}", 1), "stripe") == rent.pk
    assert found.account_for(DraftLine("account:nowhere", 1), "stripe") is None


def test_a_linked_bank_account_is_its_own_rule(books):
    found = mapping.load(books.client.pk).on(date(2026, 3, 1))
    assert found.account_for(DraftLine("bank", 1, key="sav"), "plaid") == books.account("1020").pk
    assert found.account_for(DraftLine("bank", 1, key="another"), "plaid") == books.account("1010").pk


def test_a_proof_sums_the_providers_own_accounts_or_the_general_ones(books, amend):
    amend(date(2026, 1, 1), role="clearing", provider="square", number="1900")
    ask = {"client_id": books.client.pk, "role": "clearing", "on": date(2026, 3, 1)}
    own, general = books.account("1900").pk, books.account("1210").pk
    assert mapping.accounts_by_role(**ask, provider="square") == {own}
    assert mapping.accounts_by_role(**ask, provider="stripe") == {general}
    assert mapping.accounts_by_role(**ask) == {own, general}


# ---- drafting and approving ----------------------------------------------------------------------------------------------


def test_a_draft_begins_as_what_is_in_force_and_there_is_one(books, world):
    in_force = MappingVersion.objects.get(client=books.client).rules.count()
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 4, 1))
    assert mapping.draft(books.client, by=world.alice, effective_from=date(2026, 5, 1)) == version
    assert mapping.rule_counts(books.client.pk) == {"approved": in_force, "draft": in_force}
    assert (version.number, version.prepared_by, version.effective_from) == (2, world.bob, date(2026, 4, 1))


def test_a_rule_for_the_same_case_takes_the_place_of_the_old_one(books, world):
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 4, 1))
    before = version.rules.count()
    mapping.set_rule(version, role="sales", key="shop", account=books.account("4020"), by=world.bob)
    assert version.rules.count() == before
    mapping.drop_rule(version, version.rules.get(role="sales", key="shop"), by=world.bob)
    assert version.rules.count() == before - 1


def test_what_cannot_be_a_rule_is_refused(books, world):
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 4, 1))
    with pytest.raises(MappingError, match="not a role"):
        mapping.set_rule(version, role="rents", account=books.account("6310"), by=world.bob)
    rent = Account.objects.get(pk=books.account("6310").pk)
    rent.is_active = False
    with pytest.raises(MappingError, match="inactive"):
        mapping.set_rule(version, role="expense", account=rent, by=world.bob)
    strange = Account(client=world.wren, name="Theirs", type="expense")
    with pytest.raises(MappingError, match="another client"):
        mapping.set_rule(version, role="expense", account=strange, by=world.bob)


def test_nobody_approves_their_own_draft(books, world):
    version = mapping.draft(books.client, by=world.alice, effective_from=date(2026, 4, 1))
    with pytest.raises(MappingError, match="cannot approve"):
        mapping.approve(version, by=world.alice)
    mapping.approve(version, by=world.carol)
    with pytest.raises(MappingError, match="already approved"):
        mapping.approve(version, by=world.carol)


@pytest.mark.parametrize("act", ["set", "drop"])
def test_nobody_approves_a_draft_they_had_a_hand_in(books, world, act):
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 4, 1))
    if act == "set":
        mapping.set_rule(version, role="expense", account=books.account("6310"), by=world.alice)
    else:
        mapping.drop_rule(version, version.rules.get(role="expense"), by=world.alice)
    with pytest.raises(MappingError, match="cannot approve"):
        mapping.approve(version, by=world.alice)
    mapping.approve(version, by=world.carol)


def test_the_database_refuses_an_approval_by_the_preparer(books, world):
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 4, 1))
    with pytest.raises(IntegrityError, match="mapping_approver_is_not_preparer"), transaction.atomic():
        MappingVersion.objects.filter(pk=version.pk).update(state="approved", approved_by=world.bob)


def test_a_mapping_without_rules_is_not_approved(books, world):
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 4, 1))
    version.rules.all().delete()
    with pytest.raises(MappingError, match="without rules"):
        mapping.approve(version, by=world.alice)


def test_a_rule_whose_account_went_inactive_is_not_approved(books, world):
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 4, 1))
    Account.objects.filter(pk=books.account("6530").pk).update(is_active=False)
    mapping.approve(version, by=world.alice)
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 4, 1))
    Account.objects.filter(pk=books.account("6520").pk).update(is_active=False)
    with pytest.raises(MappingError, match="6520 Bank charges is inactive"):
        mapping.approve(version, by=world.alice)


def test_an_approved_version_never_changes(books, world):
    version = MappingVersion.objects.get(client=books.client)
    rule = version.rules.get(role="expense")
    for act in (
        lambda: mapping.set_rule(version, role="expense", account=books.account("6310"), by=world.bob),
        lambda: mapping.drop_rule(version, rule, by=world.bob),
        lambda: mapping.submit(version, note="x", effective_from=date(2026, 1, 1), by=world.bob),
    ):
        with pytest.raises(MappingError, match="approved and stands"):
            act()
    with pytest.raises(IntegrityError, match="approved version stand"), transaction.atomic():
        MappingRule.objects.filter(pk=rule.pk).update(account=books.account("6310"))


def test_asking_for_approval_says_what_changes_and_from_when(books, world):
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 4, 1))
    with pytest.raises(MappingError, match="Say what changes"):
        mapping.submit(version, note="  ", effective_from=date(2026, 5, 1), by=world.bob)
    mapping.submit(version, note="Online sales apart", effective_from=date(2026, 5, 1), by=world.bob)
    version.refresh_from_db()
    assert (version.note, version.effective_from) == ("Online sales apart", date(2026, 5, 1))


# ---- going back ----------------------------------------------------------------------------------------------------------


def test_going_back_to_an_earlier_version_needs_an_approval_like_any_change(books, world, amend):
    first = MappingVersion.objects.get(client=books.client)
    amend(date(2026, 4, 1), role="sales", key="shop", number="4020")
    third = mapping.revert(first, by=world.bob, effective_from=date(2026, 5, 1))
    assert account_of(books, date(2026, 5, 1), "sales", "shop") == "4020", "nothing before the approval"
    with pytest.raises(MappingError, match="cannot approve"):
        mapping.approve(third, by=world.bob)
    mapping.approve(third, by=world.alice)
    days = (date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 1))
    assert [account_of(books, day, "sales", "shop") for day in days] == ["4010", "4020", "4010"]
    assert (third.number, third.note) == (3, "As in v1")


def test_going_back_puts_away_what_the_draft_said(books, world):
    first = MappingVersion.objects.get(client=books.client)
    version = mapping.draft(books.client, by=world.bob, effective_from=date(2026, 4, 1))
    mapping.set_rule(version, role="fx", account=books.account("6520"), by=world.bob)
    assert mapping.revert(first, by=world.bob, effective_from=date(2026, 4, 1)) == version
    fields = ("role", "key", "department", "provider", "words", "account_id")
    assert set(version.rules.values_list(*fields)) == set(first.rules.values_list(*fields))
    with pytest.raises(MappingError, match="is a draft"):
        mapping.revert(version, by=world.bob, effective_from=date(2026, 4, 1))


def test_the_page_goes_back_to_a_version(standing, db, client):
    world, books = standing
    with client_context(books.client.pk):
        first = MappingVersion.objects.get(client=books.client)
        version = mapping.draft(books.client, by=world.alice, effective_from=date(2026, 4, 1))
        mapping.set_rule(version, role="fx", account=books.account("6520"), by=world.alice)
        mapping.approve(version, by=world.carol)
    bob = builders.sign_in(client, world.bob)
    address = f"/c/kestrel/mapping/versions/{first.pk}/revert/"
    assert address in bob.get("/c/kestrel/mapping/").content.decode()
    assert b"v3 says what v1 said" in bob.post(address, follow=True).content
    with client_context(books.client.pk):
        assert not MappingVersion.objects.get(state="draft").rules.filter(role="fx").exists()


# ---- what was booked -----------------------------------------------------------------------------------------------------


def test_a_line_keeps_the_version_it_was_booked_by(books, amend):
    late = scene.Sale(external_id="late", booked_on=date(2026, 3, 30), currency="USD", amount=900, channel="shop")
    before = JournalEntry.objects.filter(client=books.client, purpose="sale").first()
    second = amend(date(2026, 3, 29), role="sales", key="shop", number="4020")
    fact = scene.fact(books, "stripe", "balance_transactions", late)
    booking.book(books.client)
    after = JournalEntry.objects.get(client=books.client, fact_id=fact.pk)
    assert after.mapping_version_id == second.pk
    assert [line.account.number for line in after.lines.filter(role="sales")] == ["4020"]
    assert JournalEntry.objects.get(pk=before.pk).mapping_version_id == before.mapping_version_id != second.pk
