"""The mapping's pages: what they show, what a file brings, what a template puts, who may."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction

from clients.tenancy import client_context, practice_context
from ledger import mapping, mapping_bulk, mapping_rows
from ledger.core.period import Month
from ledger.models import Account, JournalLine, MappingRule, MappingTemplate, MappingVersion
from tests import builders

pytestmark = pytest.mark.django_db
PAGE = "/c/kestrel/mapping/"
MARCH = date(2026, 3, 1)


@pytest.fixture
def books(standing, db):
    return standing[1]


@pytest.fixture
def bob(standing, db, client):
    return builders.sign_in(client, standing[0].bob)


def rule(books, **case):
    """The draft's rule of a case; None where there is none."""
    with client_context(books.client.pk):
        found = MappingRule.objects.filter(version__client=books.client, version__state="draft", **case)
        return found.select_related("account").first()


def file(text):
    return {"file": SimpleUploadedFile("mapping.csv", text.encode(), "text/csv")}


# ---- the page ------------------------------------------------------------------------------------------------------------


def test_what_is_held_comes_with_a_suggestion_and_its_reason(bob):
    rows = {row.label: row for _, found in bob.get(PAGE + "?show=unmapped").context["areas"] for row in found}
    tips = rows["Tips payable"]
    assert (tips.state, tips.held > 0) == ("unmapped", True)
    assert tips.suggestion is None or tips.suggestion.reason


def test_an_item_that_only_a_default_took_is_listed_until_somebody_keeps_it(bob, books):
    taken = [row for _, found in bob.get(PAGE + "?show=taken").context["areas"] for row in found]
    assert ("ee-tax-payable", "Federal income tax") in {row.case[:2] for row in taken}
    answer = bob.post(PAGE + "keep/?month=2026-03")
    assert answer.context["counts"]["taken"] == 0
    assert rule(books, role="ee-tax-payable", key="Federal income tax").account == books.account("2210")


def test_a_rule_takes_every_condition_and_tag_of_the_form(bob, books):
    said = {
        "role": "expense", "account": "6310 Rent", "key": "Meals", "party": "Cobalt  Rope Works", "tender": "cash",
        "product": "Rope", "jurisdiction": "Maine",
        "department": "Shop", "location": "Pier", "channel": "online", "provider": "stripe",
        "to_class": "Retail", "to_department": "Main", "to_party": "Cobalt", "reason": "as agreed",
    }  # fmt: skip
    assert bob.post(PAGE + "rules/", said).status_code == 200
    made = rule(books, role="expense", key="Meals")
    assert made.case == (
        "expense",
        "Meals",
        "Cobalt Rope Works",
        "Rope",
        "Maine",
        "cash",
        "Shop",
        "Pier",
        "online",
        "stripe",
    )
    assert (made.to_class, made.to_department, made.to_party, made.reason) == ("Retail", "Main", "Cobalt", "as agreed")


def test_the_test_says_what_is_covered_and_the_draft_remembers_it(bob, books):
    bob.post(PAGE + "rules/", {"role": "sales", "key": "online", "account": "4010 Shop sales"})
    body = bob.post(PAGE + "test/?month=2026-03").content.decode()
    assert "Tips payable" in body
    with client_context(books.client.pk):
        assert MappingVersion.objects.get(state="draft").tested_month == MARCH
    assert "was tested on March 2026" in bob.get(PAGE).content.decode()


def test_the_preview_names_the_statement_lines(bob):
    bob.post(PAGE + "rules/?month=2026-03", {"role": "sales", "key": "online", "account": "4010 Shop sales"})
    body = " ".join(bob.get(PAGE + "preview/").content.decode().split())
    assert "4020 Online store sales" in body
    assert "16 posted entries and 16 lines move" in body
    assert "reversed and posted anew" in body


def test_coverage_counts_what_a_rule_sends_somewhere(books):
    with client_context(books.client.pk):
        march = mapping_rows.coverage(books.client, Month(2026, 3))
        empty = mapping_rows.coverage(books.client, Month(2024, 3))
    assert march.facts == march.all_facts - 2, "the two sales with tips are held"
    assert march.money == march.all_money - 2 * 10_620
    assert (empty.facts_basis_points, empty.money_basis_points) == (10_000, 10_000)


def test_a_line_says_which_rule_put_it_there_and_which_others_fit(bob, books):
    with client_context(books.client.pk):
        line = JournalLine.objects.filter(role="ee-tax-payable", key="State income tax").first()
        direct = JournalLine.objects.filter(role="", account=books.account("6310")).first()
    body = " ".join(bob.get(f"/c/kestrel/entries/{line.entry_id}/lines/{line.no}/why/").content.decode().split())
    assert (
        body.index("2212 State income tax</td>") < body.index("Names most") < body.index("2210 Federal payroll taxes")
    )
    assert "any tax" in body
    said = bob.get(f"/c/kestrel/entries/{direct.entry_id}/lines/{direct.no}/why/").content.decode()
    assert "No mapping was used" in said
    assert bob.get(f"/c/kestrel/entries/{line.entry_id}/lines/99/why/").status_code == 404


# ---- files ---------------------------------------------------------------------------------------------------------------


