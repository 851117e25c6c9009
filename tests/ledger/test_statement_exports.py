"""Statements and books as files: formulas that come to the figures, texts that no spreadsheet runs, and the whole books in the
formats of beancount and hledger, whose own balances are ours."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction

from clients.tenancy import client_context
from ledger import exports, reports, spreadsheets, statements
from ledger.core import plaintext
from ledger.core.comparing import Span
from ledger.core.period import Month
from ledger.core.plaintext import Heading
from ledger.core.statements import trial_balance
from ledger.reports import Asked
from tests import builders
from tests.ledger import small_company
from tests.ledger.plain_books import HAS_HLEDGER, beancount_balances, hledger_balances, ours
from tests.ledger.workbooks import formulas, opened, wrong_formulas

pytestmark = pytest.mark.django_db
MARCH = Span(Month(2026, 3), Month(2026, 3))
ADDRESS = "/c/kestrel/statements/2026-03/"


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        world = builders.world()
        with client_context(world.kestrel.pk):
            company = small_company.build(world.kestrel, preparer=world.bob, controller=world.alice)
        yield world, company
        transaction.set_rollback(True)


@pytest.fixture
def client(built, db):
    with client_context(built[1].client.pk):
        yield built[1].client


@pytest.fixture
def bob(built, client):
    from django.test import Client as Browser

    return builders.sign_in(Browser(), built[0].bob)


@pytest.mark.parametrize("slug", ["pl", "bs", "cf", "tb", "gl", "ar", "ch", "st"])
def test_formulas_of_the_spreadsheet_come_to_the_figures(client, slug):
    asked = Asked(slug, MARCH, ("prior-month", "prior-year", "ytd"))
    sheet = reports.sheet(client, asked)
    content = spreadsheets.workbook(sheet, titles=["Kestrel"], currency="USD", numbers={})
    page, values = opened(content).worksheets[0], opened(content, data_only=True).worksheets[0]
    assert wrong_formulas(content) == []
    totals = [line for line in sheet.lines if line.style in ("sub", "tot")]
    assert len(formulas(page)) >= len(totals)
    for place, line in enumerate(sheet.lines):
        for at, cell in enumerate(line.cells):
            if cell.kind == "figure" and cell.amount is not None:
                kept = values.cell(row=spreadsheets.TOP + 2 + place, column=spreadsheets.LEFT + 1 + at).value
                assert Decimal(str(kept)) == Decimal(cell.amount).scaleb(-2)


def test_no_text_becomes_a_formula(bob):
    content = bob.get(ADDRESS + "?statement=gl&format=xlsx").content
    book = opened(content)
    assert [page.title for page in book.worksheets] == ["General ledger", "Lines"]
    texts = [cell for page in book.worksheets for row in page.iter_rows() for cell in row if cell.data_type == "s"]
    assert {"=cmd|' /C calc'!A0", "=1+1", "+paid", "@SUM(A1)"} <= {cell.value for cell in texts}
    made = [cell.value for page in book.worksheets for cell in formulas(page)]
    assert all(re.fullmatch(r"=SUM\([A-Z]+\d+:[A-Z]+\d+\)", text) for text in made)
    text = bob.get(ADDRESS + "?statement=gl&format=csv").content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))] == []
    assert "'=1+1" in cells


def test_csv_says_what_the_page_says(client, bob):
    balance = trial_balance(statements.load(client, through=MARCH.last.first), MARCH.last)
    text = bob.get(ADDRESS + "?statement=tb&format=csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:4] == ["no.", "line", "Mar 31, 2026 debit", "Mar 31, 2026 credit"]
    told = {row[1]: Decimal(row[2] or 0) - Decimal(row[3] or 0) for row in rows[1:-1]}
    names = {row.account.name: Decimal(row.debit - row.credit).scaleb(-2) for row in balance.rows}
    assert {name.lstrip("'"): amount for name, amount in told.items() if amount} == names


def test_the_general_ledger_in_csv_has_every_line(client, bob):
    sheet = reports.sheet(client, Asked("gl", Span(Month(2026, 1), Month(2026, 3))))
    text = bob.get(ADDRESS + "?statement=gl&period=ytd&format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    for side, at in (("debit", 1), ("credit", 2)):
        assert sum(Decimal(row[side] or 0) for row in rows) == Decimal(sheet.lines[-1].cells[at].amount).scaleb(-2)


def test_beancount_reads_our_books_and_comes_to_our_trial_balance(client, bob):
    expected = ours(client, MARCH.last, plaintext.beancount_names(exports.accounts(client)))
    text = bob.get(ADDRESS + "?format=beancount").content.decode()
    assert beancount_balances(text) == expected
    assert 'source: "small:1"' in text


def test_hledger_reads_our_books_and_comes_to_our_trial_balance(client, bob):
    if not HAS_HLEDGER:
        pytest.skip("hledger is not installed")
    expected = ours(client, MARCH.last, plaintext.hledger_names(exports.accounts(client)))
    found = hledger_balances(bob.get(ADDRESS + "?format=hledger").content.decode())
    assert found == expected


def test_texts_that_formats_stumble_over_and_names_that_are_alike_come_through():
    """Quotes, backslashes, comment signs, line breaks, other scripts, yen without decimals, two accounts of one name."""
    from ledger.core.accounts import Account
    from ledger.core.plaintext import Posted

    accounts = [
        Account(key="1", name="現金", type="asset"),
        Account(key="2", name="Cash; (petty) ", type="asset"),
        Account(key="3", name="cash  petty", type="asset"),
        Account(key="4", name='"Fees"\\\n', type="income"),
    ]
    entries = [
        Posted(7, date(2026, 3, 1), 'A "b" \\ c; d|e', "line\nbreak\t; x", "s:1", [("1", 500), ("2", 20), ("4", -520)]),
        Posted(8, date(2026, 3, 2), "", "", "", [("3", 5), ("2", -5)]),
    ]
    heading = Heading('Wren "Press"', date(2026, 3, 31), "JPY", 0)
    names = plaintext.beancount_names(accounts)
    assert len({*names.values()}) == 4
    expected = {"1": 500, "2": 15, "3": 5, "4": -520}
    balances = beancount_balances("\n".join(plaintext.beancount(heading, accounts, entries)) + "\n")
    assert balances == {names[key]: Decimal(amount) for key, amount in expected.items()}
    if HAS_HLEDGER:
        balances = hledger_balances("\n".join(plaintext.hledger(heading, accounts, entries)) + "\n")
        assert balances == {name: expected[key] for key, name in plaintext.hledger_names(accounts).items()}


def test_a_statement_is_printed_as_it_is_shown(bob, monkeypatch):
    """What goes to the press; the press itself is proven with the package."""
    from closeout import pdf

    pressed = []
    monkeypatch.setattr(pdf, "press", lambda html: (pressed.append(html), (b"%PDF", 1))[1])
    answer = bob.get(ADDRESS + "print.pdf?statement=bs&basis=cash")
    assert (answer.headers["Content-Type"], answer.content) == ("application/pdf", b"%PDF")
    assert "Balance sheet" in pressed[0]
    assert "Cash basis" in pressed[0]
    assert "320.00" in pressed[0]
