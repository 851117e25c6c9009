"""Where every balance-sheet account stands at a month's end: its books beside what something else says of it, and who sees to it.

What else says it: a bank's statement, a balance typed by a person, a processor, a payroll register, the open items, a count or
return captured by hand. An account without any is not proven, unless nothing stands or moves on it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Max, Sum

from clients import audit
from ledger import bank_position, captured_proof, mapping, payroll_proof, processor_proof, proving
from ledger.core.period import Month, due_on
from ledger.matches import ReconcilingError
from ledger.models import (
    Account,
    BankFeed,
    JournalLine,
    MonthlyBalance,
    ReconciliationDuty,
    StatedBalance,
    StatementBalance,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from clients.models import Client, User
    from ledger.bank_position import Position

BALANCE_SHEET = (Account.Type.ASSET, Account.Type.LIABILITY, Account.Type.EQUITY)
#: Everything a person can capture of a balance (integrations.byhand.forms).
CAPTURED = ("card", "cash", "holding", "unpaid-time", "sales", "settlement", "loan", "sales-tax", "payroll-tax")


@dataclass(frozen=True, slots=True)
class Said:
    """What something says an account holds, on the account's usual side, and what it is. ``stands``: the books it is held
    against, the account's own where None. ``page``: the view that proves it, with its arguments.
    """

    source: str
    amount: int | None
    stands: int | None = None
    page: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One account at a month's end; figures on its usual side. ``difference``: books − stated, None where nothing is said."""

    account: Account
    book: int
    moved: bool
    said: Said | None
    duty: ReconciliationDuty | None
    owner: User | None
    due: date
    last: date | None
    position: Position | None = None

    @property
    def stated(self) -> int | None:
        return self.said.amount if self.said else None

    @property
    def difference(self) -> int | None:
        if self.position is not None:
            return None if self.position.difference is None else -self.position.difference
        if self.said is None or self.said.amount is None:
            return None
        return (self.book if self.said.stands is None else self.said.stands) - self.said.amount

    @property
    def tolerance(self) -> int:
        return self.duty.tolerance_minor if self.duty else 0

    @property
    def state(self) -> str:
        """``pass``, ``fail``, ``unknown`` (nothing is said), ``idle`` (nothing stands or moved, so that nothing need be said)."""
        if self.difference is None:
            return "unknown" if self.position or self.book or self.moved else "idle"
        if abs(self.difference) > self.tolerance or (self.position is not None and self.position.bank_only):
            return "fail"
        return "pass"


def accounts(client: Client, month: Month) -> list[Standing]:
    """Every balance-sheet account that holds something, moved this year or is spoken of; the proven sources first."""
    chart = Account.objects.filter(client=client, type__in=BALANCE_SHEET).order_by("type", "number", "name")
    book, moved = _books(client, month)
    positions = {feed.account_id: bank_position.position(client, feed, month) for feed in bank_position.feeds(client)}
    said = _said(client, month)
    duties = {
        duty.account_id: duty for duty in ReconciliationDuty.objects.filter(client=client).select_related("owner")
    }
    last = _last(client, month)
    rows = []
    for account in chart:
        position, sign = positions.get(account.pk), 1 if account.debit_is_positive else -1
        spoken = _of_bank(position, sign) if position else said.get(account.pk)
        if not (spoken or account.pk in duties or book.get(account.pk) or account.pk in moved):
            continue
        duty = duties.get(account.pk)
        due = due_on(month, duty.due_days if duty and duty.due_days is not None else client.close_due_days)
        owner = duty.owner if duty and duty.owner else client.preparer
        rows.append(
            Standing(
                account,
                sign * book.get(account.pk, 0),
                account.pk in moved,
                spoken,
                duty,
                owner,
                due,
                last.get(account.pk),
                position,
            )
        )
    return sorted(rows, key=lambda row: row.position is None)


def _books(client: Client, month: Month) -> tuple[dict[int, int], set[int]]:
    """Debit − credit of each account at the month's end, and the accounts that moved in the year to it."""
    rows = MonthlyBalance.objects.filter(client=client, month__lte=month.first).values("account_id")
    totals = rows.annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor"), newest=Max("month"))
    since = month.shift(-11).first
    found = list(totals)
    book = {row["account_id"]: row["debit"] - row["credit"] for row in found}
    return book, {row["account_id"] for row in found if row["newest"] >= since}


def _of_bank(position: Position, sign: int) -> Said:
    names = {"feed": "Bank feed", "file": "Statement file", "typed": "Statement, typed"}
    source = names.get(position.statement.source, "Statement") if position.statement else "Bank"
    closing = position.closing
    return Said(
        source, None if closing is None else sign * closing, page="ledger:reconciliation_feed", at=position.feed.pk
    )


def _said(client: Client, month: Month) -> dict[int, Said]:
    """What is said of each account without a feed; a balance typed by a person comes before what a system tells."""
    return dict(
        [
            *_captured(client, month),
            *_open_items(client, month),
            *_payroll(client, month),
            *_processors(client, month),
            *_typed(client, month),
        ]
    )


def _captured(client: Client, month: Month) -> Iterator[tuple[int, Said]]:
    told = [("By hand", proof) for proof in captured_proof.of(client, month, CAPTURED)]
    told += [("Told by the system", proof) for proof in captured_proof.told(client, month)]
    for source, proof in told:
        if proof.account_id is not None and not proof.currency:
            yield proof.account_id, Said(source, proof.stated, proof.ledger)


