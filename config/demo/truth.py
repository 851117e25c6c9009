"""What the sandbox knows to be true, beside what our books say: to the cent, account by account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from django.conf import settings

from ledger import (
    accruals,
    bank_intake,
    bank_position,
    corrections,
    mapping,
    payroll_proof,
    processor_proof,
    schedule_booking,
    statements,
)
from ledger.core.statements import trial_balance
from ledger.models import Account, JournalLine

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.core.period import Month


@dataclass(frozen=True)
class Difference:
    """An account whose balance is not what it must be; minor units, debit − credit."""

    account: str
    expected: int
    actual: int


def read(client: Client) -> dict[str, Any]:
    """The sandbox's truth about a company."""
    return dict(_get(f"truth/{client.slug}").json())


def access(client: Client, slug: str) -> dict[str, str]:
    """What the owner of an account knows of it: where it is, and the keys made for us. Nothing where a page asks them."""
    return {str(name): str(value) for name, value in _get(f"access/{client.slug}/{slug}").json().items()}


def bank_statements(client: Client) -> list[dict[str, Any]]:
    """What the bank's paper statements say, and the name of the file each comes as."""
    return list(_get(f"statements/{client.slug}").json()["statements"])


def bank_statement(client: Client, filename: str) -> bytes:
    """One statement file."""
    return _get(f"statements/{client.slug}/{filename}").content


def exports(client: Client, slug: str) -> dict[str, bytes]:
    """The export files a person gets from a system, by name."""
    names = _get(f"exports/{client.slug}/{slug}").json()["files"]
    return {name: _get(f"exports/{client.slug}/{slug}/{name}").content for name in names}


def _get(path: str) -> requests.Response:
    answer = requests.get(f"{settings.SANDBOX_URL}/_control/{path}", timeout=30)
    answer.raise_for_status()
    return answer


def act(client: Client, action: str, **body: Any) -> None:
    """Make something happen in the sandbox's world (an edit in the accounting system, an expired login)."""
    answer = requests.post(f"{settings.SANDBOX_URL}/_control/companies/{client.slug}/{action}", json=body, timeout=30)
    answer.raise_for_status()


def compare(client: Client, month: Month, truth: dict[str, Any]) -> list[Difference]:
    """Every account of the trial balance at a month's end against the truth, without what the practice itself decides to book."""
    books = statements.load(client, through=month.first)
    ours = {row.account.name: row.debit - row.credit for row in trial_balance(books, month).rows}
    for name, amount in _decided(client, month).items():
        ours[name] = ours.get(name, 0) - amount
    theirs = {name: int(row["balance_minor"]) for name, row in truth["months"][str(month)].items()}
    return [
        Difference(name, theirs.get(name, 0), ours.get(name, 0))
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name, 0) != theirs.get(name, 0)
    ]


def unproven(client: Client, month: Month, truth: dict[str, Any]) -> list[str]:
    """What a proof of ours says otherwise than the world: processor balances, bank statements, payroll totals."""
    said = []
    for connection in processor_proof.connections(client):
        for proof in processor_proof.prove_all(client, connection, month):
            if proof.roll.closing != _held(client, connection.provider, month, truth, proof.currency):
                said.append(f"{proof.title}: closing {proof.roll.closing}")
            if not proof.rolls:
                said.append(f"{proof.title}: off by {proof.roll.to_processor}, in the books by {proof.roll.to_ledger}")
            said += [
                f"{proof.title}: {line.label} {line.ledger} for {line.source}"
                for line in proof.bridge
                if line.difference
            ]
    for feed in bank_position.feeds(client):
        assert feed.account is not None
        statement = bank_intake.read_closing(client, feed, month)
        held = truth["bank"][feed.account.name]["months"][str(month)]
        if statement is None or statement.closing_minor != held:
            said.append(f"{feed}: {statement.closing_minor if statement else 'no statement'} for {held}")
    known = [run for run in truth["payroll"]["runs"] if run["check_date"].startswith(str(month))]
    proven = payroll_proof.prove(client, month).runs
    gross = sum(item.amount for run in proven for slip in run.run.payslips for item in slip.earnings)
    if len(known) != len(proven) or gross != sum(run["gross_minor"] for run in known):
        said.append(f"payroll: {len(proven)} runs, gross {gross}")
    return said


def _held(client: Client, slug: str, month: Month, truth: dict[str, Any], currency: str) -> int:
    """What a processor holds for the company in a currency at a month's end, in its minor units."""
    if slug not in truth["systems"]:
        return int(truth["processor"][str(month)]["closing_minor"])
    ids = mapping.accounts_by_role(client.pk, "clearing", month.last, provider=slug, currency=currency)
    clearing = set(Account.objects.filter(client=client, pk__in=ids).values_list("name", flat=True))
    return sum(
        held["amount_minor"] if currency != client.home_currency else held["books_minor"]
        for held in truth["systems"][slug]["balances"]
        if (held["on"], held["currency"]) == (month.last.isoformat(), currency)
        and clearing.issuperset(held["accounts"])
    )


def _decided(client: Client, month: Month) -> dict[str, int]:
    """Debit − credit by account of what the practice itself decides to book, to the month's end: the truth has none of it.

    Payroll accruals, schedules, and entries by hand.
    """
    own = (*accruals.PURPOSES, *schedule_booking.PURPOSES, corrections.MANUAL, corrections.BACK)
    lines = JournalLine.objects.filter(
        client=client, entry__purpose__in=own, entry__origin__in=["source", "manual"], booked_on__lte=month.last
    ).select_related("account")
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.account.name] = sums.get(line.account.name, 0) + line.net_minor
    return sums