def test_what_is_saved_as_csv_can_be_brought_back(bob, books):
    saved = bob.get(PAGE + "export.csv").content.decode()
    lines = list(csv.DictReader(io.StringIO(saved.removeprefix("\ufeff"))))
    assert {"role": "sales", "item": "online", "account": "4020 Online store sales"}.items() <= lines[
        -1
    ].items() or any(line["role"] == "sales" and line["item"] == "online" for line in lines)
    bob.post(PAGE + "import/", file(saved))
    with client_context(books.client.pk):
        draft, first = (MappingVersion.objects.get(client=books.client, state=state) for state in ("draft", "approved"))
        columns = (*mapping.CASE, *mapping.TAGS, "account_id")
        assert set(draft.rules.values_list(*columns)) == set(first.rules.values_list(*columns))


def test_a_file_with_a_wrong_line_changes_nothing_and_names_every_one(bob, books):
    text = "role,item,account\nsales,shop,4020\nrents,,6310\nsales,pier,9999\nsales,shop,4010\nsales,,\n"
    answer = bob.post(PAGE + "import/", file(text))
    body = answer.content.decode()
    assert answer.status_code == 422
    for said in (
        "“rents” is not a role",
        "“9999” is not one account",
        "Line 2 is about the same case",
        "No account is named",
    ):
        assert said in body
    assert rule(books, role="sales") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The file is empty"),
        ("role,colour\nsales,red\n", "There is no column “colour”"),
        ("item,account\nx,4010\n", "The column “role” is missing"),
        ("role,account\n", "has no lines"),
    ],
)
def test_a_file_that_is_no_mapping_says_so(bob, text, said):
    assert said in bob.post(PAGE + "import/", file(text)).content.decode()


# ---- templates -----------------------------------------------------------------------------------------------------------


def test_a_template_goes_to_many_clients_and_leaves_what_each_says_for_itself(standing, bob, books):
    world = standing[0]
    with client_context(books.client.pk):
        version = MappingVersion.objects.get(client=books.client)
        kept = mapping_bulk.save_template(books.client, "Shops", version, by=world.bob)
        assert len(kept.rules) == version.rules.count()
    with client_context(world.wren.pk):
        for number, name, kind in (
            ("7000", "Rent", "expense"),
            ("", "Shop sales", "income"),
            ("6310", "Bank charges", "expense"),
        ):
            Account.objects.create(client=world.wren, number=number, name=name, type=kind)
        own = mapping.draft(world.wren, by=world.bob, effective_from=MARCH)
        rent = Account.objects.get(client=world.wren, name="Rent")
        mapping.set_rule(own, role="bank-fees", account=rent, by=world.bob)
    applied = mapping_bulk.apply_template(kept, world.wren, by=world.bob, effective_from=MARCH)
    with client_context(world.wren.pk):
        rules = {(r.role, r.key): r.account.name for r in own.rules.select_related("account")}
    assert rules["sales", "shop"] == "Shop sales", "found by its name under another number"
    assert rules["bank-fees", ""] == "Rent", "the client's own stays"
    assert applied.kept == 1
    assert "4020 Online store sales" in applied.missing, "an account is never guessed"
    again = mapping_bulk.apply_template(kept, world.wren, by=world.bob, effective_from=MARCH)
    assert (again.put, again.kept) == (applied.put, 1), "what it put itself follows it"


def test_a_template_is_kept_used_and_forgotten_on_its_pages(standing, bob, books):
    assert "No templates yet" in bob.get("/mapping-templates/").content.decode()
    bob.post(PAGE + "template/save/", {"name": "Shops"})
    with practice_context(books.client.practice_id):
        template = MappingTemplate.objects.get()
    assert "Choose the clients" in bob.post(f"/mapping-templates/{template.pk}/apply/").content.decode()
    body = bob.post(f"/mapping-templates/{template.pk}/apply/", {"client": ["kestrel"]}).content.decode()
    assert "put into drafts" in body
    assert (
        "keep what the client says"
        in bob.post(PAGE + "template/", {"template": template.pk}, follow=True).content.decode()
    )
    bob.post(f"/mapping-templates/{template.pk}/drop/")
    assert bob.post(PAGE + "template/", {"template": template.pk}).status_code == 404


def test_another_practice_sees_no_template_of_ours(standing, books):
    with practice_context(books.client.practice_id):
        made = {"practice_id": books.client.practice_id, "name": "Ours", "changed_by": standing[0].bob}
        MappingTemplate.objects.create(**made)
    with practice_context(books.client.practice_id + 1_000):
        assert not MappingTemplate.objects.exists()
        with pytest.raises(DatabaseError), transaction.atomic():
            MappingTemplate.objects.create(**made | {"name": "Theirs"})


# ---- what the database holds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE ledger_mappingversion SET effective_from = '2025-01-01' WHERE id = %s", "mapping version stands"),
        ("UPDATE ledger_mappingversion SET state = 'draft' WHERE id = %s", "mapping version stands"),
        ("UPDATE ledger_mappingversion SET locked_months = 'adjust' WHERE id = %s", "mapping version stands"),
        ("DELETE FROM ledger_mappingrule WHERE version_id = %s", "approved version stand"),
    ],
)
def test_an_approved_version_stands_in_the_database(books, statement, name):
    with client_context(books.client.pk):
        version = MappingVersion.objects.get(client=books.client)
        with pytest.raises(DatabaseError, match=name), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [version.pk])


def test_a_rule_is_not_moved_out_of_its_version(standing, books):
    with client_context(books.client.pk):
        first = MappingVersion.objects.get(client=books.client)
        draft = mapping.draft(books.client, by=standing[0].bob, effective_from=MARCH)
        with pytest.raises(DatabaseError), transaction.atomic():
            MappingRule.objects.filter(version=first).update(version=draft)
