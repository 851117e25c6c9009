from __future__ import annotations

from datetime import date

import pytest

from integrations import bankfiles
from integrations.bankfiles import LayoutNeeded
from integrations.errors import PayloadError


def mt940(*fields, opening="C250101EUR100,00", closing="", account="NL71RABO0123456789"):
    closing = f":62F:{closing}\n" if closing else ""
    return (
        f":20:A\n:25:{account}\n:28C:1/1\n:60F:{opening}\n{''.join(f + chr(10) for f in fields)}{closing}-\n".encode()
    )


def line(field, more=":86:text"):
    return bankfiles.read(mt940(field, more))[0].lines[0]


@pytest.mark.parametrize(
    ("field", "minor"),
    [
        (":61:2501020102D9,N192NONREF", -900),
        (":61:2501020102C000000000025,00N102EREF", 2500),
        (":61:250102    DD212,39NMSCNONREF//", -21239),
        (":61:2501020102CN0,01NTRFNONREF", 1),
        (":61:2501020102RC5,00NTRFNONREF", -500),
        (":61:2501020102RD5,00NTRFNONREF", 500),
        (":61:2501020102DR6,00N024NONREF", -600),
    ],
)
def test_marks_funds_codes_and_reversals_give_the_direction(field, minor):
    assert line(field).amount == minor


def test_the_entry_date_is_the_book_date():
    assert line(":61:2501020103D1,00NTRFX").booked_on == date(2025, 1, 3)


@pytest.mark.parametrize(
    ("field", "day"),
    [(":61:2412310102D1,00NTRFX", date(2025, 1, 2)), (":61:2501021231D1,00NTRFX", date(2024, 12, 31))],
)
def test_the_turn_of_the_year_lies_between_value_and_entry_date(field, day):
    assert line(field).booked_on == day


def test_an_impossible_value_date_without_entry_date_is_refused_by_line():
    with pytest.raises(PayloadError, match="line 5, field 61"):
        line(":61:250230D1,00NTRFX")


@pytest.mark.parametrize(
    ("details", "name", "text"),
    [
        (
            ":86:166?00GUTSCHRIFT?20Rechnung 12?21 und 13?32Muster?33 GmbH",
            "Muster GmbH",
            "GUTSCHRIFT Rechnung 12 und 13 Muster GmbH",
        ),
        (":86:/BENM//NAME/JOHN DOE/REMI/Ref 2013/ISDT/2013-01-02", "JOHN DOE", "JOHN DOE Ref 2013"),
        (":86:plain\ntext", "", "plain text"),
    ],
)
def test_field_86_is_read_in_its_dialects(details, name, text):
    found = line(":61:2501020102D1,00NTRFX", details)
    assert (found.counterparty, found.description) == (name, text)


def test_balances_are_checked():
    (good,) = bankfiles.read(mt940(":61:2501020102D40,00NTRFX", closing="C250102EUR60,00"))
    (bad,) = bankfiles.read(mt940(":61:2501020102D40,00NTRFX", closing="D250102EUR60,00"))
    assert (good.opening, good.closing, good.warnings) == (10000, 6000, ())
    assert any("closing balance is -60.00" in warning for warning in bad.warnings)


def test_a_currency_behind_the_account_is_not_part_of_it():
    assert bankfiles.read(mt940(account="NL71RABO0123456789 EUR"))[0].account == "NL71RABO0123456789"


def test_envelopes_and_control_characters_do_not_matter():
    bare = mt940(":61:2501020102D40,00NTRFX", closing="C250102EUR60,00")
    wrapped = b"\x01\r\n{1:F01X}{2:O940X}{4:\r\n" + bare.replace(b"\n", b"\r\n") + b"}{5:}\x03"
    assert bankfiles.read(bare) == bankfiles.read(wrapped)


def test_equal_lines_of_one_file_get_different_ids_even_across_its_messages():
    body = mt940(":61:2501020102D40,00NTRFNONREF")
    ids = [read.external_id for statement in bankfiles.read(body + body) for read in statement.lines]
    assert len(set(ids)) == 2


def qif(*entries, kind="Bank", head=""):
    return (head + f"!Type:{kind}\n" + "".join(f"D{d}\nT{t}\nP{p}\n^\n" for d, t, p in entries)).encode()


def test_qif_entries_are_read():
    (statement,) = bankfiles.read(qif(("8/13/13", "-1,000.00", "Delta")), currency="USD")
    (found,) = statement.lines
    assert (found.booked_on, found.amount, found.description) == (date(2013, 8, 13), -100000, "Delta")


def test_the_apostrophe_year_of_qif_is_read():
    (statement,) = bankfiles.read(qif(("8/13'13", "-1.00", "x"), ("8/ 1' 3", "-1.00", "x")), currency="USD")
    assert [found.booked_on for found in statement.lines] == [date(2013, 8, 13), date(2003, 8, 1)]


def test_the_date_order_and_currency_of_qif_are_asked_for():
    with pytest.raises(LayoutNeeded) as needed:
        bankfiles.read(qif(("8/12/13", "-1.00", "x")))
    assert len(needed.value.questions) == 2
    layout = bankfiles.with_answers(needed.value.proposal, date_format="DMY", currency="GBP")
    assert bankfiles.read(qif(("8/12/13", "-1.00", "x")), layout=layout)[0].lines[0].booked_on == date(2013, 12, 8)


def test_accounts_of_a_qif_are_kept_apart_and_cards_are_credit():
    one = qif(("2025-01-01", "-1.00", "x"), head="!Account\nNGiro\nTBank\n^\n")
    two = qif(("2025-01-01", "-1.00", "x"), head="!Account\nNVisa\nTCCard\n^\n", kind="CCard")
    read = bankfiles.read(one + two, currency="USD")
    assert [(s.account, s.account_kind) for s in read] == [("Giro", "depository"), ("Visa", "credit")]


def test_an_investment_qif_is_refused():
    with pytest.raises(PayloadError, match="invst"):
        bankfiles.read(b"!Type:Invst\nD1/1/2025\nT5.00\n^\n", currency="USD")


@pytest.mark.parametrize(
    ("field", "where"),
    [("D40/10/2025\nT5.00", "line 2, D"), ("D1/13/2025", "line 2, T"), ("D1/13/2025\nTfive", "line 2, T")],
)
def test_a_broken_qif_entry_is_refused_by_line_and_field(field, where):
    with pytest.raises(PayloadError) as refused:
        bankfiles.read(f"!Type:Bank\n{field}\n^\n".encode(), currency="USD")
    assert refused.value.path == where
