"""Opening balances: the month before the cut-over sealed as it stands, where our books and the accounting system agree."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from clients import audit
from clients.access import Right, allows
from clients.models import Membership
from closeout import board, seal, workflow
from closeout.checks import CHECKS, Scope
from closeout.models import CloseRun, Seal
from closeout.workflow import CloseError
from ledger.core.period import Month
from ledger.models import Period

if TYPE_CHECKING:
    from clients.models import Client, User

#: The parts of the trial balance check that opening balances must pass.
AGREED = ("foots", "mirror")


def seal_opening(client: Client, month: Month, *, by: User) -> Seal:
    """Seal a month as opening balances: debits = credits, and every account = the accounting system's. Sources are not asked.

    Earlier months are sealed with it. Finding it sealed gives that seal. Raises CloseError; inside the client's context.
    """
    place = Membership.objects.filter(user=by, practice_id=client.practice_id, is_active=True).first()
    if place is None or not allows(place, Right.SIGN):
        raise CloseError(f"{by} may not sign.")
    close = workflow.open_close(client, month, by=by)
    with transaction.atomic():
        periods = Period.objects.select_for_update().filter(client=client, month__lte=month.first).order_by("month")
        period = list(periods)[-1]
        made = Seal.objects.filter(close=close).order_by("-number").first()
        if period.state == Period.State.SEALED and made is not None:
            return made
        if made is not None and not close.is_baseline:
            raise CloseError(f"{month.label} was closed with its checks and cannot become opening balances.")
        agreed = _agreement(close)
        now = datetime.now(UTC)
        close.is_baseline, close.state, close.checked_at = True, CloseRun.State.SIGNED, now
        close.save(update_fields=["is_baseline", "state", "checked_at"])
        close.tasks.all().delete()
        sections = {**seal.standing(close), "opening": agreed, "signature": {"signer": [by.pk, str(by), by.email]}}
        row = seal.keep(close, period, sections, signed=None, by=by, now=now)
        Period.objects.filter(client=client, month__lt=month.first).update(
            state=Period.State.SEALED, changed_by=by, reason=f"Before the opening balances, seal {row.code}"
        )
        audit.record(client, by, "close.opening_sealed", str(month), {"code": row.code})
        board.refresh(client, close)
        return row


def _agreement(close: CloseRun) -> list[dict[str, Any]]:
    """What the trial balance check says of the two proofs an opening needs. Raises CloseError where one fails."""
    found = []
    for result in CHECKS["K05"].run(Scope(close.client, Month.of(close.month), close)):
        if result.subject not in AGREED:
            continue
        if result.state not in {"pass", "not_applicable"}:
            names = ", ".join(item.label for item in result.items[:5])
            raise CloseError(f"{result.title or result.subject}: {result.summary}" + (f" ({names})" if names else ""))
        found.append(
            {"check": result.subject, "state": result.state, "expected": result.expected, "actual": result.actual}
        )
    return found
