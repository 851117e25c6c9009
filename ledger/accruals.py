"""Payroll earned and unpaid at a month's end: booked on the last day, reversed on the first of the next month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.models import Connection
from ledger import booking, mapping, payroll_proof, posting
from ledger.core.entry import DraftEntry
from ledger.core.period import Month
from ledger.core.rules import payroll_accrual
from ledger.models import Period

if TYPE_CHECKING:
    from clients.models import Client
    from integrations.records import PayrollRun


def straddling_run(client: Client, month: Month) -> tuple[PayrollRun, DraftEntry, Connection] | None:
    """The run paid after the month's end for days worked before it, and the accrual it asks for; None if there is none."""
    for fact, run in payroll_proof.runs(client, since=client.cut_over_on):
        entry = payroll_accrual(run, month.last)
        if entry is not None:
            return run, entry, Connection.objects.get(client=client, pk=fact.connection_id)
    return None


def key_of(connection: Connection, month: Month) -> str:
    return f"{connection.provider}:{connection.account_id}:accrual:{month}"


def book(client: Client) -> int:
    """Book the accrual of every open month whose straddling run is known, with its reversal; gives how many are new."""
    version = mapping.load(client.pk)
    posted = 0
    for first in Period.objects.filter(client=client, state="open").values_list("month", flat=True):
        posted += _book_month(client, Month.of(first), version)
    return posted


def _book_month(client: Client, month: Month, versions: mapping.MappingHistory) -> int:
    if client.cut_over_on is None or month.first < client.cut_over_on:
        return 0
    found = straddling_run(client, month)
    version = versions.on(month.last)
    if found is None or version is None:
        return 0
    _run, draft, connection = found
    key = key_of(connection, month)
    if booking.live_entry(client.pk, key, "accrual"):
        return 0
    lines = []
    for line in draft.lines:
        account = version.account_for(line, connection.provider)
        if account is None:
            return 0  # the check says that the accrual is missing; the unmapped role shows in the mapping
        lines.append(
            posting.Line(account, line.debit, line.credit, line.role, line.key, line.memo, line.party, line.department)
        )
    back = [posting.Line(x.account_id, x.credit, x.debit, x.role, x.key, x.memo, x.party, x.department) for x in lines]
    entries = [
        posting.Entry(draft.booked_on, key, "accrual", lines, memo=draft.memo, mapping_version_id=version.version_id),
        posting.Entry(
            month.next.first,
            key,
            "accrual-reversal",
            back,
            memo=f"Reversal of {draft.memo}",
            mapping_version_id=version.version_id,
        ),
    ]
    return posting.post(client.pk, entries).posted
