"""Two companies of one practice, each with its own QuickBooks, stay apart: tokens, documents, source keys and mirror."""

from __future__ import annotations

from datetime import date

import pytest

from clients.tenancy import client_context
from integrations.errors import ProviderError
from ledger import accounting, posting, refreshing
from ledger.models import Account, EntryApproval, JournalEntry, MirrorDocument, OutboxItem

DAY = date(2026, 4, 6)


@pytest.fixture
def both(books):
    """(client, its accounting system) of each company."""
    found = []
    for client in (books.kestrel, books.quillfeather):
        with client_context(client.pk):
            found.append((client, accounting.open_books(client)))
    return found


def rent(client, by):
    """The same entry in each company's books, approved."""
    with client_context(client.pk):
        ids = dict(Account.objects.filter(client=client).values_list("name", "id"))
        lines = [posting.Line(ids["Rent"], 7_700), posting.Line(ids["Checking"], 0, 7_700)]
        made = posting.post(client.pk, [posting.Entry(DAY, "manual:rent", "manual", lines, origin="manual")]).ids[0]
        EntryApproval.objects.create(client=client, entry_id=made, approved_by=by)


def sent(client):
    with client_context(client.pk):
        return (
            OutboxItem.objects.filter(group_key__startswith="entry:", total_minor=7_700)
            .select_related("connection")
            .get()
        )


def test_the_same_entry_of_two_companies_goes_to_each_its_own(books, both):
    for client, system in both:
        rent(client, books.cast.bookkeeper)
        assert refreshing.send(client, system)["posted"] >= 1
    items = [sent(client) for client, _system in both]
    assert len({item.connection.account_id for item in items}) == 2
    for (client, system), own, other in zip(both, items, reversed(items), strict=True):
        assert own.connection == system.connection
        assert [hit.external_id for hit in system.books.find(system.api, own.type, own.marker)] == [own.external_id]
        assert system.books.find(system.api, other.type, other.marker) == []
        with client_context(client.pk):
            met = MirrorDocument.objects.filter(connection=system.connection, number__in=[own.marker, other.marker])
            assert list(met.values_list("outbox", flat=True)) == [own.pk]


def test_the_sign_in_of_one_company_does_not_reach_the_other(both):
    (_one, first), (_two, second) = both
    path = f"/v3/company/{second.connection.account_id}/companyinfo/{second.connection.account_id}"
    with pytest.raises(ProviderError):
        first.api.get(path)
    assert second.api.get(path)["CompanyInfo"]["CompanyName"]


def test_what_was_made_in_a_company_is_known_by_its_realm(both):
    keys = {}
    for client, system in both:
        with client_context(client.pk):
            found = JournalEntry.objects.filter(client=client, origin="ledger").values_list("source_key", flat=True)
            keys[system.connection.account_id] = set(found[:500])
    for realm, found in keys.items():
        assert found
        assert all(key.startswith(f"quickbooks-online:{realm}:") for key in found)
    assert not set.intersection(*keys.values())
