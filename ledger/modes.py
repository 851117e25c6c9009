"""How the rows of a processor's balance go out: the mode of each stream, chosen from a day on, and the plan of what goes now.

The journal holds an entry for each record in every mode; a document only gathers entries, each of them once. A payout whose
rows are not all here is held with its reason, and goes out by itself when they are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from clients import audit
from integrations.models import Connection, Fact, StreamState
from integrations.registry import all_providers
from ledger import exceptions_inbox
from ledger.core.documents import Choice, Group, Plan, Row, mode_on, plan
from ledger.exceptions_inbox import Problem
from ledger.models import JournalEntry, LedgerException, Period, PostingMode
from ledger.outbox_documents import balance_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from clients.models import Client, User
    from ledger.core.documents import Mode

#: Purposes of the entries that send the balance to the bank, or bring it back.
PAYOUTS = ("payout", "payout-returned")


#: Systems that hold money of the client, and whose rows can be gathered: a bill or a payroll always goes alone.
GATHERED = frozenset(["processor", "commerce"])


class ModeRefused(ValueError):  # noqa: N818
    """A choice that may not be; the text is for the person."""


def choose(connection: Connection, stream: str, mode: str, day: date, *, by: User) -> PostingMode:
    """Gather the stream's rows in another way from a day on. What went out stays as it went. Raises ModeRefused."""
    client = connection.client
    if mode not in PostingMode.Mode.values:
        raise ModeRefused("Choose one of the three ways.")
    if not StreamState.objects.filter(client=client, connection=connection, stream=stream, duty="book").exists():
        raise ModeRefused("Only a stream that is booked from here goes out from here.")
    if not gathers(connection):
        raise ModeRefused("Each record of this system is a document of its own.")
    if Period.objects.filter(client=client, month=day.replace(day=1)).exclude(state="open").exists():
        raise ModeRefused(f"The books of {day:%B %Y} are closed; choose a day of an open month.")
    if mode_on(choices(client).get((connection.pk, stream), ()), day) == mode:
        raise ModeRefused("That is how it goes out on that day already.")
    try:
        with transaction.atomic():
            made = PostingMode.objects.create(
                client=client, connection=connection, stream=stream, mode=mode, effective_from=day, chosen_by=by
            )
    except IntegrityError as error:
        raise ModeRefused(f"The books of {day:%B %Y} were closed meanwhile; choose a day of an open month.") from error
    subject = f"{connection.provider} {connection.account_id} {stream}"
    audit.record(client, by, "posting.mode", subject, {"mode": mode, "from": day.isoformat()})
    return made


def gathers(connection: Connection) -> bool:
    """Whether rows of a system can go out together; elsewhere each record is a document of its own."""
    declared = all_providers().get(connection.provider)
    return declared is not None and declared.category in GATHERED


def choices(client: Client) -> dict[tuple[int, str], list[Choice]]:
    """Every choice of the client by (connection, stream)."""
    found: dict[tuple[int, str], list[Choice]] = defaultdict(list)
    for row in PostingMode.objects.filter(client=client):
        found[row.connection_id, row.stream].append(Choice(row.effective_from, row.pk, row.mode))  # type: ignore[arg-type]
    return found


@dataclass(frozen=True, slots=True)
class _Told:
    """What a row's fact says of it."""

    connection_id: int
    stream: str
    channel: str
    payout: str


def gather(client: Client, entries: Sequence[JournalEntry], *, today: date) -> Plan:
    """What of the entries goes out together on ``today``, and what waits; opens and settles the exceptions of held payouts.

    Entries that are no rows of a processor's balance (a bill, a payroll, a correction) go one by one.
    """
    told = _told(client, entries)
    chosen = choices(client)
    rows, alone = [], []
    for entry in entries:
        row = _row(entry, told, chosen)
        if row is None:
            alone.append(Group(f"entry:{entry.pk}", entry.booked_on, (entry.pk,)))
        else:
            rows.append(row)
    payouts = {row.entry: row for row in rows if row.mode == "payout" and row.payout}
    held = _hold(client, [entry for entry in entries if entry.pk in payouts], payouts, told)
    made = plan(rows, today=today, held=held)
    return Plan(tuple(sorted((*made.groups, *alone), key=lambda one: (one.day, one.key))), made.waiting)


