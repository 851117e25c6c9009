"""The sentinel: every change to a signed month is held, priced and decided by a controller; the seals are checked each day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from clients import audit
from clients.access import Right, allows
from clients.models import Membership
from closeout import board, seal
from closeout.checks import CHECKS
from closeout.models import BoardRow, CheckResult, CloseRun
from closeout.workflow import CloseError
from ledger import mirror, posting
from ledger.core.accounts import INCOME_STATEMENT_TYPES
from ledger.core.period import Month
from ledger.models import Account, ChangedAfterClose, MappingRule, Period

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from clients.models import Client, User

#: Group of an account → the checks that read it.
BY_GROUP = {
    "bank": ("K06", "K07", "K08", "K46"),
    "card": ("K06", "K07", "K08"),
    "receivable": ("K27",),
    "payable": ("K24",),
}
#: Beginning of a role mapped to the account → the checks that read it.
BY_ROLE = {
    "clearing": ("K12",),
    "in-transit": ("K13",),
    "sales": ("K14",),
    "merchant-fees": ("K14",),
    "returns": ("K14",),
    "wages": ("K17",),
    "er-tax": ("K17", "K22"),
    "ee-tax": ("K17", "K22"),
    "benefit": ("K17", "K22"),
    "net-pay": ("K17", "K22"),
}


@dataclass(frozen=True, slots=True)
class Price:
    """What an undecided change costs. ``net_income`` is its effect in minor units (negative: less profit); ``accounts`` are
    (account, debit − credit); ``checks`` no longer hold for the month; ``months`` are the signed months whose figures it moves.
    """

    change: ChangedAfterClose
    net_income: int
    accounts: tuple[tuple[Account, int], ...]
    checks: tuple[str, ...]
    months: tuple[Month, ...]

    @property
    def titles(self) -> list[str]:
        return [CHECKS[check].title for check in self.checks]


def price(change: ChangedAfterClose) -> Price:
    """What the change does to profit, to which accounts, checks and signed months."""
    accounts = Account.objects.filter(client=change.client).in_bulk([account for account, _delta in change.deltas])
    moved = tuple((accounts[account], int(delta)) for account, delta in change.deltas if account in accounts)
    income = -sum(delta for account, delta in moved if account.type in INCOME_STATEMENT_TYPES)
    signed = (
        Period.objects.filter(client=change.client, month__gte=change.month).exclude(state="open").order_by("month")
    )
    months = tuple(Month.of(month) for month in signed.values_list("month", flat=True))
    return Price(change, income, moved, _checks(change, moved), months)


def _checks(change: ChangedAfterClose, moved: Iterable[tuple[Account, int]]) -> tuple[str, ...]:
    """The checks of the month that compare one of these accounts, as far as they applied to it; the trial balance always."""
    accounts = [account for account, _delta in moved]
    found = {"K05"}
    for account in accounts:
        found.update(BY_GROUP.get(account.group, ()))
    roles = MappingRule.objects.filter(client=change.client, version__state="approved", account__in=accounts)
    for role in set(roles.values_list("role", flat=True)):
        found.update(*(checks for head, checks in BY_ROLE.items() if role.startswith(head)))
    if any(account.type in INCOME_STATEMENT_TYPES for account in accounts):
        found.add("K42")
    applied = CheckResult.objects.filter(client=change.client, close__month=change.month).exclude(
        state="not_applicable"
    )
    known = set(applied.values_list("check_id", flat=True))
    return tuple(sorted(check for check in found if check in CHECKS and (check in known or check == "K05")))


def open_changes(client: Client) -> list[Price]:
    """Every undecided change of the client, priced, newest first."""
    rows = ChangedAfterClose.objects.filter(client=client, state="open").select_related("document", "client")
    return [price(row) for row in rows]


def decided(client: Client) -> list[ChangedAfterClose]:
    rows = ChangedAfterClose.objects.filter(client=client).exclude(state="open")
    return list(rows.select_related("document", "decided_by").order_by("-decided_at")[:100])


def open_day(client: Client, after: date) -> date:
    """The first day of the earliest open month after a month, made if there is none."""
    closed = Period.objects.filter(client=client).exclude(state="open").order_by("-month").first()
    month = Month.of(max(after, closed.month) if closed else after).next
    earlier = Period.objects.filter(client=client, month__gt=after, state="open").order_by("month").first()
    if earlier is not None and Month.of(earlier.month) < month:
        month = Month.of(earlier.month)
    posting.ensure_periods(client.pk, [month.first])
    return month.first


def accept(change: ChangedAfterClose, *, by: User, reason: str) -> int:
    """Take the change into the open month, with a reason; gives the entry's id. The signed month stays. Raises CloseError."""
    reason = " ".join(reason.split())[:500]
    if not reason:
        raise CloseError("Taking a change needs a reason.")
    place = Membership.objects.filter(user=by, practice_id=change.client.practice_id, is_active=True).first()
    if place is None or not allows(place, Right.APPROVE):
        raise CloseError(f"{by} may not decide this.")
    with transaction.atomic():
        change = (
            ChangedAfterClose.objects.select_for_update(of=("self",))
            .select_related("client", "document")
            .get(pk=change.pk)
        )
        if change.state != ChangedAfterClose.State.OPEN:
            raise CloseError("This change was decided already.")
        day = open_day(change.client, change.month)
        entry_id = mirror.take_into_open_month(change, by=by, reason=reason, booked_on=day)
        detail = {"reason": reason, "entry": entry_id, "booked_on": str(day)}
        audit.record(change.client, by, "change.taken", str(change), detail)
        refresh_boards(change.client, change.month)
    return entry_id


def refresh_boards(client: Client, since: date) -> None:
    for close in CloseRun.objects.filter(client=client, month__gte=since):
        board.refresh(client, close)


def watch(client: Client) -> dict[str, Any]:
    """The daily look: broken seals go on record, and rows of signed months show what changed. Inside the client's context."""
    broken = seal.verify(client)
    for one in broken:
        audit.record(client, None, "seal.broken", one.seal.code, {"what": one.what})
        BoardRow.objects.filter(client=client, month=one.seal.close.month).update(
            status="changed", reason=f"Seal {one.seal.code}: {one.what}"[:200]
        )
    if not broken:
        for close in CloseRun.objects.filter(client=client, state=CloseRun.State.SIGNED):
            board.refresh(client, close)
    changes = ChangedAfterClose.objects.filter(client=client, state="open").count()
    return {"broken": len(broken), "changes": changes, "at": datetime.now(UTC).isoformat(timespec="seconds")}
