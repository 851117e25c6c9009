"""Review and sign-off: variances explained, questions settled, earlier months unchanged, the gates, the lock (K42, K47–K50)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from closeout import flux
from closeout.checks.registry import Item, Result, Scope, State, check, many
from closeout.models import CheckResult, CloseRun, Question
from ledger import changed_by, refreshing
from ledger.models import ChangedAfterClose, JournalEntry, Period, ReportedBalance

if TYPE_CHECKING:
    from closeout.flux import Variance


@check("K42", area="review", title="Every large variance is explained")
def variances_are_explained(scope: Scope) -> Result:
    """Each account against last month and the same month last year: over 10 % and the client's limit has an explanation.

    So has an account that came each month and is missing. Without an earlier month there is nothing to compare; while the
    earlier ones are still being read nobody can tell.
    """
    page = scope.url("statements", scope.month)
    if not refreshing.is_history_read(scope.client):
        return Result(
            state="cannot_tell", summary="The accounting system's earlier months are not read yet.", evidence=page
        )
    if not flux.has_basis(scope.client, scope.month):
        return Result(state="not_applicable", summary="The books hold no earlier month to compare with.", evidence=page)
    items = tuple(_variance_item(scope, variance) for variance in flux.variances(scope.client, scope.month))
    open_items = [item for item in items if item.is_open]
    return Result(
        state="fail" if open_items else "pass",
        unit="count",
        expected=len(items),
        actual=len(items) - len(open_items),
        items=items,
        summary=many(len(open_items), f"# of {len(items)} variances waits|wait for an explanation.")
        if open_items
        else many(len(items), "# variance|variances over the limit, all explained."),
        evidence=page,
    )


def _variance_item(scope: Scope, variance: Variance) -> Item:
    why = scope.explained("K42", variance.key, variance.change)
    return Item(
        label=variance.label,
        amount=variance.change,
        url=scope.url("accounts", variance.account_id, scope.month),
        key=variance.key,
        is_open=not why,
        note=why,
    )


@check("K47", area="review", title="No question above the limit is open")
def questions_are_settled(scope: Scope) -> Result:
    """Questions to the client for the month: none unanswered above the client's limit; defaults applied are listed."""
    rows = Question.objects.filter(client=scope.client, month__lte=scope.month.first).exclude(
        state=Question.State.SETTLED
    )
    limit = scope.client.materiality_minor
    items = tuple(
        Item(
            label=f"{row.text} ({row.get_state_display().lower()})",
            amount=row.amount_minor,
            url=scope.url("questions"),
            key=f"question:{row.pk}",
            is_open=row.state == Question.State.ANSWERED or abs(row.amount_minor or 0) >= limit,
        )
        for row in rows
    )
    open_items = [item for item in items if item.is_open]
    return Result(
        state="fail" if open_items else "pass",
        unit="count",
        expected=0,
        actual=len(open_items),
        items=items,
        evidence=scope.url("questions"),
        summary=many(len(open_items), "# question|questions is|are open.")
        if open_items
        else many(len(items), "# small question|questions is|are open.")
        if items
        else "No question is open.",
    )


@check("K48", area="review", title="Signed months are unchanged")
def signed_months_stand(scope: Scope) -> Result:
    """No undecided change to a closed month; changes taken into an open month are listed with their reason."""
    rows = ChangedAfterClose.objects.filter(client=scope.client, month__lt=scope.month.next.first).select_related(
        "document__connection"
    )
    relevant = list(rows.filter(Q(state="open") | Q(decided_at__isnull=False, entry_id__isnull=False)))
    editors = changed_by.last_editors(scope.client, [row.document.external_id for row in relevant])
    items = tuple(
        Item(
            label=f"{' '.join(_named(row))} of {row.month:%B %Y} was {row.kind} after the close {_by(row, editors)}",
            amount=row.amount_minor,
            url=scope.url("changes"),
            key=f"change:{row.pk}",
            is_open=row.state == "open",
            note=row.reason,
        )
        for row in relevant
    )
    open_items = [item for item in items if item.is_open]
    closed = Period.objects.filter(client=scope.client, month__lt=scope.month.first).exclude(state="open").count()
    if not closed:
        return Result(state="not_applicable", summary="No earlier month is signed.")
    return Result(
        state="fail" if open_items else "pass",
        unit="count",
        expected=0,
        actual=len(open_items),
        items=items,
        evidence=scope.url("changes"),
        summary=open_items[0].label
        if open_items
        else f"{closed} closed months unchanged" + (f"; {len(items)} changes taken with a reason." if items else "."),
    )


