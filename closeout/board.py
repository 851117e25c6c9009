"""The board's read model: one row a client and month, moved by the transaction that changes what it shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from closeout.models import BoardRow, CheckResult, CloseRun, Override, Question, SignOff
from integrations.models import Connection
from ledger import mapping_rows
from ledger.core.period import Month
from ledger.models import ChangedAfterClose, LedgerException, Period

if TYPE_CHECKING:
    from clients.models import Client

#: Status → the order in which a controller wants to see the rows.
STATUSES = {
    "changed": "Changed after sign-off",
    "blocked": "Blocked",
    "ready": "Ready to sign",
    "progress": "In progress",
    "client": "With the client",
    "not_started": "Not started",
    "signed": "Signed off",
}


def refresh(client: Client, close: CloseRun) -> BoardRow:
    """Recompute the row of one close from what is stored; called inside the transaction that changed it."""
    finals = ["K49", "K50"]  # they look at the close itself
    results = list(CheckResult.objects.filter(close=close).exclude(state="not_applicable").exclude(check_id__in=finals))
    questions = Question.objects.filter(client=client, month=close.month)
    waiting = questions.filter(state=Question.State.WAITING).count()
    signed = SignOff.objects.filter(close=close).order_by("-signed_at").first() if close.state == "signed" else None
    status, reason = _status(client, close, [row for row in results if row.state in {"fail", "cannot_tell"}], waiting)
    row, _ = BoardRow.objects.update_or_create(
        client=client,
        month=close.month,
        defaults={
            "status": status,
            "reason": reason,
            "areas": _areas(results),
            "total": len(results),
            "proven": sum(row.state == "pass" for row in results),
            "questions_waiting": waiting,
            "questions_answered": questions.filter(state=Question.State.ANSWERED).count(),
            "exceptions": LedgerException.objects.filter(client=client, state="open").count(),
            "mapped_bp": _mapped(client, close),
            "connections": _connections(client),
            "due_on": close.due_on,
            "signed_at": signed.signed_at if signed else None,
            "preparer": close.preparer.initials if close.preparer else "",
            "controller": close.controller.initials if close.controller else "",
        },
    )
    return row


def _areas(results: list[CheckResult]) -> dict[str, list[int]]:
    areas: dict[str, list[int]] = {}
    for row in results:
        counts = areas.setdefault(row.area, [0, 0, 0, 0])
        place = {"pass": 0, "fail": 1, "cannot_tell": 2}[row.state]
        counts[place] += 1
        counts[3] += 1
    return areas


def _status(client: Client, close: CloseRun, failing: list[CheckResult], waiting: int) -> tuple[str, str]:
    if close.state == CloseRun.State.SIGNED:
        return _signed(client, close)
    through = Override.objects.filter(close=close, granted_by__isnull=False, expires_on__gte=datetime.now(UTC).date())
    let = set(through.values_list("check_id", "subject"))
    failing = [row for row in failing if (row.check_id, row.subject) not in let]
    if close.state == CloseRun.State.PREPARED and not failing:
        return "ready", "Waits for the controller"
    if failing:
        return "blocked", failing[0].summary[:200]
    if waiting:
        return "client", f"{waiting} questions wait for the client"
    return ("progress", "") if close.checked_at else ("not_started", "")


def _signed(client: Client, close: CloseRun) -> tuple[str, str]:
    """Green only when sealed, and as long as nothing changed since."""
    changes = ChangedAfterClose.objects.filter(client=client, month=close.month, state="open").count()
    if changes:
        return "changed", f"{changes} {'change' if changes == 1 else 'changes'} since sign-off"
    if not Period.objects.filter(client=client, month=close.month, state=Period.State.SEALED).exists():
        return "progress", "Signed; the accounting system is being closed"
    return "signed", ""


def _mapped(client: Client, close: CloseRun) -> int | None:
    """Basis points of the month's money; None where no record is to be booked."""
    coverage = mapping_rows.coverage(client, Month.of(close.month))
    return coverage.money_basis_points if coverage.all_facts else None


def _connections(client: Client) -> str:
    states = set(Connection.objects.filter(client=client).exclude(state="disconnected").values_list("state", flat=True))
    if Connection.State.NEEDS_RECONNECT in states:
        return "needs_reconnect"
    return "healthy" if states else "none"
