"""Bank statements from files: OFX, QFX, CAMT.053, MT940, QIF and CSV to ``BankStatement`` records. Pure: bytes in, facts out.

``read`` is the only door; a LayoutNeeded answer is put to a person and the file read again with the confirmed layout.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from integrations.bankfiles import camt, csvfile, mt940, ofx, qif, text
from integrations.bankfiles.columns import propose
from integrations.bankfiles.csvfile import with_answers
from integrations.bankfiles.layout import CsvLayout, LayoutNeeded, Proposal
from integrations.errors import PayloadError

if TYPE_CHECKING:
    from integrations.records import BankStatement

__all__ = ["CsvLayout", "LayoutNeeded", "Proposal", "detect", "propose", "read", "with_answers"]

_NOT_TEXT = {
    b"PK\x03\x04": "a spreadsheet or archive: export the statement as CSV",
    b"%PDF": "a PDF: ask the bank for OFX, CAMT or CSV",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet: export the statement as CSV",
    b"\x1f\x8b": "compressed: unpack it first",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_HEAD = 20000
_OFX = re.compile(r"<OFX[\s>]|^\s*OFXHEADER:|<\?OFX\s", re.IGNORECASE | re.MULTILINE)
_QFX = re.compile(r"<INTU\.[A-Z]", re.IGNORECASE)
_MT940 = re.compile(r"^(?:\{4:)?:(?:20|25|60[FM]):", re.MULTILINE)
_MT940_BODY = re.compile(r"^(?:\{4:)?:(?:61|62[FM]|60[FM]):", re.MULTILINE)
_QIF = re.compile(r"^\s*!(?:Type:|Account|Option:|Clear:)", re.IGNORECASE | re.MULTILINE)


def detect(content: bytes, filename: str = "") -> str:
    """``ofx``, ``qfx``, ``camt.053``, ``camt.052``, ``camt.054``, ``mt940``, ``qif`` or ``csv``, by content before name.

    Raises PayloadError for what is no text, over 10 MiB, or XML of another kind.
    """
    decoded, _ = _decoded(content)
    return _format(decoded, filename)


def read(
    content: bytes, *, filename: str = "", layout: CsvLayout | None = None, currency: str = ""
) -> tuple[BankStatement, ...]:
    """The statements in the file, each with its lines, balances and warnings.

    ``currency`` is the account's, for formats and banks that do not say. Raises PayloadError naming line and field when the
    file cannot be read, LayoutNeeded when a CSV or QIF leaves a question open and no ``layout`` answers it.
    """
    decoded, _ = _decoded(content, encoding=layout.encoding if layout else "")
    kind = _format(decoded, filename)
    if kind in {"ofx", "qfx"}:
        return ofx.read(decoded, currency=currency)
    if kind.startswith("camt"):
        return camt.read(decoded, currency=currency)
    if kind == "mt940":
        return mt940.read(decoded, currency=currency)
    if kind == "qif":
        return qif.read(decoded, layout=layout, currency=currency)
    return csvfile.read(decoded, filename=filename, layout=layout, currency=currency)


def _decoded(content: bytes, *, encoding: str = "") -> tuple[str, str]:
    for magic, what in _NOT_TEXT.items():
        if content.startswith(magic):
            raise PayloadError("$", f"the file is {what}")
    return text.decode(content, encoding=encoding)


def _format(decoded: str, filename: str) -> str:
    head = decoded[:_HEAD]
    message = camt.message_of(head)
    if message:
        return f"camt.{message}"
    if _OFX.search(head):
        return "qfx" if _QFX.search(head) or filename.lower().endswith(".qfx") else "ofx"
    if _MT940.search(head) and _MT940_BODY.search(decoded):
        return "mt940"
    if _QIF.search(head):
        return "qif"
    if head.lstrip().startswith("<"):
        raise PayloadError("$", "the file is XML or HTML, but no bank statement this reader knows")
    return "csv"
