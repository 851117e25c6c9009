"""OFX 1 (SGML) and 2 (XML), and QFX, which is OFX with Intuit's own tags. The sign of TRNAMT rules, not TRNTYPE.

https://financialdataexchange.org/FDX/About/OFX-Work-Group.aspx
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from integrations.bankfiles import dates, numbers, ofxtree
from integrations.bankfiles.drafting import Draft, Identities, checked_currency, fingerprint
from integrations.bankfiles.text import tidy
from integrations.errors import PayloadError
from integrations.records import BankLine, BankStatement

_DAY = re.compile(r"\s*([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_CREDIT_TYPES = frozenset(["CREDITLINE", "CREDITCARD"])


@dataclass(slots=True)
class _Row:
    """One STMTTRN understood as far as its own tags go."""

    node: ofxtree.Node
    path: str
    booked_on: date
    amount: int
    currency: str
    printed: str
    description: str


@dataclass(slots=True)
class _File:
    """What all statements of one file share: the decimal mark and the count of equal lines."""

    mark: str
    fallback_currency: str
    identities: Identities = field(default_factory=Identities)
    per_account: Counter[str] = field(default_factory=Counter)


def read(text: str, *, currency: str = "") -> tuple[BankStatement, ...]:
    """The statements of the file. Raises PayloadError naming the tag, also for an error answer or a file without statement."""
    root = ofxtree.parse(text)
    file = _File(_decimal_mark(root), currency)
    drafts: list[Draft] = []
    unread: list[str] = []
    for number, node in enumerate(root.iter(*ofxtree.STATEMENTS), 1):
        path = f"OFX.{node.name}[{number}]"
        securities = _securities(node)
        if securities and not list(node.iter("STMTTRN")):
            unread.append(f"{path}: an investment statement without cash lines ({securities} securities entries)")
            continue
        draft = _statement(node, file, path)
        if securities:
            draft.warnings.append(f"{path}: {securities} securities entries are not cash lines and were not read")
        drafts.append(draft)
    problems = [*unread, *_errors(root)]
    if not drafts:
        raise PayloadError("OFX", "; ".join(problems) or "the file holds no statement (STMTRS or CCSTMTRS is missing)")
    drafts[0].warnings.extend(problems)
    return tuple(draft.finish() for draft in drafts)


def _decimal_mark(root: ofxtree.Node) -> str:
    """The specification knows no thousands mark, so a lone point is a decimal point; a comma needs the file's evidence."""
    texts = [node.values.get("TRNAMT", "") for node in root.iter("STMTTRN")]
    texts += [node.values.get("BALAMT", "") for node in root.iter("LEDGERBAL")]
    mark, certain = numbers.decimal_mark(texts)
    if not certain and any("," in text for text in texts):
        if any("." in text for text in texts):
            return "mixed"
        raise PayloadError("OFX.TRNAMT", "the file does not tell whether its comma is a decimal mark")
    return mark


def _amount(text: str, file: _File, path: str) -> Decimal:
    if file.mark != "mixed":
        return numbers.amount(text, file.mark, path=path)
    found = numbers.split_sign(text)
    possible = numbers.marks(found[1]) if found else ""
    if len(possible) == 2 and "," in text:
        raise PayloadError(path, f"{text!r} could be a thousand: the file mixes decimal marks")
    return numbers.amount(text, possible[:1] or ".", path=path)


def _errors(root: ofxtree.Node) -> list[str]:
    found = []
    for status in root.iter("STATUS"):
        severity, code = status.text("SEVERITY").upper(), status.text("CODE")
        if severity == "ERROR" or (not severity and code.strip("0")):
            found.append(f"the bank answered with error {code}: {status.text('MESSAGE') or 'no message'}")
    return found


def _securities(node: ofxtree.Node) -> int:
    """Entries of an investment statement that move securities."""
    if node.name != "INVSTMTRS":
        return 0
    moves = [child for listing in node.iter("INVTRANLIST") for child in listing.children if child.name != "INVBANKTRAN"]
    return len(moves) or len(list(node.iter("INVPOS")))


def _statement(node: ofxtree.Node, file: _File, path: str) -> Draft:
    currency = checked_currency(node.text("CURDEF") or file.fallback_currency, path=f"{path}.CURDEF")
    holder = next(node.iter("BANKACCTFROM", "CCACCTFROM", "INVACCTFROM"), ofxtree.Node(""))
    account = holder.text("ACCTID")
    if not account:
        raise PayloadError(f"{path}.ACCTID", "the account number is missing")
    draft = Draft(account=account, currency=currency, path=path, kind=_kind(node, holder))
    bank = f"{holder.text('BANKID', 'BROKERID')}/{account}"
    rows: list[_Row] = []
    for number, entry in enumerate(node.iter("STMTTRN"), 1):
        where = f"{path}.STMTTRN[{number}]"
        if entry.text("CORRECTACTION").upper() == "DELETE":
            draft.warnings.append(f"{where}: the bank takes back line {entry.text('CORRECTFITID')}")
            continue
        rows.append(_row(entry, file, where, draft))
    unusable = _unusable_ids(rows)
    for row in rows:
        draft.lines.append(_line(row, bank, account, file, unusable))
    repeated = sum(row.node.text("FITID") in unusable for row in rows if row.node.text("FITID"))
    if repeated:
        draft.warnings.append(
            f"{path}: {repeated} lines have a FITID that does not identify them; told apart by content"
        )
    listings = list(node.iter("BANKTRANLIST", "INVTRANLIST"))
    draft.starts_on = min(filter(None, (_day(each.text("DTSTART")) for each in listings)), default=None)
    draft.ends_on = max(filter(None, (_day(each.text("DTEND")) for each in listings)), default=None)
    _balance(node, draft, file)
    return draft


