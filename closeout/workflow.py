"""The close of a month: opened, checked, prepared. Its state follows its checks; a person only asks for the signature."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from clients import audit
from closeout import board
from closeout.checks import CHECKS, Result, Scope
from closeout.models import CheckResult, CloseRun, Explanation, Override, Task
from ledger import mapping
from ledger.core.period import Month, due_on
from ledger.models import Period
from ledger.posting import ensure_periods

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from clients.models import Client, User
    from closeout.checks import Check

TASKS = (
    ("Read the month as the owner would: does the story make sense?", "review"),
    ("Write the note to the owner", "review"),
)
RESULT_FIELDS = (
    "area", "title", "state", "summary", "unit", "expected", "actual", "difference", "items", "evidence", "as_of", "ran_at",
    "milliseconds",
)  # fmt: skip


class CloseError(ValueError):
    """An act the state of the close does not allow."""


@transaction.atomic
def open_close(client: Client, month: Month, *, by: User | None = None) -> CloseRun:
    """The close of a month, made on first use with its due date and manual tasks."""
    ensure_periods(client.pk, [month.first])
    close, made = CloseRun.objects.get_or_create(
        client=client,
        month=month.first,
        defaults={
            "due_on": due_on(month, client.close_due_days),
            "preparer": client.preparer,
            "controller": client.controller,
        },
    )
    if made:
        Task.objects.bulk_create(Task(client=client, close=close, title=title, area=area) for title, area in TASKS)
        audit.record(client, by, "close.opened", str(month), {"due": str(close.due_on)})
        board.refresh(client, close)
    return close


def run_checks(close: CloseRun, *, only: Iterable[str] | None = None) -> list[CheckResult]:
    """Run all checks (or those named) and keep what they found; the board's row moves with them."""
    scope = Scope(close.client, Month.of(close.month), close)
    wanted = set(only) if only is not None else set(CHECKS)
    chosen = sorted((check for check in CHECKS.values() if check.id in wanted), key=lambda check: check.id)
    with transaction.atomic(), mapping.read_once():
        _keep(scope, [check for check in chosen if not check.is_final])
        for check in chosen:
            if check.is_final:  # it reads what the others found
                _keep(scope, [check])
        if only is None:
            close.checked_at = datetime.now(UTC)
            close.save(update_fields=["checked_at"])
        board.refresh(close.client, close)
    return list(CheckResult.objects.filter(close=close))


def _keep(scope: Scope, checks: list[Check]) -> None:
    """Run these checks and replace what they found before: two statements whatever their number."""
    rows = [row for check in checks for row in _run(check, scope)]
    found = {(row.check_id, row.subject) for row in rows}
    old = CheckResult.objects.filter(close=scope.close, check_id__in=[check.id for check in checks])
    gone = [
        pk for pk, check_id, subject in old.values_list("pk", "check_id", "subject") if (check_id, subject) not in found
    ]
    CheckResult.objects.filter(pk__in=gone).delete()
    CheckResult.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["close", "check_id", "subject"],
        update_fields=RESULT_FIELDS,
    )


def _run(check: Check, scope: Scope) -> list[CheckResult]:
    started = time.monotonic()
    results = list(check.run(scope))
    spent = int((time.monotonic() - started) * 1000)
    return [
        CheckResult(
            close=scope.close, check_id=check.id, subject=result.subject, **_fields(check, scope, result, spent)
        )
        for result in results
    ]


def _fields(check: Check, scope: Scope, result: Result, spent: int) -> dict[str, Any]:
    return {
        "client": scope.client,
        "area": check.area,
        "title": result.title or check.title,
        "state": result.state,
        "summary": result.summary[:500],
        "unit": result.unit,
        "expected": result.expected,
        "actual": result.actual,
        "difference": result.difference,
        "items": [item.as_json() for item in result.items],
        "evidence": result.evidence,
        "as_of": result.as_of,
        "milliseconds": spent,
    }


def overrides_in_force(close: CloseRun) -> set[tuple[str, str]]:
    """(check, subject) let through by two people and not expired."""
    today = datetime.now(UTC).date()
    rows = Override.objects.filter(close=close, granted_by__isnull=False, expires_on__gte=today)
    return set(rows.values_list("check_id", "subject"))


