"""CAMT.053 (bank to customer statement), versions 2, 3, 4, 8 and whatever else reads alike; 052 and 054 are told apart.

Schemas: https://www.iso20022.org/iso-20022-message-definitions (camt.053.001.xx). Files that break their schema are read
where the money in them is clear.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError  # the class only; parsing is defusedxml's

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from integrations.bankfiles import dates, numbers
from integrations.bankfiles.camtdetails import Entry, counterparty, description, details_memo, reference
from integrations.bankfiles.drafting import Draft, Identities, checked_currency, fingerprint
from integrations.errors import PayloadError
from integrations.records import BankLine, BankStatement

if TYPE_CHECKING:
    from decimal import Decimal
    from xml.etree.ElementTree import Element

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_NAMESPACE = re.compile(r"camt\.(05[234])\.001\.([0-9]{2})")
_KNOWN_VERSIONS = frozenset(["02", "03", "04", "08"])
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)
_NO_REFERENCE = frozenset(["", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "NOREF", "0"])


@dataclass(slots=True)
class _File:
    """What all statements of one file share."""

    fallback_currency: str
    references: Counter[str] = field(default_factory=Counter)
    identities: Identities = field(default_factory=Identities)


def read(text: str, *, currency: str = "") -> tuple[BankStatement, ...]:
    """One BankStatement for each Stmt. Raises PayloadError for 052, 054, a file without statement and unreadable entries."""
    root, message, version = _parse(text)
    if message == "052":
        raise PayloadError(
            "Document", "camt.052 is an intraday report: it is never booked, import the camt.053 of the day"
        )
    if message == "054":
        raise PayloadError("Document", "camt.054 holds only details of a lump entry: import the camt.053 it belongs to")
    nodes = [node for parent in root.iter("BkToCstmrStmt") for node in parent.findall("Stmt")]
    if not nodes:
        raise PayloadError("Document.BkToCstmrStmt.Stmt", "the file holds no statement (Stmt is missing)")
    once: dict[tuple[str, ...], tuple[int, Element]] = {}
    for number, node in enumerate(nodes, 1):
        once.setdefault(_content(node) if len(nodes) > 1 else (), (number, node))
    file = _File(currency)
    entries = {number: _entries(node) for number, node in once.values()}
    for number, node in once.values():
        account = _account(node)
        file.references.update(f"{account}/{_servicer_reference(entry)}" for entry in entries[number])
    drafts = [_statement(node, entries[number], file, f"Stmt[{number}]", version) for number, node in once.values()]
    if len(once) < len(nodes):
        drafts[0].warnings.append(f"{len(nodes) - len(once)} statements stand twice in the file and were read once")
    return tuple(draft.finish() for draft in drafts)


def _entries(node: Element) -> list[Entry]:
    """The entries of a statement; their part of the tree is given up at once, a long statement has many nodes."""
    found = []
    for entry in node.findall("Ntry"):
        found.append(Entry.of(entry))
        entry.clear()
    return found


def _content(node: Element) -> tuple[str, ...]:
    """What two copies of a statement agree on, whatever they say of when and as what they were made."""
    head = (_account(node), _text(node, "Id"), _text(node, "ElctrncSeqNb"), _text(node, "LglSeqNb"), _page(node))
    return (*head, *("".join(part.itertext()) for part in node if part.tag in {"Bal", "Ntry"}))


def message_of(text: str) -> str:
    """``053``, ``052``, ``054``, or empty when the text is no such message; reads the head only."""
    head = text[:20000]
    names = {"BkToCstmrStmt": "053", "BkToCstmrAcctRpt": "052", "BkToCstmrDbtCdtNtfctn": "054"}
    for name, message in names.items():
        if re.search(rf"<(?:[A-Za-z0-9_]+:)?{name}[\s/>]", head):
            return message
    found = _NAMESPACE.search(head)
    return found[1] if found else ""


def _parse(text: str) -> tuple[Element, str, str]:
    upper = text.upper()
    if "<!DOCTYPE" in upper or "<!ENTITY" in upper:
        raise PayloadError("Document", "a DOCTYPE or ENTITY declaration is refused")
    try:
        root: Element = fromstring(_DECLARATION.sub("", text), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise PayloadError("Document", f"not readable XML: {error}") from error
    version = _NAMESPACE.search(text[:20000])
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root, message_of(text), version[2] if version else ""


def _text(node: Element, *paths: str) -> str:
    """The first of the paths that holds text."""
    for path in paths:
        found = node.findtext(path)
        if found and found.strip():
            return found.strip()
    return ""


def _account(node: Element) -> str:
    return _text(node, "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/BBAN", "Acct/Id/PrtryAcct/Id").replace(" ", "")


def _servicer_reference(entry: Entry) -> str:
    """The bank's own reference of the entry; some banks put it only on its single transaction."""
    return entry.text("AcctSvcrRef") or entry.detail("Refs/AcctSvcrRef")


