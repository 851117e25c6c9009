from __future__ import annotations

from datetime import date

import pytest

from integrations import bankfiles
from integrations.errors import PayloadError


def entry(amount="8.85", side="CRDT", status="<Sts>BOOK</Sts>", ref="", booked="2025-03-05", more="", currency="EUR"):
    reference = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{status}'
        f"<BookgDt><Dt>{booked}</Dt></BookgDt>{reference}{more}</Ntry>"
    )


def balance(code, amount, side="CRDT", currency="EUR"):
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{amount}</Amt>"
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2025-03-05</Dt></Dt></Bal>"
    )


def statement(*parts, number="S1", iban="NL77ABNA0574908765"):
    return f"<Stmt><Id>{number}</Id><Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>{''.join(parts)}</Stmt>"


def file(*statements, version="02", namespace=True):
    name = f' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"' if namespace else ""
    return f"<Document{name}><BkToCstmrStmt>{''.join(statements)}</BkToCstmrStmt></Document>".encode()


def lines(*entries):
    return bankfiles.read(file(statement(*entries)))[0].lines


@pytest.mark.parametrize("version", ["02", "03", "04", "08"])
@pytest.mark.parametrize("status", ["<Sts>BOOK</Sts>", "<Sts><Cd>BOOK</Cd></Sts>"])
def test_all_living_versions_are_read_without_warning(version, status):
    (read,) = bankfiles.read(file(statement(entry(status=status)), version=version))
    assert (read.lines[0].amount, read.lines[0].pending, read.warnings) == (885, False, ())


def test_prefixes_and_a_missing_namespace_do_not_matter():
    bare = file(statement(entry()), namespace=False)
    prefixed = file(statement(entry())).replace(b"<", b"<n:").replace(b"<n:/", b"</n:").replace(b"xmlns", b"xmlns:n")
    assert bankfiles.read(bare)[0].lines == bankfiles.read(prefixed)[0].lines


def test_a_reversal_flips_nothing():
    assert lines(entry(side="DBIT", more="<RvslInd>true</RvslInd>"))[0].amount == -885


def test_pending_is_shown_but_not_counted_and_information_is_no_line():
    (read,) = bankfiles.read(
        file(
            statement(
                balance("OPBD", "10.00"),
                balance("CLBD", "18.85"),
                entry(),
                entry(status="<Sts>PDNG</Sts>", ref="P"),
                entry(status="<Sts><Cd>INFO</Cd></Sts>", ref="I"),
            )
        )
    )
    assert [line.pending for line in read.lines] == [False, True]
    assert not any("closing" in warning for warning in read.warnings)
    assert any("INFO is not money" in warning for warning in read.warnings)


def test_the_date_may_be_a_time_and_its_zone_moves_nothing():
    printed = entry().replace("<Dt>2025-03-05</Dt>", "<DtTm>2025-03-05T23:30:00-11:00</DtTm>")
    assert lines(printed)[0].booked_on == date(2025, 3, 5)


def test_a_batch_is_one_line_with_its_transactions_in_the_memo():
    details = "".join(
        f"<TxDtls><Refs><EndToEndId>E{n}</EndToEndId></Refs><Amt Ccy='EUR'>{n}.00</Amt></TxDtls>" for n in (1, 2)
    )
    (line,) = lines(entry("3.00", more=f"<NtryDtls>{details}</NtryDtls>"))
    assert (line.amount, line.memo) == (300, "EUR 1.00 E1; EUR 2.00 E2")


def test_the_counterparty_is_the_other_side():
    parties = "<Dbtr><Pty><Nm>Payer Ltd</Nm></Pty></Dbtr><Cdtr><Nm>Payee Ltd</Nm></Cdtr>"
    details = f"<NtryDtls><TxDtls><RltdPties>{parties}</RltdPties></TxDtls></NtryDtls>"
    assert [line.counterparty for line in lines(entry(more=details), entry(side="DBIT", more=details))] == [
        "Payer Ltd",
        "Payee Ltd",
    ]


