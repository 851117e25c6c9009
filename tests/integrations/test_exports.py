"""Reading export files: days, amounts, delimiters, workbooks; every failure names its line and column."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some
from openpyxl import Workbook

from integrations import tables
from integrations.errors import PayloadError


def table(content: bytes, name: str = "export.csv") -> tables.Table:
    found = tables.find(content, name, lambda headers: "Id" in headers)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("printed", "mark", "amount"),
    [
        ("1,234.50", ".", "1234.50"),
        ("$1,234.50", ".", "1234.50"),
        ("(20.00)", ".", "-20.00"),
        ("-20", ".", "-20"),
        ("20-", ".", "-20"),
        ("+20.5", ".", "20.5"),
        ("-$20.00", ".", "-20.00"),
        ("$-20.00", ".", "-20.00"),
        ("−20.00", ".", "-20.00"),
        ("USD 5.00", ".", "5.00"),
        ("5.00 USD", ".", "5.00"),
        (".07", ".", "0.07"),
        ("1.234,56", ",", "1234.56"),
        ("-7,5", ",", "-7.5"),
        ("1000000.00", ".", "1000000.00"),
    ],
)
def test_a_printed_amount_is_exact(printed, mark, amount):
    assert tables.printed_amount(printed, "line 1", mark=mark) == Decimal(amount)


@pytest.mark.parametrize(
    "printed", ["", "five", "1,23.45", "1.2.3", "--5", "1e5", "NaN", "0x10", "5%", "1 2 3a", "1,234,5", "(-5.00)"]
)
def test_what_is_no_amount_is_refused(printed):
    with pytest.raises(PayloadError, match="line 7, Gross"):
        tables.printed_amount(printed, "line 7, Gross")


@given(some.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_every_amount_comes_back(amount):
    assert tables.printed_amount(f"{amount:,.2f}", "x") == amount
    swapped = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert tables.printed_amount(swapped, "x", mark=",") == amount


@pytest.mark.parametrize(
    ("printed", "order", "day"),
    [
        ("2026-03-04", "MDY", date(2026, 3, 4)),
        ("03/04/2026", "MDY", date(2026, 3, 4)),
        ("03/04/2026", "DMY", date(2026, 4, 3)),
        ("3/4/26", "MDY", date(2026, 3, 4)),
        ("04.03.2026", "DMY", date(2026, 3, 4)),
        ("2026-03-04T10:00:00Z", "YMD", date(2026, 3, 4)),
    ],
)
def test_a_printed_day_is_read_in_its_order(printed, order, day):
    assert tables.printed_day(printed, "x", order) == day


@pytest.mark.parametrize("printed", ["", "31/12/2026", "2026-02-30", "yesterday", "20260304"])
def test_what_is_no_day_is_refused(printed):
    with pytest.raises(PayloadError, match="line 2, Day"):
        tables.printed_day(printed, "line 2, Day", "MDY")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_is_found(delimiter):
    text = "\n".join(delimiter.join(row) for row in (("Id", "Day", "Memo"), ("1", "2026-03-04", "a b")))
    assert table(text.encode()).rows[0].cells == {"Id": "1", "Day": "2026-03-04", "Memo": "a b"}


def test_a_cell_may_hold_the_delimiter_quotes_and_lines():
    rows = table(b'\xef\xbb\xbfId,Memo\r\n1,"a, ""b""\nc"\r\n2,d\r\n').rows
    assert [row.text("Memo").replace('"', "") for row in rows] == ["a, b\nc", "d"]


def test_the_lines_above_the_header_are_kept_and_repeated_names_told_apart():
    found = table(b"Larch LLC\nPeriod,March\n\nId,Tax,Tax,Tax\n1,2,3,4\n")
    assert found.above == (("Larch LLC",), ("Period", "March"))
    assert found.headers == ("Id", "Tax", "Tax (2)", "Tax (3)")
    assert found.rows[0].text("Tax (3)") == "4"


def test_a_missing_cell_column_or_a_short_row_is_named():
    row = table(b"Id,Memo,Day\n1\n").rows[0]
    assert row.text("Memo", "") == ""
    with pytest.raises(PayloadError, match="line 2, Memo: is empty"):
        row.text("Memo")
    with pytest.raises(PayloadError, match="line 2, Gross: is not a column"):
        row.amount("Gross")
    assert row.minor("Gross", "USD", 0) == 0


def test_minor_units_are_the_currencys():
    row = table(b"Id,Gross\n1,1234\n").rows[0]
    assert (row.minor("Gross", "USD"), row.minor("Gross", "JPY")) == (123400, 1234)
    with pytest.raises(PayloadError, match="line 2, Gross"):
        table(b"Id,Gross\n1,12.345\n").rows[0].minor("Gross", "USD")


def test_a_workbooks_cells_are_what_is_shown():
    book = Workbook()
    sheet = book.active
    sheet.append(["Id", "Day", "At", "Gross", "Small", "Count", "Yes", "None"])
    sheet.append(["7", date(2026, 3, 4), datetime(2026, 3, 4, 9, 30), 1060.1, 0.1 + 0.2, 12, True, None])
    kept = io.BytesIO()
    book.save(kept)
    cells = table(kept.getvalue(), "x.xlsx").rows[0].cells
    assert list(cells.values()) == ["7", "2026-03-04", "2026-03-04 09:30:00", "1060.1", "0.3", "12", "TRUE", ""]


@pytest.mark.parametrize("content", [b"PK\x03\x04rubbish", b"\x00\x01\x02\x03" * 40, b"   "])
def test_what_is_no_table_is_refused(content):
    with pytest.raises(PayloadError):
        tables.find(content, "x.csv", lambda _headers: True)


def test_a_bursting_workbook_is_refused(monkeypatch):
    book = Workbook()
    book.active.append(["Id"])
    kept = io.BytesIO()
    book.save(kept)
    monkeypatch.setattr(tables, "MAX_UNPACKED", 100)
    with pytest.raises(PayloadError, match="too large"):
        table(kept.getvalue())