def _statement(node: Element, entries: list[Entry], file: _File, path: str, version: str) -> Draft:
    account = _account(node)
    if not account:
        raise PayloadError(f"{path}.Acct.Id", "the account number is missing")
    draft = Draft(account=account, currency=_currency(node, entries, file, path), path=path, kind="depository")
    draft.statement_id = fingerprint(
        _text(node, "Id"), _text(node, "ElctrncSeqNb"), _text(node, "LglSeqNb"), _page(node)
    )
    if version and version not in _KNOWN_VERSIONS:
        draft.warnings.append(f"{path}: camt.053.001.{version} is read as its nearest known version")
    draft.starts_on = _day(_text(node, "FrToDt/FrDtTm", "FrToDt/FrDt"))
    draft.ends_on = _day(_text(node, "FrToDt/ToDtTm", "FrToDt/ToDt"))
    draft.opening, opened_on = _balance(node, _OPENING, draft)
    draft.closing, closed_on = _balance(node, _CLOSING, draft)
    draft.ends_on = closed_on or draft.ends_on or _day(_text(node, "CreDtTm"))
    draft.starts_on = draft.starts_on or opened_on
    page = _page(node)
    for number, entry in enumerate(entries, 1):
        line = _line(entry, f"{path}.Ntry[{number}]", draft, file, page)
        if line is not None:
            draft.lines.append(line)
    return draft


def _page(node: Element) -> str:
    """The page where a statement is sent in parts; the first page reads like an unpaged statement."""
    number = _text(node, "StmtPgntn/PgNb")
    return "" if number in {"", "1", "01"} else number


def _currency(node: Element, entries: list[Entry], file: _File, path: str) -> str:
    """The account's currency: its own field, its booked balances, its entries when they agree, what the caller says."""
    booked = [
        amount.get("Ccy", "")
        for balance in node.findall("Bal")
        if _balance_code(balance) in {*_OPENING, *_CLOSING} and (amount := balance.find("Amt")) is not None
    ]
    codes = {entry.text("Amt@Ccy") for entry in entries}
    own = _text(node, "Acct/Ccy") or next(filter(None, booked), "")
    code = own or (next(iter(codes)) if len(codes) == 1 else "") or file.fallback_currency
    return checked_currency(code, path=f"{path}.Acct.Ccy")


