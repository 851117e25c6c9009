"""What the timing register holds for checks, and undeposited funds (K11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closeout.checks.registry import Item, Result, Scope, State, check, many
from ledger import undeposited
from ledger.finishing import BOOK
from ledger.models import TimingItem
from ledger.timing import FUNDS, STALE_DAYS

if TYPE_CHECKING:
    from datetime import date

    from ledger.models import JournalLine


def notes(scope: Scope) -> dict[tuple[str, str], TimingItem]:
    """What people wrote into the timing register, by kind and subject; read once a run."""
    if "timing notes" not in scope.cache:
        found = TimingItem.objects.filter(client=scope.client)
        scope.cache["timing notes"] = {(one.kind, one.subject): one for one in found}
    return scope.cache["timing notes"]  # type: ignore[return-value]


@check("K11", area="bank", title="Undeposited funds are new, or in a later deposit")
def funds_are_deposited(scope: Scope) -> Result:
    """Every receipt held at the month's end is a few days old, went into a later deposit, or carries a reason."""
    accounts = sorted(undeposited.accounts(scope.client, scope.month))
    if not accounts:
        return Result(state="not_applicable", summary="The chart has no account of undeposited funds.")
    held = sum(scope.balances.get(account, 0) for account in accounts)
    receipts = [one for account in accounts for one in undeposited.open_receipts(scope.client, account, scope.month)]
    items = tuple(_item(scope, line, deposited_on) for line, deposited_on in receipts)
    old = [item for item in items if item.is_open]
    listed = sum(line.debit_minor for line, _ in receipts)
    state: State = "fail" if old or held != listed else "pass"
    if old:
        summary = (
            many(len(old), "# receipt|receipts is|are older than ") + f"{STALE_DAYS[FUNDS]} days, with no deposit."
        )
    elif held != listed:
        summary = "The account does not hold the receipts that no deposit took."
    else:
        summary = many(len(items), "# receipt|receipts held at month end, each new, deposited since or explained.")
    return Result(
        state=state,
        summary=summary,
        expected=listed,
        actual=held,
        items=items,
        evidence=scope.url("reconciliation", scope.month, "timing"),
    )


def _item(scope: Scope, line: JournalLine, deposited_on: date | None) -> Item:
    key, days = f"line:{line.entry_id}:{line.no}", (scope.month.last - line.booked_on).days
    note = notes(scope).get((BOOK, f"{line.entry_id}:{line.no}"))
    why = scope.explained("K11", key, line.debit_minor) or (note.reason if note else "")
    if deposited_on:
        why = why or f"deposited {deposited_on:%b} {deposited_on.day}"
    return Item(
        label=f"{line.party or line.entry.memo or 'Receipt'}, {days} days",
        amount=line.debit_minor,
        url=scope.url("entries", line.entry_id),
        key=key,
        is_open=days > STALE_DAYS[FUNDS] and not why,
        note=why,
    )
