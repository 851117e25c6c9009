from __future__ import annotations

from datetime import date

import pytest

from integrations import bankfiles
from integrations.bankfiles import CsvLayout, LayoutNeeded, propose
from integrations.errors import PayloadError


def read(text, **options):
    content = text if isinstance(text, bytes) else text.encode()
    return bankfiles.read(content, **{"currency": "USD", **options})


def amounts(text, **options):
    return [line.amount for line in read(text, **options)[0].lines]


def asked(text, **options):
    with pytest.raises(LayoutNeeded) as needed:
        read(text, **options)
    return needed.value


ROWS = [("2025-03-05", "Shop", "-1.50"), ("2025-03-06", "Pay", "20.00"), ("2025-03-07", "Rent", "-700.00")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("preamble", ["", "My bank\n\nAccount;12\n", "sep={}\n"])
def test_delimiters_encodings_and_preambles_do_not_matter(delimiter, encoding, preamble):
    rows = [("Date", "Text é", "Amount"), *ROWS]
    text = preamble.format(delimiter) + "\r\n".join(delimiter.join(row) for row in rows)
    assert amounts(text.encode(encoding)) == [-150, 2000, -70000]


@pytest.mark.parametrize(
    ("printed", "minor"),
    [
        (("-1.234,56", "2,00"), (-123456, 200)),
        (("-1,234.56", "2.00"), (-123456, 200)),
        (("(12.50)", "+ $73.01"), (-1250, 7301)),
        (("- $12.01", "$4.75"), (-1201, 475)),
        (("1'234.50-", "1.00"), (-123450, 100)),
        (("-1 234,50", "1,00"), (-123450, 100)),
        (("−1\u202f234,50 €", "1,00 €"), (-123450, 100)),
        (("12.50 DR", "3.25 CR"), (-1250, 325)),
        (("-1,23,456.78", "1.00"), (-12345678, 100)),
        (("EUR -5,00", "EUR 1.000.000,00"), (-500, 100000000)),
    ],
)
def test_amounts_of_any_notation(printed, minor):
    text = "Date;Description;Amount\n" + "".join(f'2025-03-0{n};x;"{p}"\n' for n, p in enumerate(printed, 1))
    assert tuple(amounts(text)) == minor


def test_a_lone_thousand_or_decimal_is_asked_about():
    needed = asked("Date,Description,Amount\n2025-03-01,x,-1.234\n2025-03-02,y,5\n")
    assert any("decimal mark" in question for question in needed.questions)


@pytest.mark.parametrize(
    "printed", ["02/13/2025", "13/02/2025", "13.02.25", "20250213", "13 Feb 25", "2025.02.13.", "2025-02-13T23:59:00Z", "Feb 13, 2025", "13-feb-2025", "13. Februar 2025"]
)  # fmt: skip
def test_dates_of_any_notation(printed):
    (statement,) = read(f'Date;Description;Amount\n"{printed}";x;-1.00\n')
    assert statement.lines[0].booked_on == date(2025, 2, 13)


def test_day_and_month_are_never_inferred_from_one_row():
    needed = asked("Date,Description,Amount\n10/02/2018,x,-5.00\n")
    assert any("day or the month" in question for question in needed.questions)
    assert needed.rows[0] == ("Date", "Description", "Amount")


def test_day_and_month_are_told_by_the_only_order_that_runs_one_way():
    text = "Date,Description,Amount\n05/02/2018,a,-5.00\n03/03/2018,b,-5.00\n04/04/2018,c,-5.00\n"
    days = [line.booked_on for line in read(text)[0].lines]
    assert days == [date(2018, 2, 5), date(2018, 3, 3), date(2018, 4, 4)]


def test_both_orders_running_one_way_is_asked_about():
    assert asked("Date,Description,Amount\n01/02/2018,a,-5.00\n02/02/2018,b,-5.00\n03/02/2018,c,-5.00\n").questions


def test_a_second_date_column_of_the_file_settles_the_order():
    text = "Date,Value date,Description,Amount\n05/02/2018,13/02/2018,a,-5.00\n"
    assert read(text)[0].lines[0].booked_on == date(2018, 2, 5)


def test_the_posting_date_is_the_book_date():
    text = "Transaction Date,Post Date,Description,Amount\n2025-01-30,2025-02-01,x,-1.00\n"
    assert read(text)[0].lines[0].booked_on == date(2025, 2, 1)


def test_without_a_header_the_date_the_file_is_sorted_by_is_the_book_date():
    text = "18.09.2017;a;18.09.2017;-1,00\n19.09.2017;b;12.09.2017;-2,00\n20.09.2017;c;16.09.2017;3,00\n"
    assert [line.booked_on.day for line in read(text)[0].lines] == [18, 19, 20]


def test_data_rows_longer_than_the_header_are_read():
    assert amounts("Date,Description,Amount\n2025-03-05,x,-1.00,,\n") == [-100]


@pytest.mark.parametrize(
    ("header", "debit", "credit"),
    [("Debit,Credit", "5.00", "7.00"), ("Debit,Credit", "-5.00", "7.00"), ("Withdrawals,Deposits", "$5.00", "$7.00"), ("Soll,Haben", "5.00", "7.00"), ("Paid out,Paid in", "5.00", "7.00")],
)  # fmt: skip
def test_two_unsigned_columns_are_money_out_and_in(header, debit, credit):
    assert amounts(f"Date,Text,{header}\n2025-03-05,x,{debit},\n2025-03-06,y,,{credit}\n") == [-500, 700]


@pytest.mark.parametrize("flags", ["D C", "DR CR", "debit credit", "Af Bij", "S H", "DBIT CRDT"])
def test_a_flag_column_gives_the_direction(flags):
    out, into = flags.split()
    assert amounts(f"Date,Text,Amount,D/C\n2025-03-05,x,5.00,{out}\n2025-03-06,y,7.00,{into}\n") == [-500, 700]


def test_a_flag_beside_signed_amounts_changes_nothing():
    assert amounts("Details,Date,Text,Amount\nDEBIT,2025-03-05,x,-5.00\nCREDIT,2025-03-06,y,7.00\n") == [-500, 700]


def test_an_unknown_flag_later_in_the_file_is_asked_about():
    rows = "".join(f"2025-03-{n:02},x,5.00,D\n" for n in range(1, 20))
    assert asked(f"Date,Text,Amount,D/C\n{rows}2025-03-20,y,7.00,Q\n").questions


def test_purchases_printed_as_positive_are_asked_about_and_then_inverted():
    text = (
        "Date,Description,Amount\n2025-03-05,Shop,12.00\n2025-03-06,Shop,8.00\n2025-03-07,PAYMENT - THANK YOU,-20.00\n"
    )
    needed = asked(text)
    assert needed.proposal.inverted
    assert amounts(text, layout=needed.proposal) == [-1200, -800, 2000]


def test_a_running_balance_proves_the_sign_of_positive_amounts():
    assert amounts("Date,Text,Amount,Balance\n2025-03-05,x,5.00,95.00\n2025-03-06,y,7.00,88.00\n") == [-500, -700]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_running_balance_gives_opening_and_closing_in_either_order(newest_first):
    rows = ["2025-03-05,a,-5.00,95.00", "2025-03-06,b,7.00,102.00", "2025-03-07,c,-2.00,100.00"]
    text = "Date,Text,Amount,Balance\n" + "\n".join(rows[::-1] if newest_first else rows)
    (statement,) = read(text)
    assert (statement.opening, statement.closing) == (10000, 10000)


def test_a_balance_that_proves_nothing_is_not_used_but_told():
    (statement,) = read("Date,Text,Amount,Balance\n2025-03-05,a,-5.00,1.00\n2025-03-06,b,-7.00,99.00\n")
    assert (statement.opening, statement.closing) == (None, None)
    assert any("running balance" in warning for warning in statement.warnings)


def test_without_header_the_balance_tells_which_column_is_the_amount():
    (statement,) = read("2025-03-05,a,-5.00,95.00\n2025-03-06,b,-7.00,88.00\n")
    assert ([line.amount for line in statement.lines], statement.closing) == ([-500, -700], 8800)


def test_two_equal_coffees_are_two_coffees():
    first, second = read("Date,Text,Amount\n2025-03-05,Coffee,-3.00\n2025-03-05,Coffee,-3.00\n")[0].lines
    assert (first.ordinal, second.ordinal) == (0, 1)
    assert first.external_id != second.external_id


def test_overlapping_exports_do_not_double():
    head = "Date,Text,Amount\n"
    rows = [
        "2025-03-05,Coffee,-3.00\n",
        "2025-03-05,Coffee,-3.00\n",
        "2025-03-06,Rent,-9.00\n",
        "2025-03-07,Pay,5.00\n",
    ]
    early = {line.external_id for line in read(head + "".join(rows[:3]))[0].lines}
    late = {line.external_id for line in read(head + "".join(reversed(rows)))[0].lines}
    assert len(early | late) == 4
    assert early < late


def test_spacing_and_case_of_the_text_do_not_make_a_new_line():
    one, other = (
        read(f"Date,Text,Amount\n2025-03-05,{t},-3.00\n")[0].lines[0] for t in ("COFFEE  shop", "Coffee Shop")
    )
    assert one.external_id == other.external_id


def test_text_below_a_line_belongs_to_it():
    (line,) = read("Date,Description,Amount\n2025-03-05,Card,-3.00\n,at the corner,\n")[0].lines
    assert line.description == "Card at the corner"


def test_totals_below_the_lines_are_passed_over_and_told():
    (statement,) = read("Date,Text,Amount\n2025-03-05,x,-3.00\nTotal,,-3.00\n")
    assert (len(statement.lines), statement.warnings) == (
        1,
        ("CSV: rows without date or amount were passed over: line 3",),
    )


@pytest.mark.parametrize(
    ("row", "where"),
    [("2025-02-30,y,-1.00", "line 3, Date"), (",y,-1.00", "line 3, Date"), ("2025-03-06,y,abc", "line 3, Amount")],
)
def test_a_row_that_cannot_be_read_is_refused_by_line_and_column(row, where):
    more = "".join(f"2025-03-{n:02},x,-{n}.00\n" for n in range(7, 20))
    with pytest.raises(PayloadError) as refused:
        read(f"Date,Text,Amount\n2025-03-05,x,-3.00\n{row}\n{more}")
    assert refused.value.path == where


def test_several_accounts_and_currencies_make_several_statements():
    text = "Date,Account,Currency,Text,Amount\n2025-03-05,A1,EUR,x,-1.00\n2025-03-05,A2,EUR,x,-2.00\n2025-03-06,A1,JPY,x,-300\n"
    assert [(s.account, s.currency, s.lines[0].amount) for s in read(text)] == [
        ("A1", "EUR", -100),
        ("A2", "EUR", -200),
        ("A1", "JPY", -300),
    ]


def test_foreign_amounts_beside_the_own_are_left_alone():
    text = "Date,Text,Amount,Currency,Original amount,Original currency\n2025-03-05,x,-1.00,EUR,-1.10,USD\n"
    (statement,) = read(text)
    assert (statement.currency, statement.lines[0].amount) == ("EUR", -100)


def test_a_currency_nobody_names_is_asked_for():
    assert any("currency" in q for q in asked("Date,Text,Amount\n2025-03-05,x,-1.00\n", currency="").questions)


@pytest.mark.parametrize("header", ["Amount (SEK)", "Amount SEK", "Betrag in SEK"])
def test_the_currency_in_a_heading_is_used(header):
    assert read(f"Date;Text;{header}\n2025-03-05;x;-1.00\n", currency="")[0].currency == "SEK"


def test_pending_is_marked_and_failed_is_no_money():
    text = (
        "Date,Text,Amount,Status\n2025-03-05,a,-1.00,Completed\n2025-03-06,b,-2.00,Pending\n2025-03-07,c,-3.00,Failed\n"
    )
    (statement,) = read(text)
    assert [(line.amount, line.pending) for line in statement.lines] == [(-100, False), (-200, True)]
    assert any("failed" in warning for warning in statement.warnings)


def test_a_quote_left_open_does_not_swallow_rows():
    assert amounts('Date,Text,Amount\n2025-03-05,"Joe,-1.00\n2025-03-06,b,-2.00\n2025-03-07,c,-3.00\n') == [
        -100,
        -200,
        -300,
    ]


def test_a_remembered_layout_reads_a_file_that_alone_would_be_asked_about():
    layout = propose(b"Date,Text,Amount\n13/02/2018,x,-5.00\n", currency="USD").layout
    (statement,) = read("Bank\n\nDate,Text,Amount\n10/02/2018,x,-5.00\n", layout=layout)
    assert statement.lines[0].booked_on == date(2018, 2, 10)


def test_a_remembered_layout_is_refused_for_other_columns():
    layout = propose(b"Date,Text,Amount\n2018-02-13,x,-5.00\n", currency="USD").layout
    with pytest.raises(PayloadError, match="does not have the columns"):
        read("Date,Amount,Text\n2018-02-13,-5.00,x\n", layout=layout)


def test_a_layout_survives_its_json():
    layout = propose(b"Date,Text,Debit,Credit,Balance\n2018-02-13,x,5.00,,1\n", currency="USD").layout
    assert CsvLayout.from_json(layout.to_json()) == layout


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"date": 0}, "layout.delimiter"),
        ({"delimiter": ",", "date": "0"}, "layout.date"),
        ({"delimiter": ",", "date": -1}, "layout.date"),
        ({"delimiter": ",", "date": 0, "date_format": "DM"}, "layout.date_format"),
        ({"delimiter": ",", "date": 0, "signs": "x"}, "layout.signs"),
        ({"delimiter": ",", "date": 0, "description": [True]}, "layout.description"),
        ({"delimiter": ",", "date": 0, "colour": 1}, "layout.colour"),
        ("nonsense", "layout"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused_by_field(data, field):
    with pytest.raises(PayloadError) as refused:
        CsvLayout.from_json(data)
    assert refused.value.path == field


def test_answers_are_put_into_a_proposal():
    proposal = propose(b"Date,Text,Amount\n10/02/2018,x,-5.00\n", currency="USD")
    assert not proposal.certain
    layout = bankfiles.with_answers(proposal.layout, date_format="MDY")
    assert read("Date,Text,Amount\n10/02/2018,x,-5.00\n", layout=layout)[0].booked_on == date(2018, 10, 2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MiB"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"%PDF-1.7", "PDF"),
        (b"<html><body>Sign in</body></html>", "HTML"),
        (b"hello world", "no line with a date and an amount"),
        (b"Date,Text,Amount\n", "below its header"),
    ],
)
def test_what_is_no_statement_is_refused_with_its_reason(content, reason):
    with pytest.raises(PayloadError, match=reason):
        bankfiles.read(content, filename="statement.csv")


