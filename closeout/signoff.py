"""A controller's signature under a month: only what was shown, only what is proven, never under one's own work.

Signing holds the month's period row FOR UPDATE: posters wait, every check runs again on what stands then, and either the
month is locked in the same commit or nothing is signed. The closing date, the seal and the package follow as jobs.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from clients import audit
from clients.access import Right, allows
from clients.models import Membership
from closeout import board, manifest, workflow
from closeout.models import CheckResult, CloseRun, Explanation, SignOff
from closeout.workflow import CloseError
from integrations import jobs
from ledger import statements
from ledger.core.period import Month
from ledger.core.statements import trial_balance
from ledger.models import EntryApproval, JournalEntry, Period

if TYPE_CHECKING:
    from clients.models import Client, User

#: Second factors a signature accepts.
FACTORS = ("totp", "webauthn", "recovery_codes")


class SigningRefused(CloseError):  # noqa: N818
    """Nothing was signed; ``reasons`` say why, each in one sentence."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


def balances(client: Client, month: Month) -> dict[str, int]:
    """Debit − credit (minor units) of each account at the month's end since the books began; accounts at nil left out."""
    return trial_balance(statements.load(client, through=month.first), month, carry_profit=False).raw()


def display(close: CloseRun) -> dict[str, Any]:
    """Everything the signing page shows and a signature binds: figures, checks, overrides, explanations, tasks, note."""
    client, month = close.client, Month.of(close.month)
    finals = ["K49", "K50"]  # they look at the close itself and move with the signing
    checks = CheckResult.objects.filter(close=close).exclude(check_id__in=finals).order_by("check_id", "subject")
    return {
        "client": [client.pk, client.name],
        "month": str(month),
        "trial_balance": balances(client, month),
        "checks": [
            [
                row.check_id,
                row.subject,
                row.title,
                row.state,
                row.unit,
                row.expected,
                row.actual,
                row.summary,
                row.items,
            ]
            for row in checks
        ],
        "overrides": [
            [row.check_id, row.subject, row.reason, row.asked_by_id, row.granted_by_id, str(row.expires_on)]
            for row in close.overrides.filter(granted_by__isnull=False).order_by("check_id", "subject")
        ],
        "explanations": [
            [row.check_id, row.item_key, row.amount_minor, row.text]
            for row in Explanation.objects.filter(close=close).order_by("check_id", "item_key")
        ],
        "tasks": [[task.title, task.done_by_id] for task in close.tasks.order_by("title")],
        "note": close.note,
        "prepared_by": close.prepared_by_id,
    }


def shown(close: CloseRun) -> str:
    """SHA-256 of what the signing page shows now; the form sends it back with the signature."""
    return manifest.sha256(manifest.canonical(display(close)))


def reasons_against(close: CloseRun, *, by: User | None = None) -> list[str]:
    """What stands between the month and a signature (of ``by``) as the stored results say; empty if nothing does."""
    if close.state == CloseRun.State.SIGNED or not _is_open(close):
        return [f"{Month.of(close.month).label} is signed already."]
    return [*_of_the_work(close), *_of_the_order(close), *(_of_the_person(close, by) if by else [])]


def _is_open(close: CloseRun) -> bool:
    return not Period.objects.filter(client=close.client, month=close.month).exclude(state="open").exists()


def _of_the_work(close: CloseRun) -> list[str]:
    found = []
    if close.checked_at is None:
        found.append("The checks have not run.")
    if waiting := workflow.blockers(close):
        names = ", ".join(sorted({row.check_id for row in waiting}))
        found.append(f"{len(waiting)} {'check is' if len(waiting) == 1 else 'checks are'} not proven: {names}.")
    if tasks := workflow.open_tasks(close):
        found.append(f"{len(tasks)} {'task is' if len(tasks) == 1 else 'tasks are'} to do.")
    if close.state != CloseRun.State.PREPARED or close.prepared_by_id is None:
        found.append("The month has not been handed over by its preparer.")
    return found


def _of_the_order(close: CloseRun) -> list[str]:
    """Months are signed in their order: an open month before this one could still move its figures."""
    earlier = Period.objects.filter(client=close.client, month__lt=close.month, state=Period.State.OPEN)
    first = earlier.order_by("month").first()
    return [f"{Month.of(first.month).label} is not signed."] if first else []


