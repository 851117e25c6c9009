"""Documents of the accounting system: mirrored line by line, on the accounts they name."""

from __future__ import annotations

from integrations.records import LedgerDocument
from ledger.core.entry import DraftEntry, DraftLine
from ledger.core.roles import account_role
from ledger.core.rules.booking import Source, Unbookable, draft


@draft.register
def _document(record: LedgerDocument, _source: Source) -> tuple[DraftEntry, ...]:
    """The document's own lines, nothing added. A document without lines (voided) makes no entry.

    Raises Unbookable where the payload alone does not tell the accounts.
    """
    if record.missing:
        raise Unbookable(record.missing, record.open_amount or 0)
    lines = tuple(
        DraftLine(
            account_role(line.account_id),
            max(line.debit, 0) + max(-line.credit, 0),
            max(line.credit, 0) + max(-line.debit, 0),
            memo=line.memo,
            department=line.department,
            klass=line.klass,
            party=line.party or record.party,
        )
        for line in record.lines
        if line.debit or line.credit
    )
    if not lines:
        return ()
    memo = record.memo or f"{record.type} {record.number}".strip()
    return (DraftEntry("mirror", record.booked_on, memo, lines, record.currency),)
