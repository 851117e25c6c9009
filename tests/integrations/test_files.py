"""Files of banks: nothing is a line before it is confirmed, and an overlapping file adds only what is new."""

from __future__ import annotations

from typing import Any

import pytest

from clients.tenancy import client_context
from integrations import files
from integrations.models import Connection, ControlTotal, Fact, FileImport, SourceDocument

OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20260331<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>USD
<BANKACCTFROM><BANKID>000111<ACCTID>55501234<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260301<DTEND>202603{end}
{lines}
</BANKTRANLIST><LEDGERBAL><BALAMT>{balance}<DTASOF>202603{end}</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
LINE = "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>202603{day}<TRNAMT>{amount}<FITID>{fitid}<NAME>{name}</STMTTRN>"


def ofx(end: str, balance: str, *rows: tuple[str, str, str, str]) -> bytes:
    lines = "\n".join(LINE.format(day=day, amount=amount, fitid=fitid, name=name) for day, amount, fitid, name in rows)
    return OFX.format(end=end, balance=balance, lines=lines).encode()


FIRST = ofx("15", "900.00", ("03", "-60.00", "a1", "Larch Supply"), ("10", "-40.00", "a2", "Alder Print"))
SECOND = ofx("31", "855.00", ("10", "-40.00", "a2", "Alder Print"), ("31", "-45.00", "a3", "MONTHLY SERVICE FEE"))
DATES = b"Date,Description,Amount\n03/04/2026,Larch Supply,-60.00\n05/04/2026,Alder Print,-40.00\n"


@pytest.fixture
def kestrel(world: Any) -> Any:
    with client_context(world.kestrel.pk):
        yield world


def bring(world: Any, content: bytes, name: str = "march.ofx", **options: Any) -> FileImport:
    return files.preview(world.bob, world.kestrel, filename=name, content=content, **options)


def test_a_preview_stores_no_line(kestrel):
    brought = bring(kestrel, FIRST)
    (account,) = brought.summary["accounts"]
    assert (account["lines"], account["out_minor"], account["closing_minor"]) == (2, -10000, 90000)
    assert not SourceDocument.objects.exists()
    assert not Fact.objects.exists()
    assert not Connection.objects.exists()


def test_a_confirmed_file_becomes_lines_of_its_account(kestrel):
    (connection,) = files.confirm(bring(kestrel, FIRST), actor=kestrel.bob)
    lines = Fact.objects.filter(connection_id=connection.pk, kind="BankLine", state="new")
    assert sorted(lines.values_list("amount_minor", flat=True)) == [-6000, -4000]
    assert (connection.provider, connection.is_live) == ("bank-file", True)
    assert ControlTotal.objects.get().total_minor == 90000


def test_an_overlapping_file_adds_only_the_new_line(kestrel):
    files.confirm(bring(kestrel, FIRST), actor=kestrel.bob)
    second = bring(kestrel, SECOND)
    files.confirm(second, actor=kestrel.bob)
    second.refresh_from_db()
    assert second.summary["stored"] == {"new": 1, "changed": 0, "unchanged": 1}
    assert Fact.objects.filter(kind="BankLine").count() == 3


def test_the_same_file_again_changes_nothing_and_says_so(kestrel):
    files.confirm(bring(kestrel, FIRST), actor=kestrel.bob)
    again = bring(kestrel, FIRST)
    files.confirm(again, actor=kestrel.bob)
    assert again.summary["was_brought_before"] is True
    assert Fact.objects.filter(kind="BankLine").count() == 2


def test_a_file_is_confirmed_once(kestrel):
    brought = bring(kestrel, FIRST)
    files.confirm(brought, actor=kestrel.bob)
    with pytest.raises(files.FileRefused, match="settled already"):
        files.confirm(brought, actor=kestrel.bob)


def test_a_discarded_file_cannot_be_confirmed(kestrel):
    brought = bring(kestrel, FIRST)
    files.discard(brought, actor=kestrel.bob)
    with pytest.raises(files.FileRefused):
        files.confirm(brought, actor=kestrel.bob)
    assert not Fact.objects.exists()


def test_a_date_order_nobody_can_tell_is_asked_not_guessed(kestrel):
    brought = bring(kestrel, DATES, "export.csv")
    assert brought.summary["questions"]
    with pytest.raises(files.FileRefused):
        files.confirm(brought, actor=kestrel.bob, account="Checking")
    assert not Fact.objects.exists()


def test_a_settled_layout_is_remembered_for_the_account(kestrel):
    brought = bring(kestrel, DATES, "export.csv")
    files.answer(brought, brought.mapping | {"date_format": "MDY", "currency": "USD"})
    (connection,) = files.confirm(brought, actor=kestrel.bob, account="Checking")
    again = bring(kestrel, DATES, "export.csv", connection=connection)
    assert "questions" not in again.summary
    assert (again.summary["accounts"][0]["first"], again.mapping["date_format"]) == ("2026-03-04", "MDY")


def test_a_csv_without_an_account_asks_for_one(kestrel):
    brought = bring(kestrel, DATES, "export.csv")
    files.answer(brought, brought.mapping | {"date_format": "DMY", "currency": "USD"})
    with pytest.raises(files.FileRefused, match="which account"):
        files.confirm(brought, actor=kestrel.bob)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rest", b"\x00" * 100, b"x" * (10 * 1024 * 1024 + 1)])
def test_what_is_no_statement_is_refused_with_words(kestrel, content):
    with pytest.raises(files.FileRefused):
        bring(kestrel, content)
    assert not FileImport.objects.exists()
