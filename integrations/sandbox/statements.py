"""Statements as banks send them, one file an account and month, for companies whose bank gives files and no feed.

Which format a month comes in is fixed, so that the story has every format: OFX 2 and QFX (https://financialdataexchange.org),
CAMT.053.001.08 (https://www.iso20022.org), MT940, QIF and CSV. Amounts are printed in dollars, money in positive.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from integrations.sandbox.world.calendar import month_end, month_start
from integrations.sandbox.world.documents import dollars
from integrations.sandbox.world.truth import statement_balances

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.sandbox.world import CompanyWorld
    from integrations.sandbox.world.journal import Movement

SYSTEM = "bank-file"
#: Account in the books → number on the statement.
NUMBERS = {"Checking": "5550084410", "Savings": "5550087725", "Business Visa": "XXXXXXXXXXXX3098"}
BANK = "011000138"
#: (account, month) → format.
FORMATS = {
    ("Checking", "2026-01"): "ofx",
    ("Checking", "2026-02"): "camt.053",
    ("Checking", "2026-03"): "mt940",
    ("Savings", "2026-01"): "csv",
    ("Savings", "2026-02"): "csv",
    ("Savings", "2026-03"): "csv",
    ("Business Visa", "2026-01"): "qfx",
    ("Business Visa", "2026-02"): "qfx",
    ("Business Visa", "2026-03"): "qif",
}
_ENDINGS = {"camt.053": "xml", "mt940": "sta"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One month of one account. Cents in the books' sign: what a card owes is negative, as its lines are."""

    account: str
    month: str
    format: str
    opening_minor: int
    closing_minor: int
    lines: tuple[Movement, ...]

    @property
    def number(self) -> str:
        return NUMBERS[self.account]

    @property
    def filename(self) -> str:
        ending = _ENDINGS.get(self.format, self.format)
        return f"{self.account.replace(' ', '-').lower()}-{self.month}.{ending}"

    @property
    def content(self) -> bytes:
        return _WRITERS[self.format](self).encode()

    @property
    def facts(self) -> dict[str, Any]:
        """What the paper copy says, for whoever types what the file does not."""
        return {
            "filename": self.filename,
            "account": self.account,
            "number": self.number,
            "month": self.month,
            "format": self.format,
            "opening_minor": self.opening_minor,
            "closing_minor": self.closing_minor,
            "lines": len(self.lines),
        }


def statements_of(company: CompanyWorld) -> list[Statement]:
    """Every statement file of a company, none for one whose bank is connected."""
    if SYSTEM not in company.cast.systems:
        return []
    held = statement_balances(company)
    found = []
    for (account, month), kind in FORMATS.items():
        first, last = month_start(month), month_end(month)
        lines = tuple(line for line in company.movements if line.account == account and first <= line.posted_on <= last)
        closing = held[account]["months"][month]
        moved = sum(line.amount_minor for line in lines)
        found.append(Statement(account, month, kind, closing - moved, closing, lines))
    return found


def _ofx(statement: Statement) -> str:
    """OFX 2.2 (XML), a bank account or a card; QFX is the same with Intuit's own tag."""
    first, last = month_start(statement.month), month_end(statement.month)
    card = statement.account == "Business Visa"
    holder = f"<BANKID>{BANK}</BANKID><ACCTID>{statement.number}</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE>"
    holder = f"<CCACCTFROM><ACCTID>{statement.number}</ACCTID></CCACCTFROM>" if card else _tag("BANKACCTFROM", holder)
    lines = "".join(
        _tag(
            "STMTTRN",
            f"<TRNTYPE>{'CREDIT' if line.amount_minor > 0 else 'DEBIT'}</TRNTYPE>"
            f"<DTPOSTED>{line.posted_on:%Y%m%d}120000</DTPOSTED><TRNAMT>{dollars(line.amount_minor)}</TRNAMT>"
            f"<FITID>{statement.month}-{number:04d}</FITID>"
            + (f"<CHECKNUM>{line.check_number}</CHECKNUM>" if line.check_number else "")
            + f"<NAME>{escape(line.text[:32])}</NAME><MEMO>{escape(line.text)}</MEMO>",
        )
        for number, line in enumerate(statement.lines, 1)
    )
    listed = _tag("BANKTRANLIST", f"<DTSTART>{first:%Y%m%d}</DTSTART><DTEND>{last:%Y%m%d}</DTEND>{lines}")
    balance = f"<BALAMT>{dollars(statement.closing_minor)}</BALAMT><DTASOF>{last:%Y%m%d}</DTASOF>"
    body = f"<CURDEF>USD</CURDEF>{holder}{listed}{_tag('LEDGERBAL', balance)}"
    outer = ("CREDITCARDMSGSRSV1", "CCSTMTTRNRS", "CCSTMTRS") if card else ("BANKMSGSRSV1", "STMTTRNRS", "STMTRS")
    status = "<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>"
    answer = _tag(outer[0], _tag(outer[1], f"<TRNUID>1</TRNUID>{status}{_tag(outer[2], body)}"))
    intuit = "<INTU.BID>03000</INTU.BID>" if statement.format == "qfx" else ""
    signed = f"{status}<DTSERVER>{last:%Y%m%d}</DTSERVER><LANGUAGE>ENG</LANGUAGE>{intuit}"
    signed_on = _tag("SIGNONMSGSRSV1", _tag("SONRS", signed))
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    head += '<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>'
    return f"{head}\n{_tag('OFX', signed_on + answer)}\n"