def _told(client: Client, entries: Iterable[JournalEntry]) -> dict[int, _Told]:
    wanted = [entry.fact_id for entry in entries if entry.fact_id]
    if not wanted:
        return {}
    facts = Fact.objects.filter(client=client, pk__in=wanted).values_list(
        "pk", "connection_id", "stream", "data__channel", "data__payout_id", "external_id"
    )
    return {
        pk: _Told(connection_id, stream, channel or "", payout or external_id)
        for pk, connection_id, stream, channel, payout, external_id in facts
    }


def _row(
    entry: JournalEntry, told: Mapping[int, _Told], chosen: Mapping[tuple[int, str], Sequence[Choice]]
) -> Row | None:
    """The entry as a row of its processor's balance; None where it is none, and for a reversal that a payout does not gather."""
    fact = told.get(entry.fact_id or 0)
    account = balance_of(entry)
    if fact is None or not account:
        return None
    mode: Mode = mode_on(chosen.get((fact.connection_id, fact.stream), ()), entry.booked_on)
    is_reversal = entry.reverses_id is not None
    if is_reversal and mode != "payout":
        return None
    payout = fact.payout if entry.purpose in PAYOUTS and not is_reversal else ""
    return Row(entry.pk, entry.booked_on, account, fact.channel, mode, payout)


# ---- payouts that are not complete ---------------------------------------------------------------------------------------


def _hold(
    client: Client, entries: Sequence[JournalEntry], payouts: Mapping[int, Row], told: Mapping[int, _Told]
) -> dict[tuple[str, str], str]:
    """(account, payout) → why it may not go out yet; each is an exception until its rows are here."""
    held: dict[tuple[str, str], str] = {}
    problems = []
    connections = Connection.objects.filter(client=client).in_bulk() if entries else {}
    for entry in entries:
        row, fact = payouts[entry.pk], told[entry.fact_id or 0]
        why = _missing(client, entry, fact.connection_id)
        if why:
            held[row.account, row.payout] = why
            problems.append(_problem(entry, row, connections[fact.connection_id], why))
    wrong = {problem.identity for problem in problems}
    open_ = LedgerException.objects.filter(client=client, kind="held", state__in=exceptions_inbox.OPEN)
    mended = [identity for identity in open_.values_list("identity", flat=True) if identity not in wrong]
    if problems:
        exceptions_inbox.open_problems(client.pk, problems)
    if mended:
        exceptions_inbox.settle(client.pk, ["held"], mended, resolution="Complete; it goes out by itself.")
    return held


def _missing(client: Client, entry: JournalEntry, connection_id: int) -> str:
    """Why rows of a payout are missing: held records between the payout before it and it, or days that are not read yet."""
    before = JournalEntry.objects.filter(
        client=client,
        source_key__startswith=f"{balance_of(entry)}:",
        purpose__in=PAYOUTS,
        booked_on__lt=entry.booked_on,
    ).order_by("-booked_on")
    last = before.values_list("booked_on", flat=True).first()
    waiting = Fact.objects.filter(
        client=client, to_handle__isnull=False, connection_id=connection_id, booked_on__lte=entry.booked_on
    )
    if last is not None:
        waiting = waiting.filter(booked_on__gt=last)
    reasons = list(waiting.order_by("booked_on", "pk").values_list("reason", flat=True)[:100])
    if reasons:
        count = f"{len(reasons)} record{'s' if len(reasons) > 1 else ''}"
        return f"{count} of this payout wait: {next(filter(None, reasons), 'not booked yet')}"[:300]
    streams = StreamState.objects.filter(client=client, connection_id=connection_id, duty="book")
    behind = [through for through in streams.values_list("complete_through", flat=True) if through]
    if behind and min(behind) < entry.booked_on:
        return f"Its records are read through {min(behind):%b} {min(behind).day} only."
    return ""


def _problem(entry: JournalEntry, row: Row, connection: Connection, why: str) -> Problem:
    return Problem(
        kind="held",
        identity=f"payout:{row.account}:{row.payout}"[:200],
        cause=why[:200],
        title=f"Payout {row.payout} is held. {why}"[:300],
        source=str(connection),
        amount_minor=sum(line.debit_minor for line in entry.lines.all()),
        booked_on=entry.booked_on,
        connection_id=connection.pk,
        fact_id=entry.fact_id,
        entry_id=entry.pk,
        detail={"payout": row.payout},
    )