def test_fees_on_top_are_taken_off_where_the_balance_proves_it():
    rows = "2025-03-05,a,-10.00,0.00,90.00\n2025-03-06,b,-20.00,0.50,69.50\n2025-03-07,c,50.00,0.00,119.50\n"
    assert amounts("Date,Text,Amount,Fee,Balance\n" + rows) == [-1000, -2050, 5000]


def test_fees_nothing_proves_are_asked_about():
    assert any("fees" in q for q in asked("Date,Text,Amount,Fee\n2025-03-05,a,-10.00,0.50\n").questions)


def test_of_gross_and_net_the_one_the_balance_follows_is_the_money():
    text = "Date,Text,Gross,Fee,Net,Balance\n2025-03-05,a,100.00,-3.00,97.00,97.00\n2025-03-06,b,50.00,-2.00,48.00,145.00\n"
    assert amounts(text) == [9700, 4800]


def test_a_column_of_other_peoples_ibans_is_not_the_account():
    text = (
        "Konto:;DE12 5001 0517 0648 4898 90\n\nDatum;Zweck;IBAN;Betrag (€)\n30.01.25;x;DE1;-1,00\n29.01.25;y;DE2;2,00\n"
    )
    (statement,) = read(text, currency="")
    assert (statement.account, statement.currency) == ("DE12 5001 0517 0648 4898 90", "EUR")
