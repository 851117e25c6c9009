"""Combined statements of a group over real books: figures lead to each company's own, files add up, what is left out is said."""

from __future__ import annotations

import csv
import io
from datetime import date
from html import unescape

import pytest
from django.db import connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from clients import groups as client_groups
from clients.models import Client
from clients.tenancy import client_context, practice_context
from ledger import groups, intercompany, posting
from ledger.core.comparing import Span
from ledger.core.period import Month
from ledger.models import Account
from tests import builders
from tests.ledger import small_company
from tests.ledger.workbooks import formulas, opened, wrong_formulas

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)
SPAN = Span(MARCH, MARCH)


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    """Kestrel is due 500.00 from Brambling, which says it owes 420.00; both in the group Pine."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = builders.world()
        with client_context(world.kestrel.pk):
            company = small_company.build(world.kestrel, preparer=world.bob, controller=world.alice)
            due = Account.objects.create(client=world.kestrel, name="Due from Brambling", type="asset")
            company.accounts["1500"] = due
            company.post("2026-02-10", ("1500", 50_000), ("1010", -50_000))
        with client_context(world.brambling.pk):
            owed = Account.objects.create(client=world.brambling, name="Due to Kestrel", type="liability")
            till = Account.objects.create(client=world.brambling, name="Operating checking", type="asset", group="bank")
            posting.ensure_periods(world.brambling.pk, [date(2026, 2, 1)])
            lines = [posting.Line(till.pk, 42_000, 0), posting.Line(owed.pk, 0, 42_000)]
            posting.post(
                world.brambling.pk, [posting.Entry(date(2026, 2, 11), "loan", "manual", lines, origin="manual")]
            )
        with client_context(world.kestrel.pk):
            intercompany.pair(world.kestrel, due, world.brambling, owed.pk, by=world.alice)
        with practice_context(world.practice.pk):
            group = client_groups.make(world.practice, "Pine", [world.kestrel, world.brambling], by=world.alice)
        yield world, group, due, owed
        transaction.set_rollback(True)


@pytest.fixture
def world(built, db):
    return built[0]


@pytest.fixture
def address(built, db):
    return f"/groups/{built[1].pk}/statements/2026-03/"


@pytest.fixture
def alice(world):
    return builders.sign_in(Browser(), world.alice)


def members(world):
    return list(Client.objects.filter(pk__in=[world.kestrel.pk, world.brambling.pk]).order_by("-name"))


def rows(made):
    sheet = made.combination.sheet
    return {line.label: tuple(cell.amount for cell in line.cells) for line in sheet.lines if line.cells}


def test_pairs_are_eliminated_as_far_as_both_agree_and_the_rest_is_named(world):
    made = groups.combined(members(world), "bs", SPAN, hidden=0)
    said = rows(made)
    assert said["Due from Brambling"] == (50_000, 0, -42_000, 8_000)
    assert said["Due to Kestrel"] == (0, 42_000, -42_000, 0)
    said = "Kestrel and Pine Outfitters Due from Brambling and Brambling Studio Due to Kestrel differ by 80.00: "
    assert made.notes == (said + "eliminated as far as both agree.",)
    assert made.combination.sheet.proof.difference == 0


def test_each_figure_leads_to_the_companys_own_statement(alice, address, built):
    said = unescape(alice.get(address + "?statement=bs").content.decode())
    _world, group, due, owed = built
    assert f'href="/c/kestrel/statements/2026-03/?statement=bs&open={due.pk}&at=0">500.00<' in said
    assert f'href="/c/brambling/statements/2026-03/?statement=bs&open={owed.pk}&at=0">420.00<' in said
    assert f'href="/groups/{group.pk}/2026-03/#pairs">(420.00)<' in said
    opened_at = alice.get(f"/c/kestrel/statements/2026-03/?statement=bs&open={due.pk}&at=0").content.decode()
    assert "Behind this figure" in opened_at


@pytest.mark.parametrize("slug", ["pl", "bs", "tb"])
def test_the_workbook_adds_up_by_itself(alice, address, slug):
    content = alice.get(f"{address}?statement={slug}&format=xlsx").content
    assert wrong_formulas(content) == []
    page = opened(content).worksheets[0]
    across = [cell for cell in formulas(page) if cell.column_letter == "F"]
    lines = [row for row in page.iter_rows(min_row=6, min_col=6, max_col=6) if row[0].value is not None]
    assert len(across) == len(lines) > 3


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_files_run_no_text_and_say_what_they_leave_out(alice, address, form):
    content = alice.get(f"{address}?statement=bs&format={form}").content
    if form == "csv":
        texts = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row]
        assert [text for text in texts if text.startswith(("=", "+", "@"))] == []
    else:
        cells = [cell for row in opened(content).worksheets[0].iter_rows() for cell in row]
        texts = [cell.value for cell in cells if cell.data_type == "s"]
    assert any("differ by 80.00" in text for text in texts)
    profit = alice.get(f"{address}?statement=pl&format=csv").content.decode("utf-8-sig")
    assert "'=cmd|' /C calc'!A0" in profit


def test_the_csv_says_what_the_sheet_says(world, alice, address):
    content = alice.get(f"{address}?statement=tb&format=csv").content.decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(content)))
    assert table[0][2:] == [
        "Brambling Studio, USD",
        "Kestrel and Pine Outfitters, USD",
        "Eliminations, USD",
        "Combined, USD",
    ]
    assert ["", "Due from Brambling", "0.00", "500.00", "-420.00", "80.00"] in table


def test_who_sees_one_company_gets_it_alone_and_is_told(world, address):
    bob = builders.sign_in(Browser(), world.bob)
    said = bob.get(address + "?statement=bs").content.decode()
    assert "Partial: 1 company of the group is not among those you see." in said
    assert "Brambling Studio" not in said
    assert ">Combined, partial<" in said
    assert "1 declared pair with other companies: not eliminated." in said


def test_books_in_two_currencies_are_not_added_up(world, alice, address):
    Client.objects.filter(pk=world.brambling.pk).update(home_currency="JPY")
    said = alice.get(address + "?statement=bs").content.decode()
    assert "Not added up: the books are kept in different currencies" in said
    assert "Combined</th>" not in said
    assert ">42,000<" in said  # 42,000 minor units are as many yen
    content = alice.get(address + "?statement=bs&format=xlsx").content
    assert wrong_formulas(content) == []
    values = [cell.value for row in opened(content, data_only=True).worksheets[0].iter_rows() for cell in row]
    assert 42_000 in values
    assert 500 in values


def test_the_year_to_date_is_offered_where_the_years_begin_together(world, alice, address):
    assert "?statement=pl&period=ytd" in alice.get(address + "?statement=pl&period=month").content.decode()
    Client.objects.filter(pk=world.brambling.pk).update(fiscal_year_start_month=7)
    said = alice.get(address + "?statement=pl&period=ytd").content.decode()
    assert "Year to date" not in said
    assert "fiscal years begin in different months" in alice.get(address + "?statement=bs").content.decode()


def test_the_queries_do_not_grow_with_the_entries(world):
    def asked():
        with CaptureQueriesContext(
            connection,
        ) as seen:
            groups.combined(members(world), "bs", SPAN, hidden=0)
        return len(seen)

    before = asked()
    with client_context(world.kestrel.pk):
        bank, rent = (Account.objects.get(client=world.kestrel, number=number) for number in ("1010", "6310"))
        entries = [
            posting.Entry(
                date(2026, 3, 1 + n), f"more:{n}", "manual",
                [posting.Line(rent.pk, 100, 0), posting.Line(bank.pk, 0, 100)], origin="manual",
            )
            for n in range(20)
        ]  # fmt: skip
        posting.post(world.kestrel.pk, entries)
    assert asked() == before
