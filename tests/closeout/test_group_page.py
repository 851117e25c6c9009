"""A group's page: its companies' closes side by side, what is open and for how much, whose file, and the accounts between them."""

from __future__ import annotations

import re
from html import unescape

import pytest

from clients import groups
from clients.tenancy import client_context, practice_context
from integrations.models import Connection, Fact, SourceDocument
from integrations.records import CompanyProfile
from ledger import intercompany, posting
from ledger.models import Account, LedgerException
from tests.closeout.desk import browser, inside, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(standing):
    return standing


@pytest.fixture
def pine(books):
    """Kestrel and Brambling in one group; Bob sees only Kestrel."""
    world = books.world
    with practice_context(world.practice.pk):
        return groups.make(world.practice, "Pine", [world.kestrel, world.brambling], by=world.alice)


def cells(response, label):
    """The texts of a row of the page's first table."""
    row = re.search(rf'<th scope="row">{label}</th>(.*?)</tr>', text(response))
    assert row is not None, label
    found = re.findall(r"<td[^>]*>(.*?)</td>", row[1])
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in found]


def test_the_closes_stand_side_by_side_with_what_is_open(books, pine):
    with inside(books):
        LedgerException.objects.create(
            client=books.client, kind="unmapped", identity="x", cause="x", title="x", amount_minor=-4_250
        )
    page = browser(books, "alice").get(f"/groups/{pine.pk}/2026-01/")
    said = cells(page, "Exceptions open")
    assert said[:2] == ["–", "1 42.50 USD"]
    assert cells(page, "Close")[0] == "Not started"
    assert cells(page, "Close")[1].startswith("Blocked")
    assert re.fullmatch(r"\d+ of \d+", cells(page, "Checks proven")[1])
    assert int(cells(page, "Checks open")[1].split()[0]) > 0
    assert cells(page, "Net income") == ["–", "7,300.00", "–", "7,300.00"]
    assert cells(page, "Accounting file")[0] == "None connected"


def test_each_company_shows_the_accounting_file_it_is_kept_in(books, pine):
    with inside(books):
        held = Connection.objects.create(
            client=books.client, provider="quickbooks-online", account_id="9341", state="live", keeps_books=True
        )
        key = {"client": books.client, "connection": held, "stream": "company", "external_id": "company"}
        told = SourceDocument.objects.create(**key, version=1, payload={}, sha256=b"x" * 32)
        data = {"name": "Kestrel & Pine LLC", "country": "US"}
        Fact.objects.create(**key, document=told, kind=CompanyProfile.__name__, data=data)
    file = cells(browser(books, "alice").get(f"/groups/{pine.pk}/2026-01/"), "Accounting file")
    assert file[:2] == ["None connected", "Kestrel & Pine LLC QuickBooks Online company 9341 not read yet"]


def test_a_group_opens_at_the_month_that_is_being_closed(books, pine):
    answer = browser(books, "alice").get(f"/groups/{pine.pk}/")
    assert re.fullmatch(rf"/groups/{pine.pk}/\d{{4}}-\d\d/", answer.headers["Location"])


def test_who_sees_one_company_sees_it_alone_and_that_it_is_partial(books, pine):
    said = text(browser(books, "bob").get(f"/groups/{pine.pk}/2026-01/"))
    assert "1 company of the group is not among those you see: what stands here is partial." in said
    assert "Brambling" not in said
    assert "Edit the group" not in said


def test_a_pair_shows_both_balances_and_by_how_much_they_differ(books, pine):
    world = books.world
    with client_context(world.brambling.pk):
        owed = Account.objects.create(client=world.brambling, name="Due to Kestrel", type="liability")
    with inside(books):
        due = Account.objects.create(client=books.client, name="Due from Brambling", type="asset")
        lines = [posting.Line(due.pk, 3_000, 0), posting.Line(books.accounts["bank"].pk, 0, 3_000)]
        posting.post(books.client.pk, [posting.Entry(books.close.month, "lent", "manual", lines, origin="manual")])
        intercompany.pair(books.client, due, world.brambling, owed.pk, by=world.alice)
    said = text(browser(books, "alice").get(f"/groups/{pine.pk}/2026-01/")).split('id="pairs"')[1]
    assert "Due to Kestrel" in said
    assert "30.00" in said
    assert "does not mirror" in said
    hidden = text(browser(books, "bob").get(f"/groups/{pine.pk}/2026-01/")).split('id="pairs"')[1]
    assert "Due to Kestrel" not in hidden
    assert "1 declared pair leads to a company that is not shown here." in hidden


def test_each_members_pages_lead_to_the_group_in_their_month(books, pine):
    assert f'href="/groups/{pine.pk}/2025-11/"' in text(browser(books, "bob").get("/c/kestrel/payroll/2025-11/"))
    assert re.search(rf'href="/groups/{pine.pk}/\d{{4}}-\d\d/"', text(browser(books, "bob").get("/c/kestrel/entries/")))
    assert "/groups/" not in text(browser(books, "bob").get("/c/quillfeather/entries/"))