def _balance_code(balance: Element) -> str:
    return _text(balance, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Cd")


def _balance(node: Element, codes: tuple[str, ...], draft: Draft) -> tuple[int | None, date | None]:
    """The first balance of the codes in the account's currency, signed, with its date."""
    for code in codes:
        for balance in node.findall("Bal"):
            amount = balance.find("Amt")
            if _balance_code(balance) != code or amount is None:
                continue
            path = f"{draft.path}.Bal[{code}]"
            if amount.get("Ccy", draft.currency).upper() != draft.currency:
                draft.warnings.append(f"{path}: is in {amount.get('Ccy')}, the account in {draft.currency}; not used")
                continue
            size = numbers.minor(_size(amount.text or "", path), draft.currency, path=path, warnings=draft.warnings)
            is_debit = _text(balance, "CdtDbtInd") == "DBIT"
            return (-size if is_debit else size), _day(_text(balance, "Dt/Dt", "Dt/DtTm"))
    return None, None


def _size(text: str, path: str) -> Decimal:
    size = numbers.amount(text, ".", path=f"{path}.Amt")
    if size < 0:
        raise PayloadError(f"{path}.Amt", f"{size} has a sign: CdtDbtInd gives the direction")
    return size


def _line(entry: Entry, path: str, draft: Draft, file: _File, page: str) -> BankLine | None:
    status = entry.text("Sts/Cd", "Sts/Prtry", "Sts").upper()
    if status in {"INFO", "FUTR"}:
        draft.warnings.append(f"{path}: status {status} is not money; left out")
        return None
    if status not in {"BOOK", "PDNG"}:
        draft.warnings.append(f"{path}: status {status or 'missing'}; read as booked because it stands in a statement")
    if not entry.text("Amt"):
        raise PayloadError(f"{path}.Amt", "the amount is missing")
    currency = checked_currency(entry.text("Amt@Ccy") or draft.currency, path=f"{path}.Amt.Ccy")
    size = numbers.minor(_size(entry.text("Amt"), path), currency, path=f"{path}.Amt", warnings=draft.warnings)
    side = entry.text("CdtDbtInd")
    if side not in {"CRDT", "DBIT"}:
        raise PayloadError(f"{path}.CdtDbtInd", "is missing" if not side else f"{side!r} is neither CRDT nor DBIT")
    booked_on = _booked_on(entry, path, draft)
    amount = size if side == "CRDT" else -size
    text = description(entry)
    texts = (entry.text("NtryRef"), reference(entry), text, page)
    external_id, ordinal = _identity(
        _servicer_reference(entry), draft.account, file, booked_on, currency, amount, texts
    )
    return BankLine(
        external_id=external_id,
        booked_on=booked_on,
        currency=currency,
        account=draft.account,
        amount=amount,
        description=text,
        counterparty=counterparty(entry, is_credit=side == "CRDT"),
        pending=status == "PDNG",
        code=_code(entry),
        reference=reference(entry),
        ordinal=ordinal,
        memo=details_memo(entry),
    )


def _identity(
    servicer: str, account: str, file: _File, *content: *tuple[date, str, int, tuple[str, ...]]
) -> tuple[str, int]:
    """The bank's reference where it is unique; NtryRef only with the content: many banks count it from 1 in each statement."""
    if servicer.upper() not in _NO_REFERENCE and file.references[f"{account}/{servicer}"] == 1:
        return fingerprint("camt", account, servicer), 0
    booked_on, currency, amount, texts = content
    return file.identities.take(account, booked_on, currency, amount, servicer, *texts)


def _booked_on(entry: Entry, path: str, draft: Draft) -> date:
    printed = entry.text("BookgDt/Dt", "BookgDt/DtTm")
    if not printed:
        printed = entry.text("ValDt/Dt", "ValDt/DtTm")
        if printed:
            draft.warnings.append(f"{path}: no booking date; the value date is used")
    if not printed:
        raise PayloadError(f"{path}.BookgDt", "the date is missing")
    found = _day(printed)
    if found is None:
        raise PayloadError(f"{path}.BookgDt", f"{printed[:40]!r} is not a date")
    return found


def _day(text: str) -> date | None:
    """The printed day of a date or time; its zone never moves it."""
    return dates.read(text[:10], "YMD") if len(text) >= 10 else None


def _code(entry: Entry) -> str:
    domain = [entry.text(f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "-".join(filter(None, domain)) or entry.text("BkTxCd/Prtry/Cd")
