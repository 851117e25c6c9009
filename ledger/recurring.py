"""Entries by hand that come again: each date is proposed, or posted by itself where the template says so.

Above the client's limit a date is always proposed, so that a person attaches what supports it.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db import connection, transaction

from clients import audit
from integrations.duties import today
from ledger import corrections, posting
from ledger.core.period import Month
from ledger.models import EntryTemplate, Period, TemplateDate, TemplateLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clients.models import Client, User

STEP = {"month": 1, "quarter": 3, "year": 12}


class RecurringRefused(ValueError):  # noqa: N818
    """The template or the act on one of its dates cannot be; the text is for the person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recurring:
    """A template as a person asks for it; see ``EntryTemplate``."""

    name: str
    memo: str
    reason: str
    every: str
    first_on: date
    lines: Sequence[posting.Line]
    last_on: date | None = None
    reverses: bool = False
    posts_itself: bool = False


@transaction.atomic
def keep(client: Client, asked: Recurring, *, by: User, template: EntryTemplate | None = None) -> EntryTemplate:
    """Keep a template, new or changed; dates that were decided stay as they are. Raises RecurringRefused."""
    if sum(line.debit - line.credit for line in asked.lines) or len(asked.lines) < 2:
        raise RecurringRefused("Two lines at least, debits = credits.")
    if asked.posts_itself and total(asked.lines) > client.materiality_minor:
        raise RecurringRefused("Above the limit each one is proposed, so that its support is attached.")
    if asked.last_on and asked.last_on < asked.first_on:
        raise RecurringRefused("The last one is not before the first.")
    made = template or EntryTemplate(client=client)
    made.made_by, made.name, made.memo, made.reason = by, asked.name, asked.memo, asked.reason
    made.every, made.first_on, made.last_on = asked.every, asked.first_on, asked.last_on
    made.reverses, made.posts_itself = asked.reverses, asked.posts_itself
    made.save()
    made.lines.all().delete()
    TemplateLine.objects.bulk_create(
        TemplateLine(
            client=client,
            template=made,
            no=no,
            account_id=line.account_id,
            debit_minor=line.debit,
            credit_minor=line.credit,
            memo=line.memo,
            department=line.department,
            klass=line.klass,
        )
        for no, line in enumerate(asked.lines, 1)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS template_balances, template_lines_balance IMMEDIATE")
        cursor.execute("SET CONSTRAINTS template_balances, template_lines_balance DEFERRED")
    made.dates.filter(state=TemplateDate.State.PROPOSED).exclude(due_on__in=list(_days(made, date.max))[:400]).update(
        state=TemplateDate.State.SKIPPED, decided_by=by
    )
    audit.record(client, by, "template.kept", made.name, {"template": made.pk, "every": made.every})
    return made


def total(lines: Sequence[posting.Line]) -> int:
    return sum(line.debit for line in lines)


def stop(template: EntryTemplate, *, by: User) -> None:
    """No further dates; what waits is left out."""
    template.is_active = False
    template.save(update_fields=["is_active"])
    template.dates.filter(state=TemplateDate.State.PROPOSED).update(state=TemplateDate.State.SKIPPED, decided_by=by)
    audit.record(template.client, by, "template.stopped", template.name, {"template": template.pk})


def run(client: Client) -> int:
    """Propose or post what has come due in the open months that have books; gives how many entries were posted."""
    now = today(client)
    months = set(Period.objects.filter(client=client, state="open").values_list("month", flat=True))
    posted = 0
    templates = EntryTemplate.objects.filter(client=client, is_active=True).select_related("made_by")
    for template in templates.prefetch_related("lines", "dates"):
        known = {each.due_on for each in template.dates.all()}
        for day in _days(template, now):
            if day in known or day.replace(day=1) not in months:
                continue
            one = TemplateDate.objects.create(client=client, template=template, due_on=day)
            if template.posts_itself and total(lines_of(template)) <= client.materiality_minor:
                post(client, one, by=template.made_by)
                posted += 1
    return posted


def _days(template: EntryTemplate, until: date) -> Iterator[date]:
    """Its days up to one, the same day of the month, the last of a shorter month."""
    for number in range(1200 // STEP[template.every]):
        month = Month.of(template.first_on).shift(number * STEP[template.every])
        day = date(month.year, month.month, min(template.first_on.day, monthrange(month.year, month.month)[1]))
        if day > until or (template.last_on and day > template.last_on):
            return
        yield day


def lines_of(template: EntryTemplate) -> list[posting.Line]:
    """Its lines, to be posted."""
    return [
        posting.Line(
            line.account_id,
            line.debit_minor,
            line.credit_minor,
            memo=line.memo,
            department=line.department,
            klass=line.klass,
        )
        for line in template.lines.all()
    ]


@transaction.atomic
def post(client: Client, one: TemplateDate, *, by: User, files: Sequence[tuple[str, bytes]] = ()) -> int:
    """Post a proposed date as it stands; gives the entry. Raises RecurringRefused, CorrectionError, PostingError."""
    locked = _to_decide(one)
    template = locked.template
    entry_id = corrections.post_manual(
        client,
        booked_on=locked.due_on,
        memo=template.memo,
        lines=lines_of(template),
        by=by,
        reason=template.reason,
        reverses_on=Month.of(locked.due_on).next.first if template.reverses else None,
        files=files,
    )
    locked.state, locked.entry_id, locked.decided_by = TemplateDate.State.POSTED, entry_id, by
    locked.save(update_fields=["state", "entry", "decided_by"])
    return entry_id


@transaction.atomic
def skip(one: TemplateDate, *, by: User) -> None:
    """Leave a date out, this once."""
    locked = _to_decide(one)
    locked.state, locked.decided_by = TemplateDate.State.SKIPPED, by
    locked.save(update_fields=["state", "decided_by"])
    audit.record(locked.client, by, "template.skipped", locked.template.name, {"due_on": str(locked.due_on)})


def _to_decide(one: TemplateDate) -> TemplateDate:
    locked = TemplateDate.objects.select_for_update(of=("self",)).select_related("template", "client").get(pk=one.pk)
    if locked.state != TemplateDate.State.PROPOSED:
        raise RecurringRefused("This date was decided on already.")
    return locked
