"""What a foreign document of ours is worth at home in the accounting system, where that differs from what we booked.

It rounds by its own rule, and books itself what a rate gained or lost since the bill or invoice: that difference is taken over
as an entry, so that both trial balances agree to the unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger import posting
from ledger.mirror_lines import foreign_by_account, foreign_of, sums_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.models import JournalLine, MirrorDocument


def is_valuation(shown: Sequence[Sequence[Any]], own: Iterable[JournalLine], accounts: Mapping[str, int]) -> bool:
    """Whether a document says in its currency what our lines say, account by account; ``shown`` are its stored lines."""
    currency = next((told[1] for line in shown if (told := foreign_of(line))), "")
    told_here = [line for line in own if line.foreign_minor and line.foreign_currency == currency]
    sent = sums_of((line.account_id, _signed(line)) for line in told_here)
    found = foreign_by_account(shown, accounts, currency)
    return bool(sent) and all(found.get(account_id) == amount for account_id, amount in sent.items())


def _signed(line: JournalLine) -> int:
    minor = line.foreign_minor or 0
    return minor if line.debit_minor else -minor


def entry(row: MirrorDocument, source_key: str, deltas: Mapping[int, int]) -> posting.Entry:
    """The difference (debit − credit in minor units by account) as an entry of the document's day."""
    return posting.Entry(
        booked_on=row.booked_on,
        source_key=source_key,
        purpose="exchange-difference",
        origin="ledger",
        memo=f"{row.type} {row.number}: exchange gained, lost or rounded in the accounting system",
        lines=[posting.Line(account, max(net, 0), max(-net, 0)) for account, net in sorted(deltas.items())],
    )