def _kind(node: ofxtree.Node, holder: ofxtree.Node) -> str:
    if node.name == "INVSTMTRS":
        return "other"
    is_credit = node.name == "CCSTMTRS" or holder.text("ACCTTYPE").upper() in _CREDIT_TYPES
    return "credit" if is_credit else "depository"


def _balance(node: ofxtree.Node, draft: Draft, file: _File) -> None:
    """LEDGERBAL is the closing balance at its own date; it is often empty."""
    balance = next(node.iter("LEDGERBAL"), ofxtree.Node(""))
    as_of = _day(balance.text("DTASOF"))
    if text := balance.text("BALAMT"):
        path = f"{draft.path}.LEDGERBAL.BALAMT"
        draft.closing = numbers.minor(_amount(text, file, path), draft.currency, path=path, warnings=draft.warnings)
    last = max((line.booked_on for line in draft.lines), default=None)
    if draft.closing is not None and as_of and last and as_of < last:
        draft.warnings.append(f"{draft.path}: the balance is of {as_of}, lines go on to {last}")
    draft.ends_on = max(filter(None, (draft.ends_on, as_of, last)), default=_day(node.text("DTASOF")))


def _row(node: ofxtree.Node, file: _File, path: str, draft: Draft) -> _Row:
    printed = node.text("DTPOSTED")
    if not printed:
        raise PayloadError(f"{path}.DTPOSTED", "the date is missing")
    booked_on = _day(printed)
    if booked_on is None:
        raise PayloadError(f"{path}.DTPOSTED", f"{printed[:40]!r} is not a date")
    if not node.text("TRNAMT"):
        raise PayloadError(f"{path}.TRNAMT", "the amount is missing")
    foreign = node.find("CURRENCY")
    symbol = (foreign.text("CURSYM") if foreign else node.text("CURRENCY")) or draft.currency
    currency = checked_currency(symbol, path=f"{path}.CURRENCY.CURSYM")
    amount = _amount(node.text("TRNAMT"), file, f"{path}.TRNAMT")
    minor = numbers.minor(amount, currency, path=f"{path}.TRNAMT", warnings=draft.warnings)
    return _Row(node, path, booked_on, minor, currency, f"{abs(amount):.2f}", _description(node))


def _payee(node: ofxtree.Node) -> str:
    payee = node.find("PAYEE")
    return node.text("NAME") or (payee.text("NAME") if payee else "")


def _description(node: ofxtree.Node) -> str:
    name, memo, more = _payee(node), node.text("MEMO"), node.text("EXTDNAME")
    parts = [part for part in (name, more, memo) if part]
    kept = [part for index, part in enumerate(parts) if not any(part in other for other in parts[index + 1 :])]
    return tidy(" ".join(dict.fromkeys(kept)))


def _unusable_ids(rows: list[_Row]) -> set[str]:
    """FITIDs that repeat, and all of them where each is built from its line's date and amount.

    Banks that build the id from content also put the running balance in it, and that changes from export to export.
    """
    counts = Counter(row.node.text("FITID") for row in rows)
    unusable = {fitid for fitid, count in counts.items() if count > 1}
    if rows and all(_is_built(row) for row in rows):
        unusable |= set(counts)
    return unusable


def _is_built(row: _Row) -> bool:
    fitid = row.node.text("FITID")
    return row.printed in fitid and f"{row.booked_on:%y%m%d}" in fitid


def _line(row: _Row, bank: str, account: str, file: _File, unusable: set[str]) -> BankLine:
    node = row.node
    fitid = node.text("FITID")
    ordinal = 0
    if fitid and fitid not in unusable:
        external_id = fingerprint("ofx", bank, fitid)
    else:
        external_id, ordinal = file.identities.take(bank, row.booked_on, row.currency, row.amount, row.description)
    corrected = node.text("CORRECTFITID")
    return BankLine(
        external_id=external_id,
        booked_on=row.booked_on,
        currency=row.currency,
        account=account,
        amount=row.amount,
        description=row.description,
        counterparty=_payee(node),
        replaces=fingerprint("ofx", bank, corrected) if corrected and corrected != fitid else "",
        code=node.text("TRNTYPE"),
        reference=node.text("CHECKNUM", "REFNUM"),
        ordinal=ordinal,
    )


def _day(text: str) -> date | None:
    """The printed date: hour and zone behind it never move it."""
    found = _DAY.match(text)
    return dates.day(int(found[1]), int(found[2]), int(found[3])) if found else None
