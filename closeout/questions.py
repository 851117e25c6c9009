"""Questions to the client: asked about one thing, ranked by money, answered in place; without an answer a default applies."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Abs

from clients import audit
from closeout import board, notices
from closeout.models import CloseRun, Question
from closeout.workflow import CloseError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from clients.models import Client, User
    from ledger.core.period import Month

LONGEST_ANSWER = 2_000


def ranked(rows: QuerySet[Question]) -> QuerySet[Question]:
    """The most money first; questions without an amount last, oldest first."""
    return rows.annotate(size=Abs("amount_minor")).order_by(F("size").desc(nulls_last=True), "asked_at", "pk")


def waiting(client: Client) -> QuerySet[Question]:
    return ranked(Question.objects.filter(client=client, state=Question.State.WAITING))


@transaction.atomic
def ask(
    client: Client,
    month: Month,
    *,
    by: User,
    text: str,
    amount: int | None = None,
    about: str = "",
    default: str = "",
    default_on: date | None = None,
) -> Question:
    """Ask the client; the same thing is not asked twice while it waits. Raises CloseError without words."""
    text = " ".join(text.split())[:500]
    if not text:
        raise CloseError("A question needs words.")
    if default_on is not None and not default.strip():
        raise CloseError("Say what happens without an answer.")
    open_ = Question.objects.filter(client=client, state=Question.State.WAITING)
    if about and (known := open_.filter(about=about[:160]).first()):
        return known
    row = Question.objects.create(
        client=client,
        month=month.first,
        text=text,
        amount_minor=amount,
        about=about[:160],
        default=" ".join(default.split())[:300],
        default_on=default_on,
        asked_by=by,
    )
    audit.record(client, by, "question.asked", text, {"amount": amount, "about": about})
    notices.asked(row)
    _move(row)
    return row


@transaction.atomic
def answer(question: Question, *, by: User, text: str) -> Question:
    """The client's words. Raises CloseError without words or when it no longer waits."""
    words = text.strip()[:LONGEST_ANSWER]
    if not words:
        raise CloseError("Write an answer, or leave it for now.")
    row = Question.objects.select_for_update().get(pk=question.pk)
    if row.state == Question.State.SETTLED:
        raise CloseError("This question is settled.")
    row.answer, row.answered_by, row.answered_at = words, by, datetime.now(UTC)
    row.state = Question.State.ANSWERED
    row.save()
    audit.record(question.client, by, "question.answered", row.text, {})
    _move(row)
    return row


@transaction.atomic
def settle(question: Question, *, by: User, note: str = "") -> Question:
    """The bookkeeper has done what the answer says, or no longer needs one."""
    row = Question.objects.select_for_update().get(pk=question.pk)
    if row.state == Question.State.WAITING and not note.strip():
        raise CloseError("It was not answered: say why it no longer matters.")
    row.state = Question.State.SETTLED
    if note.strip() and not row.answer:
        row.answer = note.strip()[:LONGEST_ANSWER]
    row.save()
    audit.record(question.client, by, "question.settled", row.text, {"note": note})
    _move(row)
    return row


def remind(client: Client, *, by: User) -> int:
    """Write to the client about what still waits; how many questions that is."""
    count = waiting(client).count()
    if count:
        notices.reminded(client, count)
        audit.record(client, by, "question.reminded", "", {"count": count})
    return count


def apply_defaults(client: Client, *, now: datetime | None = None) -> int:
    """Questions whose day has passed are answered by their default; how many. Staff still settles each."""
    today = (now or datetime.now(UTC)).astimezone(ZoneInfo(client.timezone)).date()
    rows = Question.objects.filter(client=client, state=Question.State.WAITING, default_on__lt=today).exclude(
        default=""
    )
    count = 0
    for row in rows:
        row.state = Question.State.ANSWERED
        row.answer = f"No answer by {row.default_on:%b} {row.default_on.day}: {row.default}" if row.default_on else ""
        row.answered_at = datetime.now(UTC)
        row.save()
        audit.record(client, None, "question.default_applied", row.text, {"default": row.default})
        _move(row)
        count += 1
    return count


def _move(question: Question) -> None:
    """The board's row of the month moves with the question."""
    close = CloseRun.objects.filter(client=question.client, month=question.month).first()
    if close is not None:
        board.refresh(question.client, close)


def counts(clients: Iterable[Client]) -> tuple[int, int]:
    """(waiting for clients, answered and not settled) over several clients; under the board's context."""
    rows = Question.objects.filter(client__in=list(clients))
    return (
        rows.filter(state=Question.State.WAITING).count(),
        rows.filter(state=Question.State.ANSWERED).count(),
    )
