"""The books as a whole: trial balance, mirror, opening, suspense, signs, manual entries, cash (K05, K39, K41, K45, K46)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Sum

from closeout import manifest
from closeout.checks.registry import Item, Result, Scope, check
from ledger import accounting, bank_position, proving
from ledger.models import ChangedAfterClose, JournalEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.models import Account


def _statement_page(scope: Scope) -> str:
    return scope.url("statements", scope.month)


@check("K05", area="books", title="Trial balance foots; opening = last sealed close; mirror = accounting system")
def trial_balance_proves(scope: Scope) -> Iterator[Result]:
    """Debits = credits; opening = prior sealed closing for every account; our balances = the accounting system's report."""
    yield _foots(scope)
    yield _opening(scope)
    yield _mirror(scope)


def _foots(scope: Scope) -> Result:
    debits = sum(balance for balance in scope.balances.values() if balance > 0)
    owed = -sum(balance for balance in scope.balances.values() if balance < 0)
    return Result(
        state="pass" if debits == owed else "fail",
        summary=f"{sum(b != 0 for b in scope.balances.values())} accounts; debits = credits."
        if debits == owed
        else "Debits and credits differ.",
        expected=debits,
        actual=owed,
        subject="foots",
        title="Trial balance foots",
        evidence=_statement_page(scope),
    )


def _opening(scope: Scope) -> Result:
    title = f"Opening balances = {scope.month.previous.label} sealed"
    sealed = manifest.sealed_trial_balance(scope.client, scope.month.previous)
    if sealed is None:
        return Result(
            state="cannot_tell", summary=f"{scope.month.previous.label} is not sealed.", subject="opening", title=title
        )
    opening = {
        str(account): amount for account, amount in scope.balances_through(scope.month.previous).items() if amount
    }
    accounts = sorted(sealed.keys() | opening.keys())
    items = tuple(
        Item(
            label=scope.accounts[int(account)].name,
            amount=opening.get(account, 0) - sealed.get(account, 0),
            url=scope.url("accounts", account, scope.month),
            key=f"account:{account}",
        )
        for account in accounts
        if opening.get(account, 0) != sealed.get(account, 0)
    )
    return Result(
        state="fail" if items else "pass",
        summary=f"{len(items)} of {len(accounts)} accounts opened differently."
        if items
        else f"{len(accounts)} accounts compared.",
        expected=sum(map(abs, sealed.values())),
        actual=sum(map(abs, opening.values())),
        items=items,
        subject="opening",
        title=title,
        evidence=_statement_page(scope),
    )


def _mirror(scope: Scope) -> Result:
    """Balance-sheet accounts compare as they are; profit and loss from the fiscal year's start, as such reports do."""
    title = "Our trial balance = the accounting system's"
    connection = accounting.connection_of(scope.client)
    if connection is None:
        return Result(state="not_applicable", summary="The books are kept here.", subject="mirror", title=title)
    rows = proving.reported(scope.client, proving.TRIAL_BALANCE, scope.month.last)
    if not rows:
        return Result(
            state="cannot_tell",
            summary="The accounting system's trial balance was not read.",
            subject="mirror",
            title=title,
        )
    ours = _ours(scope)
    theirs = {subject: row.amount_minor for subject, row in rows.items()}
    by_external = {account.external_id: account for account in scope.accounts.values() if account.external_id}
    keys = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key, 0) != theirs.get(key, 0))
    items = tuple(
        Item(
            label=by_external[key].name if key in by_external else rows[key].name,
            amount=ours.get(key, 0) - theirs.get(key, 0),
            url=scope.url("accounts", by_external[key].pk, scope.month) if key in by_external else "",
            key=f"account:{key}",
        )
        for key in keys
    )
    waiting = _not_sent(scope)
    read_at = min(row.read_at for row in rows.values())
    return Result(
        state="fail" if items else "pass",
        expected=sum(a for a in theirs.values() if a > 0),
        actual=sum(a for a in ours.values() if a > 0),
        summary=(
            f"{len(items)} accounts differ" + (f"; {waiting} entries are not posted there yet." if waiting else ".")
        )
        if items
        else f"{len(theirs)} accounts agree to the cent.",
        items=items,
        subject="mirror",
        title=title,
        evidence=_statement_page(scope),
        as_of=read_at,
    )


def _ours(scope: Scope) -> dict[str, int]:
    """Our balances by the accounting system's id, with earlier years' profit gathered in retained earnings."""
    start = scope.month.first.replace(month=scope.client.fiscal_year_start_month, day=1)
    if start > scope.month.first:
        start = start.replace(year=start.year - 1)
    from ledger.core.period import Month

    before = scope.balances_through(Month.of(start).previous)
    ours: dict[str, int] = {}
    carried = 0
    retained = next((a for a in scope.accounts.values() if a.subtype == "RetainedEarnings"), None)
    for account_id, balance in scope.balances.items():
        account = scope.accounts[account_id]
        if account.type in {"income", "expense"}:
            carried += before.get(account_id, 0)
        of_year = before.get(account_id, 0) if account.type in {"income", "expense"} else 0
        ours[account.external_id] = ours.get(account.external_id, 0) + balance - of_year
    if retained is not None and carried:
        ours[retained.external_id] = ours.get(retained.external_id, 0) + carried
    return {key: amount for key, amount in ours.items() if amount}


def _not_sent(scope: Scope) -> int:
    return JournalEntry.objects.filter(
        client=scope.client, origin__in=["source", "manual"], booked_on__lte=scope.month.last, sent_with__isnull=True
    ).count()


SUSPENSE_NAMES = ("uncategorized", "uncategorised", "ask my accountant", "suspense", "opening balance equity")