def _by(change: ChangedAfterClose, editors: dict[tuple[str, str, str], str]) -> str:
    document, there = change.document, change.document.connection
    by = "" if document.is_deleted else editors.get((there.provider, there.account_id, document.external_id), "")
    return changed_by.said(str(there), by)


def _named(change: ChangedAfterClose) -> list[str]:
    document = change.document
    return [word for word in (document.type, document.number, document.party) if word]


@check("K49", area="review", title="All gates pass, and the figures are fresh", is_final=True)
def gates_pass(scope: Scope) -> Result:
    """Every other check is proven, not applicable or overridden; prepared by someone else; nothing newer than the results."""
    from closeout import workflow

    waiting = workflow.blockers(scope.close)
    tasks = workflow.open_tasks(scope.close)
    items = (
        *(Item(label=f"{row.check_id} {row.title}", key=f"check:{row.check_id}:{row.subject}") for row in waiting),
        *(Item(label=task.title, key=f"task:{task.pk}") for task in tasks),
    )
    prepared = scope.close.state in {CloseRun.State.PREPARED, CloseRun.State.SIGNED}
    newest = (
        JournalEntry.objects.filter(client=scope.client, booked_on__lte=scope.month.last)
        .order_by("-posted_at")
        .values_list("posted_at", flat=True)
        .first()
    )
    oldest = (
        CheckResult.objects.filter(close=scope.close)
        .exclude(check_id__in=["K49", "K50"])
        .order_by("ran_at")
        .values_list("ran_at", flat=True)
        .first()
    )
    stale = newest is not None and (oldest is None or oldest < newest)
    state: State
    if items:
        state, summary = "fail", many(len(waiting), "# check|checks and ") + many(len(tasks), "# task|tasks are open.")
    elif stale:
        state, summary = "cannot_tell", "Entries were posted after the checks ran; run them again."
    elif not prepared:
        state, summary = "fail", "The month has not been handed over by its preparer."
    else:
        state, summary = "pass", "Every gate is proven or let through by two people."
    total = CheckResult.objects.filter(close=scope.close).exclude(check_id__in=["K49", "K50"]).count()
    return Result(
        state=state,
        summary=summary,
        unit="count",
        expected=total,
        actual=total - len(waiting),
        items=items,
        as_of=oldest,
    )


@check("K50", area="review", title="Locked here and in the accounting system", is_final=True)
def books_are_locked(scope: Scope) -> Result:
    """The month is locked here and the accounting system's closing date, read back, is the month's end or later."""
    period = Period.objects.filter(client=scope.client, month=scope.month.first).first()
    if period is None or period.state == Period.State.OPEN:
        return Result(state="cannot_tell", summary="The lock is set when the controller signs.")
    read_back = ReportedBalance.objects.filter(client=scope.client, kind="closing-date").order_by("-read_at").first()
    if read_back is None or read_back.on_date < scope.month.last:
        from ledger import accounting

        if accounting.connection_of(scope.client) is None:
            return Result(state="pass", summary="Locked here; the books are kept here.")
        return Result(state="fail", summary="The accounting system's closing date was not read back.")
    return Result(
        state="pass",
        summary=f"Locked here; the closing date reads {read_back.on_date:%B} {read_back.on_date.day}, {read_back.on_date.year}.",
        as_of=read_back.read_at,
    )
