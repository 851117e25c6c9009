"""Payables and receivables: open items = control account (K24, K27)."""

from __future__ import annotations

from closeout.checks.registry import Item, Result, Scope, check, many
from ledger import proving
from ledger.models import Account


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
    items = tuple(
        Item(
            label=f"{row.name}: credit not applied",
            amount=row.amount_minor,
            url=page,
            key=f"party:{row.subject}",
            is_open=not scope.explained(check_id, f"party:{row.subject}", row.amount_minor),
        )
        for row in negative
    )
    off = ledger - total
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


@check("K24", area="payables", title="Open bills = accounts payable")
def payables_agree(scope: Scope) -> Result:
    """The accounting system's open payables at month end = the control account in our books."""
    return _control(scope, "K24", "open-payable", "payable", -1)


@check("K27", area="payables", title="Open invoices = accounts receivable")
def receivables_agree(scope: Scope) -> Result:
    """The accounting system's open receivables at month end = the control account in our books."""
    return _control(scope, "K27", "open-receivable", "receivable", 1)
