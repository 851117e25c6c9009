"""The transaction details below one booked entry: they describe and split it, the entry alone is the money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.bankfiles.text import tidy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_MAXIMUM_DETAILS = 20
_NO_REFERENCE = frozenset(["NOTPROVIDED", "NONREF", "NOT PROVIDED"])
_PARTY_NAMES = ("Nm", "Pty/Nm", "Agt/FinInstnId/Nm")
_PAYER_PATHS = tuple(f"RltdPties/{role}/{name}" for role in ("Dbtr", "UltmtDbtr") for name in _PARTY_NAMES)
_PAYEE_PATHS = tuple(f"RltdPties/{role}/{name}" for role in ("Cdtr", "UltmtCdtr") for name in _PARTY_NAMES)

# what stands several times under one path is kept in lines; text alone in a dict also spares the collector long walks
Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """The texts of an Ntry by path from it, and those of each TxDtls by path from that; ``Amt@Ccy`` is an attribute."""

    texts: Texts
    details: tuple[Texts, ...]

    @classmethod
    def of(cls, node: Element) -> Entry:
        texts: Texts = {}
        details: list[Texts] = []
        _gather(node, "", texts, details)
        return cls(texts, tuple(details))

    def text(self, *paths: str) -> str:
        return _first(self.texts, *paths)

    def detail(self, *paths: str) -> str:
        """The first of the paths in the single transaction; empty for a batch."""
        return _first(self.details[0], *paths) if len(self.details) == 1 else ""


def _gather(node: Element, prefix: str, texts: Texts, details: list[Texts]) -> None:
    """One walk over the entry: looking each path up in the tree costs many times as much."""
    for child in node:
        path = prefix + child.tag
        if child.tag == "TxDtls":
            own: Texts = {}
            _gather(child, "", own, [])
            details.append(own)
        elif len(child):
            _gather(child, f"{path}/", texts, details)
        elif child.text and (text := tidy(child.text)):
            texts[path] = f"{texts[path]}\n{text}" if path in texts else text
            if code := child.get("Ccy"):
                texts.setdefault(f"{path}@Ccy", code)


def _texts(texts: Texts, *paths: str) -> Iterator[str]:
    for path in paths:
        if path in texts:
            yield from texts[path].split("\n")


def _first(texts: Texts, *paths: str) -> str:
    for path in paths:
        if path in texts:
            return texts[path].partition("\n")[0]
    return ""


def description(entry: Entry) -> str:
    """What the bank says of the entry, then of its single transaction; a batch is described by its first transactions."""
    parts = list(_texts(entry.texts, "AddtlNtryInf"))
    for details in entry.details[:3]:
        parts += _texts(details, "RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/AddtlRmtInf", "AddtlTxInf")
    parts = list(dict.fromkeys(parts))
    if not parts:
        parts = [entry.detail("Refs/EndToEndId") or entry.text("AcctSvcrRef", "NtryRef", "BkTxCd/Prtry/Cd")]
    return " ".join(parts)


def counterparty(entry: Entry, *, is_credit: bool) -> str:
    """The other side: who paid for a credit, who was paid for a debit; empty when the transactions name several."""
    names = {_first(details, *(_PAYER_PATHS if is_credit else _PAYEE_PATHS)) for details in entry.details}
    return names.pop() if len(names) == 1 else ""


def reference(entry: Entry) -> str:
    """The end-to-end or payment reference of a single transaction, else the bank's own."""
    found = entry.detail("Refs/EndToEndId")
    if not found or found.upper() in _NO_REFERENCE:
        found = entry.detail("Refs/InstrId", "Refs/TxId", "Refs/MndtId")
    if not found or found.upper() in _NO_REFERENCE:
        found = entry.text("NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId", "AcctSvcrRef", "NtryRef")
    return found


def details_memo(entry: Entry) -> str:
    """The transactions of a batch, one after the other with their own amounts; empty for a single one."""
    if len(entry.details) < 2:
        return ""
    shown = [_detail(each) for each in entry.details[:_MAXIMUM_DETAILS]]
    more = len(entry.details) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")


def _detail(details: Texts) -> str:
    path = next((path for path in ("Amt", "AmtDtls/TxAmt/Amt") if path in details), "Amt")
    amount = f"{_first(details, path + '@Ccy')} {_first(details, path)}"
    return tidy(f"{amount} {_first(details, *_PAYEE_PATHS, *_PAYER_PATHS)} {_first(details, 'Refs/EndToEndId')}")
