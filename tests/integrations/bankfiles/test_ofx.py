from __future__ import annotations

from datetime import date

import pytest

from integrations import bankfiles
from integrations.errors import PayloadError

HEAD = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"


def entry(amount="-5.00", fitid="F1", posted="20230509120000.000[-5:EST]", name="Shop", more=""):
    return f"<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>{posted}<TRNAMT>{amount}<FITID>{fitid}<NAME>{name}{more}</STMTTRN>\n"


def account(*entries, number="77", currency="USD", balance="", bank="1"):
    return (
        f"<STMTTRNRS><STMTRS><CURDEF>{currency}<BANKACCTFROM><BANKID>{bank}<ACCTID>{number}<ACCTTYPE>CHECKING</BANKACCTFROM>"
        f"<BANKTRANLIST><DTSTART>20230501<DTEND>20230531{''.join(entries)}</BANKTRANLIST>{balance}</STMTRS></STMTTRNRS>"
    )


def file(*accounts, head=HEAD):
    return f"{head}<OFX><BANKMSGSRSV1>{''.join(accounts)}</BANKMSGSRSV1></OFX>".encode("cp1252")


def lines(*entries, **options):
    return bankfiles.read(file(account(*entries, **options)))[0].lines


@pytest.mark.parametrize("head", ["", "\r\n" * 12, HEAD.replace("\n", "\r\n"), HEAD.replace("\n", " ")])
def test_the_header_may_be_blank_lines_or_nothing_at_all(head):
    assert len(bankfiles.read(file(account(entry()), head=head))[0].lines) == 1


def test_the_sign_of_the_amount_rules_and_not_the_type():
    (line,) = lines(entry("12.00"))
    assert (line.amount, line.code) == (1200, "DEBIT")


@pytest.mark.parametrize(
    ("printed", "minor"),
    [
        ("-30.000", -3000),
        ("200,29", 20029),
        ("120", 12000),
        ("+00000000000115.80", 11580),
        ("-0", 0),
        ("1,234.56", 123456),
    ],
)
def test_amounts_are_read_as_banks_print_them(printed, minor):
    assert lines(entry(printed))[0].amount == minor


def test_an_amount_that_could_be_a_thousand_is_refused():
    with pytest.raises(PayloadError, match="decimal mark"):
        lines(entry("1,234"))


def test_surplus_decimals_are_rounded_and_told():
    (statement,) = bankfiles.read(file(account(entry("115.8331"))))
    assert statement.lines[0].amount == 11583
    assert any("TRNAMT: 115.8331 has more decimals" in warning for warning in statement.warnings)


def test_the_printed_date_is_kept_whatever_the_zone():
    assert lines(entry(posted="20230509233000.000[+12:NZST]"))[0].booked_on == date(2023, 5, 9)


@pytest.mark.parametrize("posted", ["", "20120231", "yesterday"])
def test_a_missing_or_impossible_date_is_refused_by_name(posted):
    with pytest.raises(PayloadError, match=r"STMTRS\[1\]\.STMTTRN\[1\]\.DTPOSTED"):
        lines(entry(posted=posted))


def test_entities_escaped_twice_are_undone_and_lone_ampersands_stay():
    assert lines(entry(name="A &amp;lt;B&amp;gt; &amp; C & D"))[0].description == "A <B> & C & D"


def test_an_empty_value_without_end_tag_does_not_swallow_the_next():
    (line,) = lines(entry(name="Shop<MEMO>\n<CHECKNUM>12"))
    assert (line.description, line.reference) == ("Shop", "12")


def test_utf8_under_a_header_that_says_windows_is_read_as_utf8():
    content = HEAD + f"<OFX>{account(entry(name='Café'))}</OFX>"
    assert bankfiles.read(content.encode())[0].lines[0].description == "Café"


def test_windows_text_is_read_too():
    assert lines(entry(name="Café €"))[0].description == "Café €"


def test_the_same_id_at_two_accounts_makes_two_lines():
    first, second = bankfiles.read(file(account(entry(), number="1"), account(entry(), number="2")))
    assert first.lines[0].external_id != second.lines[0].external_id


def test_a_repeated_id_is_told_apart_by_content_and_ordinal():
    (statement,) = bankfiles.read(file(account(entry("-3.00"), entry("-3.00"), entry("-4.00"))))
    assert len({line.external_id for line in statement.lines}) == 3
    assert [line.ordinal for line in statement.lines] == [0, 1, 0]
    assert any("FITID" in warning for warning in statement.warnings)