def test_the_banks_reference_identifies_across_statements():
    one = bankfiles.read(file(statement(entry(ref="R1"), number="S1")))[0].lines[0]
    again = bankfiles.read(file(statement(entry(ref="R1", more="<AddtlNtryInf>x</AddtlNtryInf>"), number="S2")))[
        0
    ].lines[0]
    assert one.external_id == again.external_id


def test_a_reference_used_twice_is_told_apart_by_content():
    assert len({line.external_id for line in lines(entry(ref="R"), entry("1.00", ref="R"), entry(ref="R"))}) == 3


def test_entry_references_counted_from_one_do_not_collide_between_statements():
    number = "<NtryRef>1</NtryRef>"
    one = bankfiles.read(file(statement(entry(more=number), number="S1")))[0].lines[0]
    two = bankfiles.read(file(statement(entry("9.99", booked="2025-03-06", more=number), number="S2")))[0].lines[0]
    assert one.external_id != two.external_id


def test_a_statement_that_stands_twice_is_read_once():
    single = bankfiles.read(file(statement(entry(ref="R"))))
    double = bankfiles.read(file(statement(entry(ref="R")), statement(entry(ref="R"))))
    assert [s.lines for s in single] == [s.lines for s in double]
    assert any("twice" in warning for warning in double[0].warnings)


def test_balances_that_do_not_add_up_are_told():
    (read,) = bankfiles.read(file(statement(balance("PRCD", "1.00"), balance("CLBD", "5.00", "DBIT"), entry())))
    assert (read.opening, read.closing) == (100, -500)
    assert any("opening 1.00 + lines 8.85 = 9.85, but the closing balance is -5.00" in w for w in read.warnings)


def test_a_balance_in_another_currency_is_not_used():
    (read,) = bankfiles.read(file(statement(balance("CLBD", "5.00", currency="SEK"), entry())))
    assert read.closing is None
    assert any("SEK" in warning for warning in read.warnings)


@pytest.mark.parametrize(
    ("printed", "minor", "told"), [("8.85000", 885, False), ("8.85250", 885, True), ("8.85700", 886, True)]
)
def test_up_to_five_decimals_are_read_and_real_ones_are_told(printed, minor, told):
    (read,) = bankfiles.read(file(statement(entry(printed))))
    assert (read.lines[0].amount, bool(read.warnings)) == (minor, told)


def test_no_entries_is_a_statement_without_lines():
    (read,) = bankfiles.read(file(statement(balance("OPBD", "1.00"), balance("CLBD", "1.00"))))
    assert (read.lines, read.warnings) == ((), ())


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (entry(side=""), r"Ntry\[1\]\.CdtDbtInd"),
        (entry("-1.00"), r"Ntry\[1\]\.Amt"),
        (entry("much"), r"Ntry\[1\]\.Amt"),
        (entry(booked="2025-02-30"), r"Ntry\[1\]\.BookgDt"),
        (entry(booked=""), r"Ntry\[1\]\.BookgDt"),
    ],
)
def test_an_entry_without_clear_money_is_refused_by_name(broken, where):
    with pytest.raises(PayloadError, match=where):
        lines(broken)


@pytest.mark.parametrize(
    ("root", "kind", "reason"),
    [
        ("BkToCstmrAcctRpt", "camt.052", "never booked"),
        ("BkToCstmrDbtCdtNtfctn", "camt.054", "details"),
    ],
)
def test_intraday_reports_and_notifications_are_known_and_refused(root, kind, reason):
    content = f"<Document><{root}></{root}></Document>".encode()
    assert bankfiles.detect(content) == kind
    with pytest.raises(PayloadError, match=reason):
        bankfiles.read(content)


@pytest.mark.parametrize("bomb", ["<!DOCTYPE a>", '<!DOCTYPE a [<!ENTITY b "c">]>'])
def test_a_doctype_is_refused_before_parsing(bomb):
    with pytest.raises(PayloadError, match="refused"):
        bankfiles.read(bomb.encode() + file(statement(entry())))


def test_a_charset_that_is_declared_is_honoured():
    content = b'<?xml version="1.0" encoding="ISO-8859-2"?>' + file(
        statement(entry(more="<AddtlNtryInf>Ł</AddtlNtryInf>"))
    )
    assert bankfiles.read(content.decode().encode("iso-8859-2"))[0].lines[0].description == "Ł"