def _tag(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


def _signed(amount_minor: int) -> str:
    side = "CRDT" if amount_minor >= 0 else "DBIT"
    return f'<Amt Ccy="USD">{dollars(abs(amount_minor))}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _camt(statement: Statement) -> str:
    first, last = month_start(statement.month), month_end(statement.month)
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_signed(amount)}<Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, amount, day in (("OPBD", statement.opening_minor, first), ("CLBD", statement.closing_minor, last))
    )
    entries = "".join(
        f"<Ntry>{_signed(line.amount_minor)}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{line.posted_on}</Dt></BookgDt>"
        f"<ValDt><Dt>{line.posted_on}</Dt></ValDt><AcctSvcrRef>{statement.month}-{number:04d}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{line.check_number or 'NOTPROVIDED'}</EndToEndId></Refs>"
        f"<RmtInf><Ustrd>{escape(line.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for number, line in enumerate(statement.lines, 1)
    )
    account = f"<Acct><Id><Othr><Id>{statement.number}</Id></Othr></Id><Ccy>USD</Ccy></Acct>"
    period = f"<FrToDt><FrDtTm>{first}T00:00:00</FrDtTm><ToDtTm>{last}T23:59:59</ToDtTm></FrToDt>"
    head = f"<GrpHdr><MsgId>{statement.month}</MsgId><CreDtTm>{last}T23:59:59</CreDtTm></GrpHdr>"
    body = f"<Id>{statement.month}</Id><CreDtTm>{last}T23:59:59</CreDtTm>{period}{account}{balances}{entries}"
    root = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}<BkToCstmrStmt>{head}{_tag("Stmt", body)}</BkToCstmrStmt></Document>\n'


def _comma(amount_minor: int) -> str:
    return str(dollars(abs(amount_minor))).replace(".", ",")


def _mt940(statement: Statement) -> str:
    first, last = month_start(statement.month), month_end(statement.month)
    sides = {True: "C", False: "D"}
    opening, closing = statement.opening_minor, statement.closing_minor
    rows = [
        f":20:{statement.month}",
        f":25:{statement.number}",
        f":28C:{int(statement.month[-2:]):05d}/001",
        f":60F:{sides[opening >= 0]}{first:%y%m%d}USD{_comma(opening)}",
    ]
    for line in statement.lines:
        kind = "NCHK" if line.check_number else "NTRF"
        side = sides[line.amount_minor > 0]
        reference = line.check_number or "NONREF"
        rows.append(f":61:{line.posted_on:%y%m%d%m%d}{side}{_comma(line.amount_minor)}{kind}{reference}")
        rows.append(f":86:{line.text}")
    rows.append(f":62F:{sides[closing >= 0]}{last:%y%m%d}USD{_comma(closing)}")
    return "\r\n".join([*rows, "-", ""])


def _qif(statement: Statement) -> str:
    """The format says neither currency nor balance; the paper statement does."""
    kind = "CCard" if statement.account == "Business Visa" else "Bank"
    rows = ["!Account", f"N{statement.number}", f"T{kind}", "^", f"!Type:{kind}"]
    for line in statement.lines:
        rows += [f"D{line.posted_on:%m/%d/%Y}", f"T{dollars(line.amount_minor):,}", f"P{line.text}"]
        rows += [f"N{line.check_number}"] if line.check_number else []
        rows.append("^")
    return "\r\n".join([*rows, ""])


def _csv(statement: Statement) -> str:
    """Newest last, with the running balance that proves every line."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["Account Number", "Posting Date", "Description", "Amount", "Balance"])
    running = accumulate((line.amount_minor for line in statement.lines), initial=statement.opening_minor)
    for line, balance in zip(statement.lines, list(running)[1:], strict=True):
        day = line.posted_on.isoformat()
        rows.writerow([statement.number, day, line.text, dollars(line.amount_minor), dollars(balance)])
    return out.getvalue()


_WRITERS: dict[str, Callable[[Statement], str]] = {
    "ofx": _ofx,
    "qfx": _ofx,
    "camt.053": _camt,
    "mt940": _mt940,
    "qif": _qif,
    "csv": _csv,
}