def blockers(close: CloseRun, *, final: bool = False) -> list[CheckResult]:
    """Results that stand between the close and a signature: neither proven, nor not applicable, nor overridden."""
    through = overrides_in_force(close)
    finals = {check.id for check in CHECKS.values() if check.is_final}
    rows = CheckResult.objects.filter(close=close).filter(Q(state="fail") | Q(state="cannot_tell"))
    return [row for row in rows if (row.check_id, row.subject) not in through and (final or row.check_id not in finals)]


def proven(close: CloseRun) -> list[CheckResult]:
    """The results that count towards the close: the final ones look at the close itself and are left out."""
    finals = [check.id for check in CHECKS.values() if check.is_final]
    return list(CheckResult.objects.filter(close=close).exclude(check_id__in=finals).exclude(state="not_applicable"))


def open_tasks(close: CloseRun) -> list[Task]:
    return list(close.tasks.filter(done_at__isnull=True))


@transaction.atomic
def tick(task: Task, *, by: User, done: bool) -> None:
    """Mark a manual task done or not; checks cannot be ticked."""
    _refuse_signed(task.close)
    task.done_by, task.done_at = (by, datetime.now(UTC)) if done else (None, None)
    task.save()
    audit.record(task.client, by, "task.done" if done else "task.undone", task.title, {})
    board.refresh(task.client, task.close)


@transaction.atomic
def prepare(close: CloseRun, *, by: User) -> None:
    """The preparer hands the month to the controller. Raises CloseError while anything is open."""
    _refuse_signed(close)
    waiting = blockers(close)
    if waiting:
        raise CloseError(
            f"{len(waiting)} checks are not proven: {', '.join(sorted({row.check_id for row in waiting}))}."
        )
    if tasks := open_tasks(close):
        raise CloseError(f"{len(tasks)} tasks are open.")
    if close.controller_id == by.pk:
        raise CloseError("The controller of this client cannot prepare it.")
    close.state, close.prepared_by, close.prepared_at = CloseRun.State.PREPARED, by, datetime.now(UTC)
    close.save()
    audit.record(close.client, by, "close.prepared", str(close), {})
    board.refresh(close.client, close)


@transaction.atomic
def explain(close: CloseRun, check_id: str, item_key: str, *, amount: int | None, text: str, by: User) -> Explanation:
    """Say why an item of a check is as it is; it counts only while the amount stays. The check runs again."""
    _refuse_signed(close)
    if not text.strip():
        raise CloseError("An explanation needs words.")
    row, _ = Explanation.objects.update_or_create(
        close=close,
        check_id=check_id,
        item_key=item_key,
        defaults={"client": close.client, "amount_minor": amount, "text": text.strip()[:500], "written_by": by},
    )
    audit.record(close.client, by, "item.explained", f"{check_id} {item_key}", {"text": row.text, "amount": amount})
    return row


@transaction.atomic
def write_note(close: CloseRun, text: str, *, by: User) -> None:
    """The note to the owner, printed in the package."""
    _refuse_signed(close)
    close.note = text.strip()
    close.save(update_fields=["note"])
    audit.record(close.client, by, "close.note", str(close), {})


def ask_override(close: CloseRun, result: CheckResult, *, by: User, reason: str, expires_on: date) -> Override:
    """Ask to let a check through; it counts once a second person grants it."""
    if not reason.strip():
        raise CloseError("An override needs a reason.")
    row, _ = Override.objects.update_or_create(
        close=close,
        check_id=result.check_id,
        subject=result.subject,
        defaults={
            "client": close.client,
            "reason": reason,
            "asked_by": by,
            "granted_by": None,
            "granted_at": None,
            "expires_on": expires_on,
        },
    )
    audit.record(close.client, by, "override.asked", f"{result.check_id} {result.subject}", {"reason": reason})
    return row


def grant_override(override: Override, *, by: User) -> None:
    """The second person lets it through. Raises CloseError for the one who asked."""
    if override.asked_by_id == by.pk:
        raise CloseError("Whoever asked for an override cannot grant it.")
    override.granted_by, override.granted_at = by, datetime.now(UTC)
    override.save()
    audit.record(
        override.client, by, "override.granted", f"{override.check_id} {override.subject}", {"reason": override.reason}
    )
    board.refresh(override.client, override.close)


def _refuse_signed(close: CloseRun) -> None:
    if Period.objects.filter(client=close.client, month=close.month).exclude(state="open").exists():
        raise CloseError("This month is signed and locked.")
