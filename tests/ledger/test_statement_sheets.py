"""Statements over real books: every figure opens to what it is made of, on both bases; reports tie to the accounts."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from clients.tenancy import client_context
from ledger import budgets, drill, posting, reports
from ledger.core.comparing import Span, span_of_days
from ledger.core.period import FiscalYear, Month
from ledger.models import BudgetLine
from ledger.reports import Asked
from tests import builders
from tests.ledger import small_company

pytestmark = pytest.mark.django_db
MARCH = Span(Month(2026, 3), Month(2026, 3))


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        world = builders.world()
        with client_context(world.kestrel.pk):
            company = small_company.build(world.kestrel, preparer=world.bob, controller=world.alice)
        yield world, company
        transaction.set_rollback(True)


@pytest.fixture
def world(built, db):
    return built[0]


@pytest.fixture
def company(built, db):
    with client_context(built[1].client.pk):
        yield built[1]


def rows(sheet):
    return {line.label: tuple(cell.amount for cell in line.cells) for line in sheet.lines if line.cells}


@pytest.mark.parametrize(
    "asked",
    [
        Asked("pl", MARCH, ("prior-month", "prior-year", "ytd", "t12")),
        Asked("pl", MARCH, ("prior-month",), "cash"),
        Asked("pl", span_of_days(date(2026, 1, 10), date(2026, 3, 11)), ("prior-month",), "cash"),
        Asked("pl", Span(Month(2026, 1), Month(2026, 3)), by="class"),
        Asked("pl", Span(Month(2026, 1), Month(2026, 3)), (), "cash", "class"),
        Asked("pl", Span(Month(2025, 12), Month(2026, 3)), by="month"),
        Asked("bs", MARCH, ("prior-month",)),
        Asked("bs", MARCH, (), "cash"),
        Asked("tb", MARCH),
        Asked("tb", MARCH, (), "cash"),
        Asked("cf", MARCH),
        Asked("cf", span_of_days(date(2026, 3, 6), date(2026, 3, 20))),
        Asked("ch", MARCH),
        Asked("ch", MARCH, by="class"),
        Asked("st", MARCH),
        Asked("st", Span(Month(2026, 1), Month(2026, 1))),
        Asked("pr", MARCH),
    ],
    ids=lambda asked: f"{asked.slug}-{asked.basis}-{asked.by or 'period'}-{asked.span.label}",
)
def test_every_figure_opens_to_lines_that_come_to_it(company, asked):
    sheet = reports.sheet(company.client, asked)
    assert sheet.proof is None or sheet.proof.difference == 0
    wrong, opened = [], 0
    for line in sheet.lines:
        for cell in line.cells:
            if cell.opens < 0 or cell.amount is None or not line.key:
                continue
            found = drill.behind(company.client, asked, sheet.columns[cell.opens], line.key)
            figure = cell.amount
            if asked.slug == "tb":
                figure = abs(figure) * (1 if (found.total > 0) else -1)
            if found.total != figure:
                wrong.append((line.label, sheet.columns[cell.opens].label, figure, found.total))
            opened += 1
    assert wrong == []
    assert opened > (0 if asked.slug in {"st", "pr"} else 3)


def test_cash_basis_counts_what_is_paid(company):
    """INV-1 (2,160.00 with 160.00 of tax, January) is a quarter paid in March; INV-2 is open; half of bill B-9 is paid."""
    accrual = rows(reports.sheet(company.client, Asked("pl", MARCH, ())))
    cash = rows(reports.sheet(company.client, Asked("pl", MARCH, (), "cash")))
    assert accrual["Café sales"][0] == 54_000 + 70_001
    assert cash["Café sales"][0] == 54_000 + 50_000
    sheet = reports.sheet(company.client, Asked("bs", MARCH, (), "cash"))
    assert sheet.proof.difference == 0
    figures = rows(sheet)
    assert "Accounts receivable" not in figures
    assert "Accounts payable" not in figures
    assert figures['Inventory: beans; "green"'] == (32_000,)


def test_the_balance_sheet_lists_what_is_soonest_cash_or_due_first(company):
    """Each group by number, with a total where it has several accounts; the totals stand on the groups."""
    sheet = reports.sheet(company.client, Asked("bs", MARCH, ()))
    assert [line.label for line in sheet.lines] == [
        "Cash and bank", "Operating checking",
        "Receivables", "Accounts receivable",
        "Other current assets", 'Inventory: beans; "green"', "Total assets",
        "Accounts payable", "Accounts payable",
        "Other current liabilities", "Sales tax payable", "Total liabilities",
        "Equity", "Owner's capital", "Retained Earnings", "Net income, year to date", "Total equity",
        "Liabilities and equity",
    ]  # fmt: skip
    at = {line.label: line for line in sheet.lines}
    for label in ("Total assets", "Total liabilities", "Liabilities and equity"):
        (figure,) = (cell.amount for cell in at[label].cells)
        assert sum(sign * sheet.lines[place].cells[0].amount for sign, place in at[label].adds) == figure
    names = [line.label for line in reports.sheet(company.client, Asked("tb", MARCH, ())).lines]
    assert names[:4] == ["Operating checking", "Accounts receivable", 'Inventory: beans; "green"', "Accounts payable"]


def test_ageing_ties_to_the_control_account_and_opens_by_party(company):
    sheet = reports.sheet(company.client, Asked("ar", MARCH))
    assert sheet.proof.difference == 0
    assert rows(sheet)["Cobalt"] == (0, 0, 0, 162_000, 0, 162_000)
    assert rows(sheet)["Total"][-1] == 232_001
    party = drill.party(company.client, Asked("ar", MARCH), "Cobalt")
    assert [(item.touch.document, item.left) for item in party.items] == [("INV-1", 162_000)]
    owed = reports.sheet(company.client, Asked("ap", MARCH))
    assert (owed.proof.difference, rows(owed)["Total"][-1]) == (0, 33_250)


def test_sales_by_channel_and_tax_by_jurisdiction_tie(company):
    sales = reports.sheet(company.client, Asked("ch", MARCH))
    assert (sales.proof.difference, rows(sales)["online"], rows(sales)["till"][-1]) == (
        0,
        (100_000, 0, 0, 0, 0, 100_000),
        54_000,
    )
    assert (
        rows(sales)["All income"][-1] == rows(reports.sheet(company.client, Asked("pl", MARCH, ())))["Total income"][0]
    )
    tax = reports.sheet(company.client, Asked("st", MARCH))
    assert tax.proof.difference == 0
    assert rows(tax)["WA"] == (24_000, 8_000, 0, 0, 32_000)
    january = rows(reports.sheet(company.client, Asked("st", Span(Month(2026, 1), Month(2026, 1)))))
    assert january["Returns paid, and entries without a jurisdiction"] == (0, 16_000, 0, -16_000, 0)


def test_sales_by_channel_and_class_come_to_the_whole(company):
    quarter = Span(Month(2026, 1), Month(2026, 3))
    plain, sheet = (reports.sheet(company.client, Asked("ch", quarter, by=by)) for by in ("", "class"))
    assert sheet.proof.difference == 0
    assert [head.label for head in sheet.heads] == ["Annex", "No class", "Net"]
    assert {label: figures[-1] for label, figures in rows(sheet).items()} == {
        label: figures[-1] for label, figures in rows(plain).items()
    }


def test_payroll_cost_by_department_ties(company):
    sheet = reports.sheet(company.client, Asked("pr", MARCH))
    assert sheet.proof.difference == 0
    assert [head.label for head in sheet.heads] == ["Shop", "No department", "Total"]
    assert rows(sheet)["Payroll cost"] == (90_000, 0, 90_000)


def test_the_general_ledger_carries_last_years_profit(company):
    sheet = reports.sheet(company.client, Asked("gl", MARCH))
    found = rows(sheet)
    assert sheet.proof.difference == 0
    assert found["Retained Earnings"] == (-248_000, 0, 0, -248_000)
    assert found["Rent"] == (30_000, 30_000, 0, 60_000)
    for label in ("Retained Earnings", "Rent", "Operating checking"):
        line = next(line for line in sheet.lines if line.label == label)
        behind = drill.behind(company.client, Asked("gl", MARCH), sheet.columns[0], line.key)
        assert (behind.opening, behind.total) == (found[label][0], found[label][3])


def test_columns_by_class_come_to_the_whole(company):
    quarter = Span(Month(2026, 1), Month(2026, 3))
    sheet = reports.sheet(company.client, Asked("pl", quarter, by="class"))
    assert [head.label for head in sheet.heads] == ["Annex", "No class", "Total"]
    for figures in rows(sheet).values():
        assert sum(figures[:-1]) == figures[-1]


def test_columns_that_tell_nothing_apart_say_so(company):
    for slug in ("pl", "ch"):
        sheet = reports.sheet(company.client, Asked(slug, MARCH, by="class"))
        tagged = [head.label for head in sheet.heads if head.label == "Annex"]
        assert ("Nothing of the period carries a class." in sheet.notes) is not bool(tagged)
    assert reports.sheet(company.client, Asked("ch", MARCH, by="department")).notes == (
        "Nothing of the period carries a department.",
    )


def test_months_without_data_are_named_on_the_statement(company):
    sheet = reports.sheet(company.client, Asked("pl", Span(Month(2026, 1), Month(2026, 3)), ("prior-year",)))
    assert sheet.notes == (
        "Jan to Mar 2025: before the books begin in November 2025.",
        "Nothing is booked in February 2026.",
    )
    for slug in ("ch", "st", "pr", "gl", "cf"):
        sheet = reports.sheet(company.client, Asked(slug, Span(Month(2026, 1), Month(2026, 3)), ()))
        assert "Nothing is booked in February 2026." in sheet.notes
    early = Span(Month(2025, 6), Month(2025, 6))
    for slug in ("bs", "tb", "ar", "ap"):
        (said,) = reports.sheet(company.client, Asked(slug, early, ())).notes
        assert said.endswith("before the books begin in November 2025.")


def test_a_record_leads_to_every_figure_it_reached(company):
    """A sale online with tax stands in seven statements; an entry and its reversal stand in none."""
    from ledger import reaching
    from ledger.models import JournalEntry

    lines = JournalEntry.objects.filter(client=company.client, memo="Shop of the web", booked_on="2026-03-08")
    found = reaching.reached(company.client, lines.prefetch_related("lines__account"))
    told = {(row.slug, row.line): row.amount for row in found}
    assert told == {
        ("pl", "4020 Online sales"): 100_000,
        ("pl", "Net income"): 100_000,
        ("bs", "1010 Operating checking"): 108_000,
        ("bs", "2300 Sales tax payable"): 8_000,
        ("bs", "Net income, year to date"): 100_000,
        ("tb", "1010 Operating checking"): 108_000,
        ("tb", "2300 Sales tax payable"): -8_000,
        ("tb", "4020 Online sales"): -100_000,
        ("cf", "2300 Sales tax payable"): 8_000,
        ("cf", "Change in cash"): 108_000,
        ("cf", "Net income"): 100_000,
        ("ch", "online"): 100_000,
        ("st", "WA"): 8_000,
    }
    for row in found:
        if row.key:
            asked = Asked(row.slug, MARCH)
            assert (
                drill.behind(company.client, asked, reports.sheet(company.client, asked).columns[0], row.key)
                is not None
            )


def kept(company, world, text):
    year = FiscalYear.of(Month(2026, 3))
    found = budgets.read(company.client, text, year)
    if not found.problems:
        budgets.replace(company.client, year, found.lines, by=world.bob)
    return found


def test_a_budget_stands_beside_what_was_booked(company, world):
    assert (
        kept(company, world, 'account,2026-03,Apr 2026\n4010 Café sales,"1,000.00",900\nRent,250.00,(5.00)\n').problems
        == []
    )
    sheet = reports.sheet(company.client, Asked("pl", MARCH, ("budget",), shares=False))
    assert rows(sheet)["Café sales"] == (124_001, 100_000, 24_001, 2400)
    rent = next(line for line in sheet.lines if line.label == "Rent")
    assert [cell.amount for cell in rent.cells] == [30_000, 25_000, 5_000, 2000]
    assert rent.cells[2].is_good is False
    assert reports.sheet(company.client, Asked("pl", Span(Month(2026, 2), Month(2026, 3)), ("budget",))).notes[0] == (
        "No budget for February 2026."
    )


def test_a_budget_with_problems_changes_nothing_and_names_each_line(company, world):
    text = "account;2026-03;2027-01;2026-03;soon\nRent;ten;1;;\nRent;1;;;\nBogus;1;;;\nOperating checking;1\n;5\n4020;1.005\n"
    found = kept(company, world, text)
    assert [problem.partition(":")[0] for problem in found.problems] == [
        "Line 1, column 3", "Line 1, column 4", "Line 1, column 5", "Line 2, March 2026", "Line 3", "Line 4", "Line 5", "Line 6",
        "Line 7, March 2026",
    ]  # fmt: skip
    assert not BudgetLine.objects.filter(client=company.client).exists()


def test_the_budget_page_keeps_what_was_typed_where_it_is_wrong(company, world, client):
    browser = builders.sign_in(client, world.bob)
    address = "/c/kestrel/budget/2026-03/"
    refused = browser.post(f"{address}keep/", {"text": "account,2026-03\nBogus,1\n"})
    assert refused.status_code == 422
    body = refused.content.decode()
    assert "Line 2: &#x27;Bogus&#x27; is no active account" in body
    assert "Bogus,1" in body
    assert browser.post(f"{address}keep/", {"text": "account,2026-03\nRent,250\n"}).status_code == 302
    sheet = browser.get(f"{address}?format=csv").content.decode("utf-8-sig")
    assert "6310 Rent,,,250.00" in sheet
    assert "250.00" in browser.get(address).content.decode()
    browser.post(f"{address}keep/", {"act": "clear"})
    assert "No budget for FY2026" in browser.get(address).content.decode()


def test_payroll_cost_is_for_those_with_the_right_to_see_pay(company, world, client):
    from clients.models import Membership

    Membership.objects.filter(user=world.bob).update(sees_payroll=False)
    browser = builders.sign_in(client, world.bob)
    address = "/c/kestrel/statements/2026-03/"
    assert browser.get(f"{address}?statement=pr").status_code == 403
    assert browser.get(f"{address}?statement=pr&format=xlsx").status_code == 403
    assert browser.get(f"{address}print.pdf?statement=pr").status_code == 403
    assert "statement=pr" not in browser.get(address).content.decode()


@pytest.mark.parametrize("what", ["another client's account", "twice", "a day inside the month"])
def test_the_database_refuses_a_budget_line_that_is_none(company, world, what):
    with client_context(world.wren.pk):
        from ledger.models import Account

        strange = Account.objects.create(client=world.wren, name="Rent", type="expense")
    account = strange.pk if what == "another client's account" else company["6310"].pk
    day = "2026-03-02" if what == "a day inside the month" else "2026-03-01"
    months = [company.client.pk, account, day] * (2 if what == "twice" else 1)
    values = ", ".join(["(%s, %s, %s, 1)"] * (len(months) // 3))
    insert = f"INSERT INTO ledger_budgetline (client_id, account_id, month, amount_minor) VALUES {values}"
    with client_context(company.client.pk), connection.cursor() as cursor, pytest.raises(IntegrityError):  # noqa: SIM117
        with transaction.atomic():
            cursor.execute(insert, months)


def test_ten_thousand_lines_ask_no_more_of_the_database(company, world, client):
    """The ledger, ageing, the cash basis, lines and entries: as many queries as with a handful of lines, and one page."""
    browser = builders.sign_in(client, world.alice)
    month = "/c/kestrel/statements/2026-03/"
    pages = [
        f"{month}?statement=gl",
        f"{month}?statement=ar&open=party:Cobalt",
        f"{month}?basis=cash&open={company['4010'].pk}",
        f"/c/kestrel/accounts/{company['1100'].pk}/2026-03/?page=2",
        "/c/kestrel/entries/",
    ]

    def counts():
        found = {}
        for page in pages:
            with CaptureQueriesContext(connection) as captured:
                assert browser.get(page).status_code == 200
            found[page] = sum("ledger_" in query["sql"] for query in captured)
        return found

    def many(first, count):
        with client_context(company.client.pk):
            lines = [
                [
                    posting.Line(company["1100"].pk, 100 + n, 0, party=f"Party {n % 7}", memo=f"M{n}"),
                    posting.Line(company["4010"].pk, 0, 100 + n),
                ]
                for n in range(count)
            ]
            posting.post(
                company.client.pk,
                [
                    posting.Entry(date(2026, 3, 1 + n % 28), f"many:{first + n}", "test", own)
                    for n, own in enumerate(lines)
                ],
            )

    many(0, 60)
    before = counts()
    many(60, 5_000)
    assert counts() == before
    body = browser.get(pages[-2]).content.decode()
    assert "51 to 100 of 5062" in body
