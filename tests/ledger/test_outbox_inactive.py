"""What was made inactive, or is gone, between mapping and posting is named with what to do; the mirror follows a merge."""

from __future__ import annotations

import pytest

from clients.tenancy import client_context
from integrations.errors import Refused
from integrations.records import LedgerDeletion
from ledger import mirror, mirror_feed, posting, refreshing, settling
from ledger.core.period import Month
from ledger.models import Account, ChangedAfterClose, EntryApproval, LedgerException
from tests.ledger.outbox_desk import DAY, NAME, Desk, payment
from tests.ledger.test_outbox_receivables import invoice
from tests.scene import arrive, net, pull


@pytest.fixture
def desk(books):
    return Desk(books)


def one(desk, kind, name):
    (found,) = desk.query(f"SELECT * FROM {kind} WHERE {name} AND Active IN (true, false)")
    return found


def change(desk, kind, standing, **fields):
    body = {"Id": standing["Id"], "SyncToken": standing["SyncToken"], "sparse": True, **fields}
    return desk.post(kind.lower(), body)[kind]


def rent(desk):
    """An entry by hand on the account Rent, approved."""
    with client_context(desk.client.pk):
        ids = dict(Account.objects.filter(client=desk.client).values_list("name", "id"))
        lines = [posting.Line(ids["Rent"], 1_000), posting.Line(ids["Checking"], 0, 1_000)]
        entry = posting.Entry(DAY, "manual:rent", "manual", lines, origin="manual")
        made = posting.post(desk.client.pk, [entry]).ids[0]
        EntryApproval.objects.create(client=desk.client, entry_id=made, approved_by=desk.by)


def refusals(desk):
    with client_context(desk.client.pk):
        return list(LedgerException.objects.filter(kind="refused", state="open", identity__startswith="outbox:"))


def test_an_account_made_inactive_is_named_and_the_document_goes_once_it_is_active(desk):
    account = change(desk, "Account", one(desk, "Account", "Name = 'Rent'"), Name="Rent", Active=False)
    assert account["Name"] == "Rent (deleted)"
    rent(desk)
    assert desk.send()["rejected"] == 1
    (row,) = refusals(desk)
    assert row.title == (
        "account Rent is inactive in QuickBooks: make it active there and send again, or use another (QuickBooks 610)"
    )
    change(desk, "Account", one(desk, "Account", f"Id = '{account['Id']}'"), Name="Rent", Active=True)
    with client_context(desk.client.pk):
        settling.retry(row, by=desk.by)
    desk.send()
    assert refusals(desk) == []
    assert [item.state for item in desk.items()] == ["posted"]


def bill_of(vendor, account):
    detail = {"AccountRef": {"value": account}}
    line = {"Amount": 5, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}
    return {"VendorRef": {"value": vendor}, "DocNumber": "X-1", "TxnDate": DAY.isoformat(), "Line": [line]}


def test_a_vendor_made_inactive_and_an_account_that_is_gone_are_named(desk):
    vendor = desk.post("vendor", {"DisplayName": "Larch Timber"})["Vendor"]
    account = one(desk, "Account", "Name = 'Rent'")["Id"]

    def refused(*body):
        with pytest.raises(Refused) as raised:
            desk.books.books.write(desk.books.api, "Bill", bill_of(*body), request_id=f"r-{body}"[:50])
        return str(raised.value)

    assert refused(vendor["Id"], "99999") == (
        "account 99999 is gone from QuickBooks, deleted or merged: map to the one that took its place (QuickBooks 2500)"
    )
    change(desk, "Vendor", vendor, DisplayName="Larch Timber", Active=False)
    assert refused(vendor["Id"], account).startswith("vendor Larch Timber is inactive in QuickBooks")


def test_a_merged_account_is_closed_here_and_its_months_are_read_again(desk):
    with client_context(desk.client.pk):
        loser = Account.objects.get(client=desk.client, name="Rent")
        months = {Month.of(day) for day in loser.balances.values_list("month", flat=True)}
        gone = LedgerDeletion(external_id=loser.external_id, booked_on=DAY, currency="USD")
        arrive(desk.client, "quickbooks-online", "accounts", gone)
        mirror.take_accounts(desk.client, desk.books.connection)
        loser.refresh_from_db()
        assert not loser.is_active
        assert months
        assert months <= mirror_feed.dirty_months(desk.client, desk.books.connection)
        mirror_feed.feed_is_taken(desk.client, desk.books.connection)
        assert not months & mirror_feed.dirty_months(desk.client, desk.books.connection)


def merge(books, kind, loser, winner):
    books.control(f"companies/kestrel/merge:{kind}:{loser}:{winner}")


def catch_up(desk):
    pull(desk.client, "quickbooks-online")
    with client_context(desk.client.pk):
        mirror.take_accounts(desk.client, desk.books.connection)
    return refreshing._mirror(desk.client, desk.books, lambda: None)


def test_what_an_account_held_follows_its_merger_and_the_mapping_is_named(desk, books):
    loser = one(desk, "Account", "Name = 'Wholesale Sales'")
    kinds = {key: loser[key] for key in ("AccountType", "AccountSubType")}
    kept = desk.post("account", {"Name": "Trade sales", **kinds})["Account"]
    desk.book(invoice())
    desk.send()
    with client_context(desk.client.pk):
        before = net(desk.client, "Wholesale Sales")
    merge(books, "Account", loser["Id"], kept["Id"])
    assert catch_up(desk)["changed"] > 0
    with client_context(desk.client.pk):
        assert (net(desk.client, "Wholesale Sales"), net(desk.client, "Trade sales")) == (0, before)
        assert not ChangedAfterClose.objects.filter(client=desk.client, state="open").exists()
        (row,) = LedgerException.objects.filter(client=desk.client, kind="mirror", state="open")
    said = "Wholesale Sales was merged into Trade sales in the accounting system. The mapping names Wholesale Sales"
    assert row.title == f"{said}: map to Trade sales."
    assert catch_up(desk)["changed"] == 0


def test_a_name_that_was_merged_away_is_not_made_again(desk, books):
    loser, winner = (desk.post("vendor", {"DisplayName": name})["Vendor"]["Id"] for name in (NAME, "Northline Group"))
    merge(books, "Vendor", loser, winner)
    desk.book(payment())
    desk.send()
    assert desk.items() == []
    ((title, _amount, _day),) = desk.waiting()
    assert "the vendor is inactive in QuickBooks, or was merged into another" in title
