"""The transaction details below one booked entry: they describe and split it, the entry alone is the money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.bankfiles.text import tidy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_MAXIMUM_DETAILS = 20
_NO_REFERENCE = frozenset(["NOTPROVIDED", "NONREF", "NOT PROVIDED"])
_PARTY_NAMES = ("Nm", "Pty/Nm", "Agt/FinInstnId/Nm")


def _texts(node: Element, *paths: str) -> Iterator[str]:
    for path in paths:
        for found in node.findall(path):
            if found.text and found.text.strip():
                yield tidy(found.text)


def _first(node: Element, *paths: str) -> str:
    return next(_texts(node, *paths), "")


def _details(entry: Element) -> list[Element]:
    return entry.findall("NtryDtls/TxDtls")


def description(entry: Element) -> str:
    """What the bank says of the entry, then of its single transaction; a batch is described by its first transactions."""
    parts = list(_texts(entry, "AddtlNtryInf"))
    for details in _details(entry)[:3]:
        parts += _texts(details, "RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/AddtlRmtInf", "AddtlTxInf")
    parts = list(dict.fromkeys(parts))
    if not parts:
        parts = [_first(entry, "NtryDtls/TxDtls/Refs/EndToEndId", "AcctSvcrRef", "NtryRef", "BkTxCd/Prtry/Cd")]
    return tidy(" ".join(parts))


def counterparty(entry: Element, *, is_credit: bool) -> str:
    """The other side: who paid for a credit, who was paid for a debit; empty when the transactions name several."""
    roles = ("Dbtr", "UltmtDbtr") if is_credit else ("Cdtr", "UltmtCdtr")
    paths = [f"RltdPties/{role}/{name}" for role in roles for name in _PARTY_NAMES]
    names = {_first(details, *paths) for details in _details(entry)}
    return names.pop() if len(names) == 1 else ""


def reference(entry: Element) -> str:
    """The end-to-end or payment reference of a single transaction, else the bank's own."""
    details = _details(entry)
    found = ""
    if len(details) == 1:
        found = _first(details[0], "Refs/EndToEndId", "Refs/InstrId", "Refs/TxId", "Refs/MndtId")
    if not found or found.upper() in _NO_REFERENCE:
        found = _first(entry, "NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId", "AcctSvcrRef", "NtryRef")
    return found


def details_memo(entry: Element) -> str:
    """The transactions of a batch, one after the other with their own amounts; empty for a single one."""
    details = _details(entry)
    if len(details) < 2:
        return ""
    shown = [_detail(each) for each in details[:_MAXIMUM_DETAILS]]
    more = len(details) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")


def _detail(details: Element) -> str:
    amount = next((found for path in ("Amt", "AmtDtls/TxAmt/Amt") if (found := details.find(path)) is not None), None)
    printed = f"{amount.get('Ccy', '')} {(amount.text or '').strip()}" if amount is not None else ""
    party = _first(details, *(f"RltdPties/{role}/{name}" for role in ("Cdtr", "Dbtr") for name in _PARTY_NAMES))
    return tidy(f"{printed} {party} {_first(details, 'Refs/EndToEndId')}")