def _open_items(client: Client, month: Month) -> Iterator[tuple[int, Said]]:
    for kind, group in proving.OPEN_ITEMS.items():
        rows = proving.reported(client, kind, month.last)
        controls = list(Account.objects.filter(client=client, group=group).values_list("pk", flat=True)) if rows else []
        if len(controls) == 1:
            total = sum(row.amount_minor for row in rows.values())
            yield controls[0], Said("Open items", total)


def _payroll(client: Client, month: Month) -> Iterator[tuple[int, Said]]:
    if not payroll_proof.connections(client):
        return
    names = {account.name: account.pk for account in Account.objects.filter(client=client, type=Account.Type.LIABILITY)}
    for row in payroll_proof.liabilities(client, month):
        if row.name in names:
            yield names[row.name], Said("Payroll register", row.closing, row.ledger, page="ledger:payroll")


def _processors(client: Client, month: Month) -> Iterator[tuple[int, Said]]:
    for connection in processor_proof.connections(client):
        proofs = processor_proof.prove_all(client, connection, month)
        given = {"provider": connection.provider, "currency": client.home_currency}
        accounts_of = mapping.accounts_by_role(client.pk, "clearing", month.last, **given)
        if len(proofs) == 1 and len(accounts_of) == 1 and proofs[0].is_home:
            roll = proofs[0].roll
            amount = roll.closing if roll.reported is None and proofs[0].no_balance else roll.reported
            yield (
                next(iter(accounts_of)),
                Said(str(connection), amount, roll.ledger + roll.unsettled, page="ledger:processor", at=connection.pk),
            )


def _typed(client: Client, month: Month) -> Iterator[tuple[int, Said]]:
    """Balances typed by a person, rolled forward by what was booked between their day and the month's end."""
    rows = list(StatedBalance.objects.filter(client=client, month=month.first).select_related("account"))
    early = [row for row in rows if row.ends_on < month.last]
    moved: dict[int, int] = defaultdict(int)
    if early:
        lines = JournalLine.objects.filter(
            client=client,
            account_id__in=[row.account_id for row in early],
            booked_on__range=(month.first, month.last),
        )
        ends = {row.account_id: row.ends_on for row in early}
        for account, on, debit, credit in lines.values_list("account_id", "booked_on", "debit_minor", "credit_minor"):
            moved[account] += (debit - credit) if on > ends[account] else 0
    for row in rows:
        sign = 1 if row.account.debit_is_positive else -1
        source = "Typed" if row.ends_on == month.last else f"Typed, {row.ends_on:%b} {row.ends_on.day} rolled forward"
        yield row.account_id, Said(source, row.amount_minor + sign * moved[row.account_id])


def _last(client: Client, month: Month) -> dict[int, date]:
    """The end of the last month each account was reconciled for, to this month."""
    finished = StatementBalance.objects.filter(
        client=client, finished_at__isnull=False, month__lte=month.first, feed__account__isnull=False
    )
    found = {row.feed.account_id: row.month for row in finished.select_related("feed").order_by("month")}
    typed = StatedBalance.objects.filter(client=client, month__lte=month.first).order_by("month")
    found |= dict(typed.values_list("account_id", "month"))
    return {account: Month.of(first).last for account, first in found.items() if account is not None}


# ---- what people say -----------------------------------------------------------------------------------------------------


def state_balance(
    account: Account, month: Month, *, amount: int, ends_on: date, support: str, by: User
) -> StatedBalance:
    """Type what a statement or confirmation says an account held (on its usual side). Raises ReconcilingError."""
    if account.type not in BALANCE_SHEET:
        raise ReconcilingError("Only a balance-sheet account has a balance to prove.")
    if BankFeed.objects.filter(client_id=account.client_id, account=account).exists():
        raise ReconcilingError("This account has a bank feed; type its statement there.")
    if not month.first <= ends_on <= month.last:
        raise ReconcilingError(f"The balance must be of a day in {month.label}.")
    if not support.strip():
        raise ReconcilingError("Say what proves the balance.")
    row, _ = StatedBalance.objects.update_or_create(
        client_id=account.client_id,
        account=account,
        month=month.first,
        defaults={"amount_minor": amount, "ends_on": ends_on, "support": support.strip()[:300], "typed_by": by},
    )
    audit.record(
        account.client, by, "balance.stated", f"{account} {month}", {"amount_minor": amount, "support": support[:300]}
    )
    return row


def look_after(
    account: Account, *, owner: User | None, due_days: int | None, tolerance: int, by: User
) -> ReconciliationDuty:
    """Say who reconciles an account, by which business day after the month's end, and how near it must come."""
    if tolerance < 0:
        raise ReconcilingError("A tolerance is not negative.")
    duty, _ = ReconciliationDuty.objects.update_or_create(
        client_id=account.client_id,
        account=account,
        defaults={"owner": owner, "due_days": due_days, "tolerance_minor": tolerance, "changed_by": by},
    )
    detail = {"owner": str(owner or ""), "due_days": due_days, "tolerance_minor": tolerance}
    audit.record(account.client, by, "duty.changed", str(account), detail)
    return duty
