"""A small company for the tests of schedules and entries by hand: a chart, three open months, nothing booked yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.db import transaction

from clients.tenancy import client_context
from ledger import posting, schedule_proof, schedules
from ledger.core.period import Month
from ledger.core.schedules import Terms
from ledger.models import Account, JournalLine, Period, Schedule
from tests import builders

CHART = """
1010 asset bank Checking
1400 asset current-assets Prepaid expenses
1500 asset fixed-assets Equipment
1510 asset fixed-assets Accumulated depreciation
2050 liability current-liabilities Accrued expenses
2400 liability current-liabilities Deferred revenue
2700 liability long-term-liabilities Bank loan
3000 equity equity Owner's capital
4010 income income Service revenue
4900 income other-income Gain on disposal
6200 expense expenses Insurance
6300 expense expenses Repairs and supplies
6700 expense expenses Depreciation
7100 expense other-expenses Interest
"""
MARCH = Month(2026, 3)
MONTHS = [date(2026, month, 1) for month in (1, 2, 3)]


@dataclass
class Desk:
    world: Any
    client: Any
    accounts: dict[str, Account]

    def __getitem__(self, name: str) -> Account:
        return self.accounts[name]

    def post(self, debit, credit, amount, day, key="x", **fields):
        lines = [posting.Line(self[debit].pk, amount), posting.Line(self[credit].pk, 0, amount)]
        entry = posting.Entry(day, f"test:{key}", "test", lines, **{"origin": "ledger", "memo": key, **fields})
        return posting.post(self.client.pk, [entry], actor_id=self.world.bob.pk).ids[0]

    def balance(self, name, through=date(2026, 12, 31)):
        lines = JournalLine.objects.filter(client=self.client, account=self[name], booked_on__lte=through)
        return sum(line.net_minor for line in lines)

    def close(self, *months):
        Period.objects.filter(client=self.client, month__in=months).update(state="locked")

    def asked(self, kind="prepaid", method="months", amount=120_000, **fields):
        about = ("added_on", "duty", "change", "moved_from", "source", "name", "support", "expected_on")
        given = {name: fields.pop(name) for name in about if name in fields}
        carries, counter, contra = {
            "prepaid": ("Prepaid expenses", "Insurance", None),
            "asset": ("Equipment", "Depreciation", "Accumulated depreciation"),
            "loan": ("Bank loan", "Interest", "Checking"),
            "deferred": ("Deferred revenue", "Service revenue", None),
            "accrual": ("Accrued expenses", "Insurance", None),
        }[kind]
        dates = {"starts_on": date(2026, 1, 1)}
        if method in {"months", "days"}:
            dates["ends_on"] = date(2026, 12, 31)
        terms = Terms(kind=kind, method=method, amount=amount, **(dates | fields))
        return schedules.Asked(
            terms=terms,
            **{"name": f"A {kind}", "added_on": terms.starts_on}
            | {"account": self[carries], "counter_account": self[counter]}
            | {"contra_account": self[contra] if contra else None}
            | given,
        )

    def add(self, *args, by=None, **fields) -> Schedule:
        return schedules.add(self.client, self.asked(*args, **fields), by=by or self.world.bob)


def build(world: Any) -> Desk:
    client = world.kestrel
    client.materiality_minor = 1_000_000
    client.save()
    with client_context(client.pk):
        accounts = {}
        for n, line in enumerate(CHART.strip().splitlines(), 1):
            number, kind, group, name = line.split(" ", 3)
            accounts[name] = Account.objects.create(
                client=client, external_id=str(n), number=number, name=name, type=kind, group=group
            )
        posting.ensure_periods(client.pk, MONTHS)
    return Desk(world, client, accounts)


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker):
    """The company, built once a module in a transaction that is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build(builders.world())
        transaction.set_rollback(True)


@pytest.fixture
def desk(made, db):
    """The company inside its own context."""
    with client_context(made.client.pk):
        yield made


def lines(of, *fields):
    """A schedule's table as tuples."""
    return list(of.lines.order_by("on").values_list(*(fields or ("on", "amount_minor", "entry_id"))))


def proof(desk, account, month=MARCH):
    """The roll-forward of one account beside the books."""
    return next(each for each in schedule_proof.proofs(desk.client, month) if each.account == desk[account])
