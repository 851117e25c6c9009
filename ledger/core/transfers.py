"""Transfers between own accounts: the bank's lines of two of them that are one move of money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.core.matching import Suggestion, Window, match
from ledger.core.signals import BankSide, BookSide, printed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ledger.core.matching import Refusal

#: Confidence of a pair without a word of transfer: for a person to look at.
_OFFERED = 6000
_TRANSFER_WORDS = ("TRANSFER", "XFER", "TRF", "PAYMENT THANK", "CARD PAYMENT", "AUTOPAY", "SAVINGS", "CHECKING")


def transfer_pairs(lines: Sequence[BankSide], *, days: int = 4, refused: Collection[Refusal] = ()) -> list[Suggestion]:
    """Transfers between own accounts: a line out and a line in of one amount on two accounts, ``items`` holding the line out.

    Lines must carry their account and share a scope. Without a word of transfer on either side the pair is only offered.
    """
    out = [
        BookSide(
            line.id,
            line.on,
            -line.amount,
            text=line.text,
            scope=line.scope,
            account=line.account,
            days_before=days,
            days_after=days,
        )
        for line in lines
        if line.amount < 0
    ]
    arrived = [line for line in lines if line.amount > 0]
    texts = dict(zip((line.id for line in lines), printed(lines), strict=True))
    found = []
    for said in match(arrived, out, window=Window(days, days), refused=refused):
        if said.kind != "one-to-one":
            continue
        worded = any(word in texts[said.lines[0]] or word in texts[said.items[0]] for word in _TRANSFER_WORDS)
        confidence = said.confidence if worded else min(said.confidence, _OFFERED)
        reasons = ("out of one own account, into another", *said.reasons, *(("a word of transfer",) if worded else ()))
        found.append(Suggestion(said.lines, said.items, confidence, reasons, "transfer"))
    return found