def _of_the_person(close: CloseRun, by: User) -> list[str]:
    found = []
    place = Membership.objects.filter(user=by, practice_id=close.client.practice_id, is_active=True).first()
    if not by.is_active or place is None or not allows(place, Right.SIGN):
        found.append(f"{by} may not sign.")
    if close.prepared_by_id == by.pk:
        found.append("The signer cannot be the preparer.")
    if own := _own_entries(close, by):
        found.append(
            f"{own} {'entry' if own == 1 else 'entries'} made by the signer by hand wait for another's approval."
        )
    return found


def _own_entries(close: CloseRun, by: User) -> int:
    """Entries of the month typed by the signer that nobody else stands behind."""
    month = Month.of(close.month)
    approved = EntryApproval.objects.filter(client=close.client).exclude(approved_by=by).values("entry_id")
    own = JournalEntry.objects.filter(
        client=close.client, origin="manual", posted_by=by, booked_on__range=(month.first, month.last)
    )
    return own.exclude(pk__in=approved).count()


def _of_the_factor(factor: str, factor_at: datetime, now: datetime) -> list[str]:
    age = now - factor_at
    fresh = timedelta(0) <= age < timedelta(seconds=settings.STEP_UP_SECONDS)
    known = factor in FACTORS or (settings.DEMO and factor == "demo")
    return [] if fresh and known else ["Confirm with your second factor again."]


def sign(
    close: CloseRun,
    *,
    by: User,
    shown_sha256: str,
    factor: str,
    factor_at: datetime,
    now: datetime | None = None,
) -> SignOff:
    """Sign the month: run every check again, lock the period, queue closing date, seal and package.

    ``shown_sha256`` is ``shown(close)`` of the page the signer saw. ``factor_at`` is aware and under five minutes old.
    Raises SigningRefused; the fresh check results are then kept if the caller's transaction commits.
    """
    now = now or datetime.now(UTC)
    with transaction.atomic():
        month = Month.of(close.month)
        client = close.client
        list(Period.objects.select_for_update().filter(client=client, month__lte=month.first).order_by("month"))
        close = CloseRun.objects.select_for_update().get(pk=close.pk)
        close.client = client
        reasons = [*_of_the_factor(factor, factor_at, now), *_of_the_person(close, by)]
        if close.state == CloseRun.State.SIGNED or not _is_open(close):
            reasons = [f"{month.label} is signed already."]
        if not reasons:
            workflow.run_checks(close)
            close.refresh_from_db(fields=["checked_at"])
            reasons = reasons_against(close, by=by)
            gate = CheckResult.objects.filter(close=close, check_id="K49").first()
            if not reasons and (gate is None or gate.state != "pass"):
                reasons = [gate.summary if gate else "The checks have not run."]
            if not reasons and shown(close) != shown_sha256:
                reasons = ["What you saw has changed. Look at it again, then sign."]
        if not reasons:
            return _signed(close, by=by, shown_sha256=shown_sha256, factor=factor, factor_at=factor_at, now=now)
    raise SigningRefused(reasons)


def _signed(
    close: CloseRun, *, by: User, shown_sha256: str, factor: str, factor_at: datetime, now: datetime
) -> SignOff:
    client, month = close.client, Month.of(close.month)
    row = SignOff.objects.create(
        client=client,
        close=close,
        signer=by,
        signed_at=now,
        shown_sha256=shown_sha256,
        factor=factor,
        factor_at=factor_at,
        statement=statement(close),
    )
    period = Period.objects.get(client=client, month=close.month)
    period.state, period.changed_by, period.reason = Period.State.LOCKED, by, "Signed off"
    period.save()
    close.state = CloseRun.State.SIGNED
    close.save(update_fields=["state"])
    audit.record(client, by, "close.signed", str(month), {"shown": shown_sha256, "factor": factor})
    jobs.enqueue(client.pk, "seal", f"seal:{row.pk}", {"signoff": row.pk})
    board.refresh(client, close)
    return row


def statement(close: CloseRun) -> str:
    """What the signer says, as the page shows it and the package prints it."""
    rows = workflow.proven(close)
    let = workflow.overrides_in_force(close)
    proven = sum(row.state == "pass" for row in rows)
    through = sum(row.state != "pass" and (row.check_id, row.subject) in let for row in rows)
    words = "no override" if not through else f"{through} override{'s' if through > 1 else ''}, printed with the reason"
    last = Month.of(close.month).last
    return (
        "I have reviewed these statements and the evidence behind them. "
        f"{proven} of {len(rows)} checks were proven, with {words}. "
        f"The books are locked as of {last:%B} {last.day}, {last.year}."
    )
