"""Schedules as they are made: added, changed in mid-stream, approved, ended, taken up again, cancelled.

What closed months hold stays; the difference lands in the first open month or is carried by the rows to come.
``schedule_booking`` books what is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from clients import audit
from ledger import schedule_booking, schedule_table
from ledger.core import schedules as core
from ledger.matches import ReconcilingError
from ledger.models import JournalEntry, Period, Schedule, ScheduleStep
from ledger.schedule_drawing import (
    Asked,
    ScheduleRefused,
    asked_of,
    draw,
    first_open_month,
    kept,
    rows_of,
    terms_of,
)

if TYPE_CHECKING:
    from datetime import date

    from clients.models import Client, User
    from ledger.core.schedules import Terms
    from ledger.models import Account

#: Why the database refuses a schedule, in words.
RULES = {
    "schedule_accounts_fit": "An account is not of the type that this kind of schedule needs.",
    "schedule_one_per_line": "This line of the books has a schedule already.",
    "schedule_adds_up": "The table does not come to the amount.",
    "schedule_has_its_contra_account": "Say the second account.",
    "schedule_accrual_has_support_and_a_date": "An accrual needs what supports it and when the paper is expected.",
    "schedule_dates_hold": "The dates do not hold.",
    "schedule_one_step_a_day": "Two of these are of one day.",
}


# ---- acts ----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def add(client: Client, asked: Asked, *, by: User) -> Schedule:
    """Keep a new schedule with its table, and book what is due of it. Raises ScheduleRefused, PostingError."""
    rows = draw(client, asked)
    made = Schedule(client=client, made_by=by)
    with _refusals():
        _fill(made, asked)
        made.save()
        _put_steps(made, asked.terms)
        schedule_table.put(made, rows, ())
        schedule_table.settle()
    audit.record(client, by, "schedule.added", made.name, _said(made))
    schedule_booking.book(client, by=by, only=made)
    return made


@transaction.atomic
def change(schedule: Schedule, asked: Asked, *, by: User) -> Schedule:
    """Other terms from the first open month on; whoever changes it is its maker now. Raises ScheduleRefused, PostingError."""
    of = _locked(schedule)
    if of.state != Schedule.State.ACTIVE:
        raise ScheduleRefused("Only a running schedule can be changed.")
    if asked.terms.kind != of.kind:
        raise ScheduleRefused("A schedule stays of its kind; cancel it and make another.", field="kind")
    if _has_booked(of) and (asked.duty, asked.account, asked.moved_from, asked.added_on) != (
        of.duty,
        of.account,
        of.moved_from,
        of.added_on,
    ):
        raise ScheduleRefused("What is booked stands on this account and day; end this one and make another.")
    rows = draw(of.client, asked, of)
    standing = kept(of, first_open_month(of.client, asked))
    with _refusals():
        _fill(of, asked)
        of.made_by, of.approved_by, of.approved_at = by, None, None
        of.save()
        of.steps.all().delete()
        _put_steps(of, asked.terms)
        schedule_table.put(of, rows, standing, by=by)
        schedule_table.settle()
    audit.record(of.client, by, "schedule.changed", of.name, _said(of))
    schedule_booking.book(of.client, by=by, only=of)
    return of


@transaction.atomic
def approve(schedule: Schedule, *, by: User) -> None:
    """The second person stands behind a schedule above the client's limit; what is due of it is booked now."""
    of = _locked(schedule)
    if of.made_by_id == by.pk:
        raise ScheduleRefused("Whoever made a schedule cannot approve it.")
    if of.approved_by_id is not None or of.state != Schedule.State.ACTIVE:
        raise ScheduleRefused("This schedule waits for nobody.")
    of.approved_by, of.approved_at = by, Now()
    of.save(update_fields=["approved_by", "approved_at"])
    audit.record(of.client, by, "schedule.approved", of.name, {})
    schedule_booking.book(of.client, by=by, only=of)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a schedule ends: sold or scrapped (assets), paid off (loans), written off or refunded (the others).

    ``proceeds`` are minor units received for an asset or paid to a lender; ``result_account`` takes the gain, the loss or
    what was left.
    """

    on: date
    reason: str
    proceeds: int = 0
    proceeds_account: Account | None = None
    result_account: Account | None = None


@transaction.atomic
def end(schedule: Schedule, ending: Ending, *, by: User) -> Schedule:
    """Stop it on a day of an open month: later rows fall away and what is left leaves the books. Raises ScheduleRefused."""
    of = _locked(schedule)
    _may_end(of, ending)
    rows = rows_of(of.lines.all())
    charge = core.last_charge(terms_of(of), rows, ending.on) if of.kind == Schedule.Kind.ASSET else 0
    stay, left = core.ended(rows, ending.on, charge=charge)
    with _refusals():
        of.state, of.ended_on, of.left_minor = Schedule.State.ENDED, ending.on, left
        of.proceeds_minor, of.proceeds_account = ending.proceeds, ending.proceeds_account
        of.result_account, of.end_reason = ending.result_account or of.counter_account, ending.reason
        of.save()
        schedule_table.put(of, stay, (), by=by)
        schedule_table.settle()
    schedule_booking.book(of.client, by=by, only=of)
    audit.record(of.client, by, "schedule.ended", of.name, {"on": str(ending.on), "left": left})
    return of


def _may_end(of: Schedule, ending: Ending) -> None:
    if of.state != Schedule.State.ACTIVE or of.kind == Schedule.Kind.ACCRUAL:
        raise ScheduleRefused("Only a running schedule ends; an accrual ends by its reversal.")
    if not of.is_ready:
        raise ScheduleRefused("It waits for a second person and nothing is booked: cancel it instead.")
    if not ending.reason.strip():
        raise ScheduleRefused("Say why it ends.", field="reason")
    if ending.on < of.added_on:
        raise ScheduleRefused("Not before it was added.", field="on")
    closed = Period.objects.filter(client=of.client, month__gte=ending.on.replace(day=1)).exclude(state="open")
    if closed.exists():
        raise ScheduleRefused("The books of that month are closed.", field="on")
    if ending.proceeds < 0 or (ending.proceeds and of.kind == Schedule.Kind.ASSET and not ending.proceeds_account):
        raise ScheduleRefused("Say where the proceeds went.", field="proceeds_account")


@transaction.atomic
def resume(schedule: Schedule, *, by: User) -> Schedule:
    """Take back the end of a schedule, as long as its month is open. Raises ScheduleRefused."""
    of = _locked(schedule)
    if of.state != Schedule.State.ENDED or of.ended_on is None:
        raise ScheduleRefused("Only an ended schedule is taken up again.")
    if Period.objects.filter(client=of.client, month=of.ended_on.replace(day=1)).exclude(state="open").exists():
        raise ScheduleRefused("The month it ended in is closed.")
    with _refusals():
        schedule_booking.take_back_end(of, by=by)
        of.state, of.ended_on, of.left_minor, of.proceeds_minor = Schedule.State.ACTIVE, None, 0, 0
        of.proceeds_account, of.result_account, of.end_reason = None, None, ""
        of.save()
        asked = asked_of(of)
        schedule_table.put(of, draw(of.client, asked, of), kept(of, first_open_month(of.client, asked)), by=by)
        schedule_table.settle()
    audit.record(of.client, by, "schedule.resumed", of.name, {})
    schedule_booking.book(of.client, by=by, only=of)
    return of


@transaction.atomic
def cancel(schedule: Schedule, *, by: User, reason: str) -> None:
    """It should never have been: all it booked is reversed. Refused where a closed month holds some of it; end it then."""
    of = _locked(schedule)
    if of.state == Schedule.State.CANCELLED:
        raise ScheduleRefused("It is cancelled already.")
    if not reason.strip():
        raise ScheduleRefused("Say why it is cancelled.", field="reason")
    entries = schedule_booking.standing(of)
    closed = set(Period.objects.filter(client=of.client).exclude(state="open").values_list("month", flat=True))
    if any(entry.booked_on.replace(day=1) in closed for entry in entries):
        raise ScheduleRefused("A closed month holds some of it. End it instead.")
    with _refusals():
        schedule_table.undo(of, entries, reason[:500], by)
        of.state, of.end_reason, of.ended_on, of.left_minor = Schedule.State.CANCELLED, reason[:300], None, 0
        of.save()
        of.lines.all().delete()
        schedule_table.settle()
    audit.record(of.client, by, "schedule.cancelled", of.name, {"reason": reason})


# ---- keeping -------------------------------------------------------------------------------------------------------------


def _locked(schedule: Schedule) -> Schedule:
    found = Schedule.objects.select_for_update(of=("self",)).select_related(
        "client", "account", "counter_account", "contra_account", "moved_from"
    )
    return found.get(pk=schedule.pk, client_id=schedule.client_id)


def _has_booked(of: Schedule) -> bool:
    return JournalEntry.objects.filter(client=of.client, source_key__startswith=f"schedule:{of.pk}:").exists()


def _fill(of: Schedule, asked: Asked) -> None:
    terms = asked.terms
    of.kind, of.method, of.duty, of.change, of.name = terms.kind, terms.method, asked.duty, asked.change, asked.name
    of.party, of.support, of.department, of.klass = asked.party, asked.support, asked.department, asked.klass
    of.account, of.counter_account = asked.account, asked.counter_account
    of.contra_account, of.moved_from = asked.contra_account, asked.moved_from
    of.amount_minor, of.residual_minor, of.payment_minor = terms.amount, terms.residual, terms.payment
    of.units, of.rate_millionths, of.months = terms.units, terms.rate_millionths, terms.months
    of.convention, of.switches, of.expected_on = terms.convention, terms.switches, asked.expected_on
    of.added_on, of.starts_on, of.ends_on = asked.added_on, terms.starts_on, terms.ends_on
    of.needs_approval = terms.amount > of.client.materiality_minor
    if asked.source is not None:
        of.source_entry_id, of.source_line_no = asked.source


def _put_steps(of: Schedule, terms: Terms) -> None:
    ScheduleStep.objects.bulk_create(
        ScheduleStep(client=of.client, schedule=of, on=step.on, amount=step.amount, interest_minor=step.interest)
        for step in terms.steps
    )


class _refusals:  # noqa: N801 (reads as a statement)
    """The refusal of the database, or of a finished reconciliation, as ours, in words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, IntegrityError):
            rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
            if rule in RULES:
                raise ScheduleRefused(RULES[rule]) from error
        if isinstance(error, ReconcilingError):
            raise ScheduleRefused(str(error)) from error


def _said(of: Schedule) -> dict[str, str]:
    return {"schedule": str(of.pk), "kind": of.kind, "amount": str(of.amount_minor), "terms": str(terms_of(of))[:400]}
