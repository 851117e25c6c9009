"""Payables and receivables: open items = control account (K24, K27)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.templatetags.portal import money
from closeout.checks.registry import Item, Result, Scope, check, many
from ledger import proving, subledgers
from ledger.models import Account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ledger.models import ReportedBalance


def _control(scope: Scope, check_id: str, kind: str, group: str, sign: int) -> Result:
    rows = proving.reported(scope.client, kind, scope.month.last)
    controls = Account.objects.filter(client=scope.client, group=group)
    ids = list(controls.values_list("pk", flat=True))
    if not ids:
        return Result(state="not_applicable", summary="The chart has no such control account.")
    ledger = sign * sum(scope.balances.get(account, 0) for account in ids)
    if not rows:
        if ledger == 0:
            return Result(
                state="pass", summary="Nothing is open and the control account is zero.", expected=0, actual=0
            )
        return Result(state="cannot_tell", summary="The open items were not read for the month's end.", actual=ledger)
    total = sum(row.amount_minor for row in rows.values())
    page = scope.url("accounts", ids[0], scope.month)
    negative = [row for row in rows.values() if row.amount_minor < 0]
    off = ledger - total
    unapplied = tuple(
        Item(
            label=f"{row.name}: credit not applied",
            amount=row.amount_minor,
            url=page,
            key=f"party:{row.subject}",
            is_open=not scope.explained(check_id, f"party:{row.subject}", row.amount_minor),
        )
        for row in negative
    )
    items = (*_by_party(scope, rows, ids, sign=sign, is_open=bool(off), page=page), *unapplied)
    return Result(
        state="fail" if off else "pass",
        summary="The open items do not come to the control account."
        if off
        else many(len([r for r in rows.values() if r.amount_minor]), "# party|parties, open items = control account."),
        expected=total,
        actual=ledger,
        items=items,
        evidence=page,
        as_of=min(row.read_at for row in rows.values()),
    )


def _by_party(
    scope: Scope, rows: Mapping[str, ReportedBalance], ids: Sequence[int], *, sign: int, is_open: bool, page: str
) -> Iterator[Item]:
    """Vendors or customers whose open items are not what the control account holds of them, the largest difference first.

    Where the totals agree they only stand on another name than in the accounting system: shown, and no fault by itself.
    """
    held: dict[str, tuple[str, int, int]] = {}
    for own in subledgers.by_party(scope.client, ids, scope.month.last):
        _, before, entry = held.get(_compared(own.party), ("", 0, 0))
        held[_compared(own.party)] = own.party, before + sign * own.balance, max(entry, own.entry)
    told: dict[str, tuple[str, int]] = {}
    for row in rows.values():
        told[_compared(row.name)] = row.name, told.get(_compared(row.name), ("", 0))[1] + row.amount_minor
    found = []
    for key in held.keys() | told.keys():
        party, balance, entry = held.get(key, ("", 0, 0))
        name, amount = told.get(key, (party, 0))
        if balance != amount:
            found.append((balance - amount, name, balance, amount, entry))
    for off, name, balance, amount, entry in sorted(found, key=lambda one: (-abs(one[0]), one[1])):
        is_open_there, is_held = (money(figure, scope.client.home_currency) for figure in (amount, balance))
        yield Item(
            label=f"{name or 'No name'}: {is_open_there} open, {is_held} on the control account",
            amount=off,
            url=scope.url("entries", entry) if entry else page,
            key=f"difference:{name}"[:160],
            is_open=is_open,
            note="" if is_open else "The totals agree; only the name is another.",
        )


def _compared(name: str) -> str:
    return " ".join(name.split()).casefold()


@check("K24", area="payables", title="Open bills = accounts payable")
def payables_agree(scope: Scope) -> Result:
    """The accounting system's open payables at month end = the control account in our books."""
    return _control(scope, "K24", "open-payable", "payable", -1)


@check("K27", area="payables", title="Open invoices = accounts receivable")
def receivables_agree(scope: Scope) -> Result:
    """The accounting system's open receivables at month end = the control account in our books."""
    return _control(scope, "K27", "open-receivable", "receivable", 1)
