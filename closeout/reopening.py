"""Opening a signed month again: a reason, a controller, and for a sealed month a second person. Old seals stay as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from clients import audit
from clients.access import Right, allows
from clients.models import Membership, Role
from closeout import board
from closeout.models import CloseRun, Reopening
from closeout.workflow import CloseError
from integrations import jobs
from ledger.core.period import Month
from ledger.models import Period

if TYPE_CHECKING:
    from clients.models import Client, User


def ask(close: CloseRun, *, by: User, reason: str) -> Reopening:
    """Ask to open a signed month again; one that is locked and not sealed yet opens at once. Raises CloseError."""
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise CloseError("Reopening needs a reason.")
    with transaction.atomic():
        place = _place(close.client, by)
        period = _closed(close)
        if waiting(close) is not None:
            raise CloseError("Somebody asked already; a second person grants it.")
        row = Reopening.objects.create(client=close.client, close=close, reason=reason, asked_by=by)
        audit.record(close.client, by, "close.reopening_asked", str(close), {"reason": reason, "role": place.role})
        if period.state == Period.State.LOCKED:
            _open(row, period, by=by)
    return row


def grant(row: Reopening, *, by: User) -> None:
    """The second person opens the month; one of the two is a controller. Raises CloseError."""
    with transaction.atomic():
        place = _place(row.client, by)
        period = _closed(row.close)
        row = Reopening.objects.select_for_update().get(pk=row.pk)
        if row.granted_at is not None:
            raise CloseError("This was granted already.")
        if row.asked_by_id == by.pk:
            raise CloseError("Whoever asked cannot grant it: a sealed month takes two people.")
        if Role.CONTROLLER not in {place.role, _place(row.client, row.asked_by).role}:
            raise CloseError("One of the two has to be a controller.")
        row.granted_by = by
        _open(row, period, by=by)


def waiting(close: CloseRun) -> Reopening | None:
    """The request that waits for a second person."""
    return Reopening.objects.filter(close=close, granted_at__isnull=True).select_related("asked_by").first()


def _place(client: Client, by: User) -> Membership:
    place = Membership.objects.filter(user=by, practice_id=client.practice_id, is_active=True).first()
    if place is None or not by.is_active or not allows(place, Right.REOPEN):
        raise CloseError(f"{by} may not reopen a month.")
    return place


def _closed(close: CloseRun) -> Period:
    """The month's period row, held; refused where it is open, an opening, or a later month stands on it."""
    later = Period.objects.select_for_update().filter(client=close.client, month__gte=close.month).order_by("month")
    periods = list(later)
    if not periods or periods[0].month != close.month or periods[0].state == Period.State.OPEN:
        raise CloseError(f"{Month.of(close.month).label} is open.")
    after = [period for period in periods[1:] if period.state != Period.State.OPEN]
    if after:
        raise CloseError(f"{Month.of(after[-1].month).label} stands on this month and has to be reopened first.")
    return periods[0]


def _open(row: Reopening, period: Period, *, by: User) -> None:
    close, month = row.close, Month.of(row.close.month)
    row.granted_at = datetime.now(UTC)
    row.save(update_fields=["granted_by", "granted_at"])
    period.state, period.changed_by, period.reason = Period.State.OPEN, by, row.reason
    period.save()
    close.state, close.prepared_by, close.prepared_at = CloseRun.State.REOPENED, None, None
    close.save(update_fields=["state", "prepared_by", "prepared_at"])
    audit.record(row.client, by, "close.reopened", str(month), {"reason": row.reason})
    jobs.enqueue(row.client_id, "unlock", f"unlock:{row.pk}", {"month": str(month)})
    board.refresh(row.client, close)
