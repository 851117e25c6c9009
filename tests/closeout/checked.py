"""A company with clean books whose checks are run, and the faults that checks are for."""

from __future__ import annotations

from datetime import date

import pytest

from clients.tenancy import client_context
from closeout import workflow
from closeout.checks import CHECKS, Scope
from integrations.models import Connection
from ledger import posting
from ledger.core.period import Month
from ledger.models import (
    Account,
)

MARCH = Month(2026, 3)


@pytest.fixture
def client(shelf):
    with client_context(shelf.kestrel.pk):
        yield shelf.kestrel


@pytest.fixture
def books(client):
    return Books(client)


class Books:
    """Kestrel's March: run a check, and make the faults that checks are for."""

    def __init__(self, client):
        self.client = client
        self.close = workflow.open_close(client, MARCH)

    def results(self, check_id):
        return list(CHECKS[check_id].run(Scope(self.client, MARCH, self.close)))

    def bad(self, check_id):
        """The one result of the check that is not proven."""
        (found,) = (r for r in self.results(check_id) if r.state != "pass" and r.subject != "opening")
        return found

    def post(self, debit, credit, amount, *, day=date(2026, 3, 17), origin="ledger", memo="JournalEntry · 77", key="x"):
        ids = dict(Account.objects.filter(client=self.client, name__in=[debit, credit]).values_list("name", "id"))
        lines = [posting.Line(ids[debit], amount), posting.Line(ids[credit], 0, amount)]
        entry = posting.Entry(day, f"test:{key}", "test", lines, origin=origin, memo=memo)
        return posting.post(self.client.pk, [entry], actor_id=self.client.preparer_id).ids[0]

    def connection(self, slug):
        return Connection.objects.get(client=self.client, provider=slug)

    def undo(self, entry):
        posting.reverse(entry, reason="for the test", booked_on=entry.booked_on)
