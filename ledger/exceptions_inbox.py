"""Opening, settling and counting exceptions. One open row per problem; a problem that goes away settles itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from clients import audit
from ledger.models import LedgerException

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from clients.models import Client, User

OPEN = (LedgerException.State.OPEN, LedgerException.State.SNOOZED)
#: In a problem's detail: the accounting system's ids (``Account:12``) of what must be made active there.
INACTIVE = "inactive"
#: In the detail of a refused document, the last day that is closed there.
CLOSED_THROUGH = "closed_through"


@dataclass(frozen=True, slots=True)
class Problem:
    """What to put into the inbox. ``identity`` keeps it one row; ``cause`` groups equals."""

    kind: str
    identity: str
    cause: str
    title: str
    source: str = ""
    amount_minor: int | None = None
    booked_on: date | None = None
    connection_id: int | None = None
    fact_id: int | None = None
    outbox_id: int | None = None
    entry_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def open_problems(client_id: int, problems: Sequence[Problem]) -> int:
    """Open (or refresh) a row for each; gives how many are new. Set-based: two statements for any number."""
    if not problems:
        return 0
    unique = {(problem.kind, problem.identity): problem for problem in problems}
    known = {
        (row.kind, row.identity): row
        for row in LedgerException.objects.filter(
            client_id=client_id, state__in=OPEN, identity__in=[key[1] for key in unique]
        )
    }
    fresh = [_row(client_id, problem) for key, problem in unique.items() if key not in known]
    LedgerException.objects.bulk_create(fresh, batch_size=1000)
    changed = []
    for key, row in known.items():
        problem = unique.get(key)
        if problem and (row.title, row.amount_minor, row.fact_id) != (
            problem.title,
            problem.amount_minor,
            problem.fact_id,
        ):
            row.title, row.amount_minor, row.fact_id = problem.title[:300], problem.amount_minor, problem.fact_id
            row.detail = problem.detail
            changed.append(row)
    LedgerException.objects.bulk_update(changed, ["title", "amount_minor", "fact_id", "detail"], batch_size=500)
    return len(fresh)


def _row(client_id: int, problem: Problem) -> LedgerException:
    return LedgerException(
        client_id=client_id,
        kind=problem.kind,
        identity=problem.identity[:200],
        cause=problem.cause[:200],
        title=problem.title[:300],
        source=problem.source[:80],
        amount_minor=problem.amount_minor,
        booked_on=problem.booked_on,
        connection_id=problem.connection_id,
        fact_id=problem.fact_id,
        outbox_id=problem.outbox_id,
        entry_id=problem.entry_id,
        detail=problem.detail,
    )


def settle(
    client_id: int, kinds: Iterable[str], identities: Iterable[str], *, resolution: str, by: User | None = None
) -> int:
    """Resolve open rows by identity: their cause is gone."""
    return LedgerException.objects.filter(
        client_id=client_id, kind__in=list(kinds), identity__in=list(identities), state__in=OPEN
    ).update(
        state=LedgerException.State.RESOLVED, resolved_at=timezone.now(), resolved_by=by, resolution=resolution[:300]
    )


def resolve(row: LedgerException, *, by: User, resolution: str, ignored: bool = False) -> None:
    """A person settles one row, with what its ``detail`` says by now; the audit trail keeps how."""
    row.save(update_fields=["detail", "entry_id"])
    resolve_all([row], by=by, resolution=resolution, ignored=ignored)
    row.refresh_from_db()


def resolve_all(rows: Sequence[LedgerException], *, by: User, resolution: str, ignored: bool = False) -> None:
    """A person settles rows alike with one answer, in one statement."""
    state = LedgerException.State.IGNORED if ignored else LedgerException.State.RESOLVED
    now = timezone.now()
    _change(rows, state=state, resolved_at=now, resolved_by=by, resolution=resolution[:300])
    act = "exception.ignored" if ignored else "exception.resolved"
    audit.record(rows[0].client, by, act, rows[0].title, {"resolution": resolution, **_how_many(rows)})


def assign(rows: Sequence[LedgerException], *, to: User | None, by: User) -> None:
    """Rows alike become somebody's, or nobody's."""
    _change(rows, assigned_to=to)
    detail = {"to": str(to) if to else "", **_how_many(rows)}
    audit.record(rows[0].client, by, "exception.assigned", rows[0].title, detail)


def snooze(rows: Sequence[LedgerException], *, until: date, by: User) -> None:
    """Rows alike go out of sight until a day; they still block the close of their month."""
    _change(rows, state=LedgerException.State.SNOOZED, snoozed_until=until)
    audit.record(rows[0].client, by, "exception.snoozed", rows[0].title, {"until": str(until), **_how_many(rows)})


def _change(rows: Sequence[LedgerException], **values: Any) -> None:
    found = LedgerException.objects.filter(client_id=rows[0].client_id, pk__in=[row.pk for row in rows])
    found.update(**values)


def _how_many(rows: Sequence[LedgerException]) -> dict[str, int]:
    return {"rows": len(rows)} if len(rows) > 1 else {}


def wake(client: Client, today: date) -> int:
    """Bring back what was snoozed until today or earlier."""
    return LedgerException.objects.filter(
        client=client, state=LedgerException.State.SNOOZED, snoozed_until__lte=today
    ).update(state=LedgerException.State.OPEN, snoozed_until=None)
