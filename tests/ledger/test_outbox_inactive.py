"""What was made inactive, or is gone, between mapping and posting is named with what to do; the mirror follows a merge."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from clients.models import AuditEvent
from clients.tenancy import client_context
from config.demo import consent
from integrations import jobs, schedule
from integrations.errors import Refused
from integrations.models import SyncJob
from integrations.records import LedgerDeletion
from ledger import activating, mirror, mirror_feed, posting, refreshing, settling
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


def rent(desk, key="manual:rent"):
    """An entry by hand on the account Rent, approved."""
    with client_context(desk.client.pk):
        ids = dict(Account.objects.filter(client=desk.client).values_list("name", "id"))
        lines = [posting.Line(ids["Rent"], 1_000), posting.Line(ids["Checking"], 0, 1_000)]
        entry = posting.Entry(DAY, key, "manual", lines, origin="manual")
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
        "Account Rent is inactive in QuickBooks: make it active there and send again, or use another (QuickBooks 610)"
    )
    change(desk, "Account", one(desk, "Account", f"Id = '{account['Id']}'"), Name="Rent", Active=True)
    with client_context(desk.client.pk):
        settling.retry(row, by=desk.by)
    desk.send()
    assert refusals(desk) == []
    assert [item.state for item in desk.items()] == ["posted"]


def let_work(client):
    """Do the client's jobs, those of the next seconds too, until none waits."""
    for _round in range(9):
        with client_context(client.pk):
            waiting = SyncJob.objects.filter(client=client, state="due")
            waiting.update(run_after=Now())
            ids = list(waiting.values_list("pk", flat=True))
        for job_id in ids:
            jobs.run(job_id)
    with client_context(client.pk):
        assert not SyncJob.objects.filter(client=client).exclude(state="done").exists()


def test_what_a_person_makes_active_from_the_inbox_lets_every_document_go_that_waited_for_it(desk):
    account = change(desk, "Account", one(desk, "Account", "Name = 'Rent'"), Name="Rent", Active=False)
    rent(desk)
    rent(desk, "manual:more")
    assert desk.send()["rejected"] == 2
    row, other = refusals(desk)
    assert row.detail["inactive"] == [f"Account:{account['Id']}"]
    with client_context(desk.client.pk):
        assert "made active" in activating.ask(row, by=desk.by)
        activating.ask(row, by=desk.by)
        assert SyncJob.objects.filter(client=desk.client, kind="activate").count() == 1, "asked twice is one wish"
    let_work(desk.client)
    standing = one(desk, "Account", f"Id = '{account['Id']}'")
    assert (standing["Active"], standing["Name"], standing["AccountType"]) == (True, "Rent", account["AccountType"])
    assert [item.state for item in desk.items()] == ["posted", "posted"]
    with client_context(desk.client.pk):
        assert Account.objects.get(client=desk.client, name="Rent").is_active
        act = AuditEvent.objects.get(client=desk.client, action="ledger.activated")
        assert (act.subject, act.actor_id) == ("Rent", desk.by.pk)
        other.refresh_from_db()
        with pytest.raises(activating.NothingInactive):
            activating.ask(LedgerException(client=desk.client, detail={"code": "6210"}), by=desk.by)
    assert other.state == "resolved"


def test_what_can_not_be_made_active_says_why_and_waits_on(desk, books):
    change(desk, "Account", one(desk, "Account", "Name = 'Rent'"), Name="Rent", Active=False)
    rent(desk)
    desk.send()
    (row,) = refusals(desk)
    books.fault("status", path="/account$", status=400)
    with client_context(desk.client.pk):
        activating.ask(row, by=desk.by)
    let_work(desk.client)
    (row,) = refusals(desk)
    assert row.title.startswith("Could not be made active: ")
    assert [item.state for item in desk.items()] == ["rejected"]


def test_a_new_sign_in_sends_all_that_was_refused_before_it(desk, books):
    account = change(desk, "Account", one(desk, "Account", "Name = 'Rent'"), Name="Rent", Active=False)
    rent(desk)
    rent(desk, "manual:more")
    assert desk.send()["rejected"] == 2
    change(desk, "Account", one(desk, "Account", f"Id = '{account['Id']}'"), Name="Rent", Active=True)
    assert desk.send() == {"posted": 0, "rejected": 0, "uncertain": 0, "waiting": 0}, "nothing is retried without cause"
    books.control("companies/kestrel/revoke?provider=quickbooks-online")
    with client_context(desk.client.pk):
        schedule.soon(desk.books.connection, reason="by-hand")
    for job_id in jobs.due():
        jobs.run(job_id)
    lost = consent.connection(desk.client, "quickbooks-online")
    assert lost.state == "needs_reconnect"
    with client_context(desk.client.pk):
        SyncJob.objects.filter(client=desk.client, state="failed").delete()
    consent.connect(desk.client, "quickbooks-online", by=desk.by, connection=lost)
    let_work(desk.client)
    assert [(item.state, item.tries) for item in desk.items()] == [("posted", 2), ("posted", 2)]
    assert refusals(desk) == []


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
        "Account 99999 is gone from QuickBooks, deleted or merged: map to the one that took its place (QuickBooks 2500)"
    )
    change(desk, "Vendor", vendor, DisplayName="Larch Timber", Active=False)
    assert refused(vendor["Id"], account).startswith("Vendor Larch Timber is inactive in QuickBooks")


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