@check("K39", area="books", title="Suspense and uncategorised are zero")
def suspense_is_zero(scope: Scope) -> Result:
    """Uncategorised, ask-my-accountant, suspense and opening balance equity stand at zero, or each balance is explained."""
    accounts = [
        account for account in scope.accounts.values() if any(name in account.name.lower() for name in SUSPENSE_NAMES)
    ]
    items = []
    for account in accounts:
        balance = scope.balances.get(account.pk, 0)
        if balance:
            why = scope.explained("K39", f"account:{account.pk}", balance)
            items.append(
                Item(
                    label=account.name,
                    amount=balance,
                    url=scope.url("accounts", account.pk, scope.month),
                    key=f"account:{account.pk}",
                    is_open=not why,
                    note=why,
                )
            )
    open_items = [item for item in items if item.is_open]
    return Result(
        state="fail" if open_items else "pass",
        expected=0,
        actual=sum(item.amount or 0 for item in open_items),
        items=tuple(items),
        evidence=_statement_page(scope),
        summary=f"{len(open_items)} accounts are not zero."
        if open_items
        else f"{len(accounts)} accounts, nothing unexplained.",
    )


#: Balances that stand against their type by nature.
CONTRA = (
    "accumulated depreciation",
    "allowance",
    "draw",
    "distribution",
    "refund",
    "discount",
    "return",
    "retained earnings",
    "treasury",
)


@check("K41", area="books", title="No balance stands on the wrong side")
def balances_have_their_sign(scope: Scope) -> Result:
    """No negative cash, asset, liability, income or expense without a note."""
    items = []
    for account_id, balance in sorted(scope.balances.items()):
        account = scope.accounts[account_id]
        if balance and not _is_contra(scope, account) and (balance > 0) != account.debit_is_positive:
            why = scope.explained("K41", f"account:{account_id}", balance)
            items.append(
                Item(
                    label=account.name,
                    amount=balance if account.debit_is_positive else -balance,
                    url=scope.url("accounts", account_id, scope.month),
                    key=f"account:{account_id}",
                    is_open=not why,
                    note=why,
                )
            )
    open_items = [item for item in items if item.is_open]
    return Result(
        state="fail" if open_items else "pass",
        unit="count",
        expected=0,
        actual=len(open_items),
        items=tuple(items),
        evidence=_statement_page(scope),
        summary=f"{', '.join(item.label for item in open_items)} on the wrong side."
        if open_items
        else "Every balance stands where it should.",
    )


def _is_contra(scope: Scope, account: Account) -> bool:
    from ledger import mapping

    # Payroll pulled before pay day leaves a debit over month end: prepaid, not wrong (payroll_proof explains it).
    prepaid = account.pk in mapping.accounts_by_role(scope.client.pk, "net-pay-clearing", scope.month.last)
    return account.type == "equity" or prepaid or any(word in account.name.lower() for word in CONTRA)


@check("K45", area="books", title="Manual entries have support and a second person")
def manual_entries_are_backed(scope: Scope) -> Result:
    """Entries made here by hand above the client's limit carry support and a second person; others are listed."""
    entries = JournalEntry.objects.filter(
        client=scope.client, origin="manual", booked_on__range=(scope.month.first, scope.month.last)
    ).annotate(total=Sum("lines__debit_minor"))
    items = []
    for entry in entries.prefetch_related("approvals"):
        approval = next(iter(entry.approvals.all()), None)
        ok = approval is not None and (
            entry.total <= scope.client.materiality_minor
            or approval.approved_by_id != entry.posted_by_id
            or entry.reverses_id is not None
        )
        items.append(
            Item(
                label=f"{entry.booked_on:%b} {entry.booked_on.day} {entry.memo}",
                amount=entry.total,
                url=scope.url("entries", entry.pk),
                key=f"entry:{entry.pk}",
                is_open=not ok,
                note=entry.reason,
            )
        )
    open_items = [item for item in items if item.is_open]
    return Result(
        state="fail" if open_items else "pass",
        unit="count",
        expected=len(items),
        actual=len(items) - len(open_items),
        items=tuple(items),
        evidence=scope.url("entries"),
        summary=f"{len(open_items)} of {len(items)} wait for a second person."
        if open_items
        else f"{len(items)} manual entries, all backed.",
    )


@check("K46", area="books", title="Net change in cash = movement of the cash accounts")
def cash_moves_as_stated(scope: Scope) -> Result:
    """The cash flow statement's net change = closing − opening of the bank accounts."""
    from ledger import statements

    flow = statements.cash_flow(scope.client, scope.month)
    ids = {
        feed.account_id for feed in bank_position.feeds(scope.client) if feed.kind == "depository"
    } or statements.cash_accounts(scope.client)
    moved = sum(
        debit - credit
        for account, (debit, credit) in scope.activity.items()
        if account in statements.cash_accounts(scope.client)
    )
    return Result(
        state="pass" if flow.net_change == moved else "fail",
        summary=f"{len(ids)} cash accounts."
        if flow.net_change == moved
        else "The cash flow statement does not explain the cash.",
        expected=moved,
        actual=flow.net_change,
        evidence=f"{_statement_page(scope)}?statement=cash-flow",
    )


def open_changes(scope: Scope) -> list[ChangedAfterClose]:
    """Changes of the accounting system to closed months before this one's end that nobody decided."""
    return list(
        ChangedAfterClose.objects.filter(
            client=scope.client, state="open", month__lte=scope.month.first
        ).select_related("document")
    )


def read_age(scope: Scope) -> datetime | None:
    """When the accounting system's balances were read for this month end."""
    rows = proving.reported(scope.client, proving.TRIAL_BALANCE, scope.month.last)
    return min((row.read_at for row in rows.values()), default=None)