def test_a_missing_id_is_replaced_by_content():
    assert len({line.external_id for line in lines(entry(fitid=""), entry(fitid="", amount="-6.00"))}) == 2


def test_an_id_built_from_amount_date_and_running_balance_does_not_identify():
    one = lines(entry("-30.00", fitid="001-30.00023050912798.01"))
    other = lines(entry("-30.00", fitid="001-30.00023050999999.99"))
    assert one[0].external_id == other[0].external_id


def test_overlapping_exports_agree_on_the_ids_of_the_shared_lines():
    march = lines(entry(fitid="A"), entry(fitid="B"))
    april = lines(entry(fitid="B"), entry(fitid="C"))
    assert march[1].external_id == april[0].external_id


def test_a_correction_names_the_line_it_replaces():
    (old,) = lines(entry(fitid="OLD"))
    (new,) = lines(entry(fitid="NEW", more="<CORRECTFITID>OLD<CORRECTACTION>REPLACE"))
    assert new.replaces == old.external_id


def test_a_line_the_bank_takes_back_is_not_a_line():
    (statement,) = bankfiles.read(file(account(entry(more="<CORRECTFITID>OLD<CORRECTACTION>DELETE"))))
    assert statement.lines == ()
    assert any("takes back line OLD" in warning for warning in statement.warnings)


def test_currency_marks_a_foreign_amount_and_origcurrency_does_not():
    foreign, converted = lines(
        entry(fitid="1", more="<CURRENCY><CURRATE>1.1<CURSYM>EUR</CURRENCY>"),
        entry(fitid="2", more="<ORIGCURRENCY><CURRATE>1.1<CURSYM>EUR</ORIGCURRENCY>"),
    )
    assert (foreign.currency, converted.currency) == ("EUR", "USD")


def test_an_empty_ledger_balance_is_no_balance():
    (statement,) = bankfiles.read(file(account(entry(), balance="<LEDGERBAL><BALAMT/><DTASOF/></LEDGERBAL>")))
    assert statement.closing is None


def test_the_ledger_balance_closes_the_statement_at_its_own_date():
    balance = "<LEDGERBAL><BALAMT>12.34<DTASOF>20230602</LEDGERBAL>"
    (statement,) = bankfiles.read(file(account(entry(), balance=balance)))
    assert (statement.closing, statement.booked_on) == (1234, date(2023, 6, 2))


def test_a_transaction_list_that_is_never_closed_keeps_its_balance_apart():
    content = file(account(entry(), balance="<LEDGERBAL><BALAMT>1.00<DTASOF>20230531</LEDGERBAL>"))
    (statement,) = bankfiles.read(content.replace(b"</BANKTRANLIST>", b"").replace(b"</STMTTRN>", b""))
    assert (len(statement.lines), statement.closing) == (1, 100)


def test_a_card_statement_is_credit():
    body = file(account(entry())).replace(b"STMTRS", b"CCSTMTRS").replace(b"BANKACCTFROM", b"CCACCTFROM")
    assert bankfiles.read(body)[0].account_kind == "credit"


def test_an_error_answer_says_what_the_bank_said():
    content = b"<OFX><STATUS><CODE>15500<SEVERITY>ERROR<MESSAGE>wrong password</STATUS></OFX>"
    with pytest.raises(PayloadError, match="error 15500: wrong password"):
        bankfiles.read(content)


@pytest.mark.parametrize(("missing", "name"), [("<CURDEF>USD", "CURDEF"), ("<ACCTID>77", "ACCTID")])
def test_what_identifies_the_account_must_be_there(missing, name):
    with pytest.raises(PayloadError, match=name):
        bankfiles.read(file(account(entry())).replace(missing.encode(), b""))


def test_comments_hold_nothing():
    (line,) = lines(entry(more="<!-- <TRNAMT>-999.00 -->"))
    assert line.amount == -500


@pytest.mark.parametrize("bomb", ["<!DOCTYPE OFX [<!ENTITY a 'b'>]>", "<!ENTITY x SYSTEM 'file:///etc/passwd'>"])
def test_a_doctype_or_entity_is_refused(bomb):
    with pytest.raises(PayloadError, match="refused"):
        bankfiles.read(f'<?xml version="1.0"?>{bomb}<OFX>{account(entry())}</OFX>'.encode())


def test_qfx_is_told_from_ofx():
    assert bankfiles.detect(file(account(entry())), "a.ofx") == "ofx"
    assert bankfiles.detect(file("<INTU.BID>0001", account(entry())), "a.ofx") == "qfx"
