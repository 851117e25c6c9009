"""The books as a whole: trial balance, mirror, opening, suspense, signs, cash (K05, K39, K41, K46)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Sum

from closeout import manifest
from closeout.checks.registry import Item, Result, Scope, check, many
from closeout.models import Seal
from ledger import accounting, outbox_cancelled, proving, refreshing, statements
from ledger.models import BankFeed, ChangedAfterClose, JournalLine, Period

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
    before = scope.month.previous
    title = f"Opening balances = {before.label} sealed"
    sealed = manifest.sealed_trial_balance(scope.client, before)
    opening = {str(account): amount for account, amount in scope.balances_through(before).items() if amount}
    if sealed is None:
        return replace(_unsealed(scope, has_books=bool(opening)), subject="opening", title=title)
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
        summary=many(len(items), f"# of {len(accounts)} accounts opened differently.")
        if items
        else many(len(accounts), "# account|accounts compared."),
        unit="count",
        expected=len(accounts),
        actual=len(accounts) - len(items),
        items=items,
        subject="opening",
        title=title,
        evidence=_statement_page(scope),
    )


def _unsealed(scope: Scope, *, has_books: bool) -> Result:
    """Why there is no sealed month to open from: broken, open again, not sealed yet, or none because the books begin here."""
    before = scope.month.previous
    period = Period.objects.filter(client=scope.client, month=before.first).first()
    seal = Seal.objects.filter(client=scope.client, close__month=before.first).order_by("-number").first()
    if period is not None and period.state == Period.State.SEALED and seal is not None:
        return Result(state="fail", summary=f"The seal {seal.code} of {before.label} is not what was sealed.")
    if seal is not None:
        return Result(state="cannot_tell", summary=f"{before.label} was opened again and is not sealed anew.")
    if not has_books and refreshing.is_history_read(scope.client):
        return Result(state="not_applicable", summary=f"The books begin in {scope.month.label}.")
    return Result(state="cannot_tell", summary=f"{before.label} is not sealed.")


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
            many(len(items), "# account|accounts differs|differ")
            + (many(waiting, "; # entry|entries is|are not posted there yet.") if waiting else ".")
        )
        if items
        else many(len(theirs), "# account|accounts agrees|agree to the cent."),
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
    return outbox_cancelled.going(scope.client).filter(booked_on__lte=scope.month.last).count()


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
        summary=many(len(open_items), "# account|accounts is|are not zero.")
        if open_items
        else many(len(accounts), "# account|accounts, nothing unexplained."),
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
    from ledger import mapping

    # Payroll pulled before pay day leaves a debit over month end: prepaid, not wrong (payroll_proof explains it).
    prepaid = mapping.accounts_by_role(scope.client.pk, "net-pay-clearing", scope.month.last)
    items = []
    for account_id, balance in sorted(scope.balances.items()):
        account = scope.accounts[account_id]
        if (
            balance
            and account_id not in prepaid
            and not _is_contra(account)
            and (balance > 0) != account.debit_is_positive
        ):
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


def _is_contra(account: Account) -> bool:
    return account.type == "equity" or any(word in account.name.lower() for word in CONTRA)


@check("K46", area="books", title="Net change in cash = movement of the cash accounts")
def cash_moves_as_stated(scope: Scope) -> Result:
    """The cash flow statement's net change = what the month's journal lines moved on every bank account, linked or listed."""
    page = f"{_statement_page(scope)}?statement=cash-flow"
    feeds = BankFeed.objects.filter(client=scope.client, kind=BankFeed.Kind.BANK)
    stands_for = {feed.account_id: feed for feed in feeds}
    if None in stands_for:
        names = ", ".join(feed.name for feed in feeds if feed.account_id is None)
        return Result(state="cannot_tell", summary=f"{names}: which account it is has not been said.", evidence=page)
    listed = statements.cash_accounts(scope.client)
    ids = listed | {account for account in stands_for if account is not None}
    if not ids:
        return Result(state="not_applicable", summary="The books hold no cash account.", evidence=page)
    moved = _moved(scope, ids)
    items = tuple(
        Item(
            label=f"{scope.accounts[account].name} is a bank account and not among the statement's cash",
            amount=moved.get(account, 0),
            url=scope.url("accounts", account, scope.month),
            key=f"account:{account}",
        )
        for account in sorted(ids - listed)
    )
    flow, total = statements.cash_flow(scope.client, scope.month), sum(moved.values())
    ties = flow.net_change == total and flow.opening + flow.net_change == flow.closing and not items
    return Result(
        state="pass" if ties else "fail",
        summary=many(len(ids), "# cash account|accounts.")
        if ties
        else "The cash flow statement does not explain the cash.",
        expected=total,
        actual=flow.net_change,
        items=items,
        evidence=page,
    )


def _moved(scope: Scope, ids: set[int]) -> dict[int, int]:
    """Debit − credit of the month by account from the lines themselves, not from the balances the statements are made of."""
    lines = JournalLine.objects.filter(
        client=scope.client, account_id__in=ids, booked_on__range=(scope.month.first, scope.month.last)
    )
    rows = lines.order_by().values("account_id").annotate(net=Sum("debit_minor") - Sum("credit_minor"))
    return {row["account_id"]: row["net"] for row in rows}


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
