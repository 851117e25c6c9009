"""Our copy of the accounting system's books follows it, and what was closed is never touched without a person."""

from __future__ import annotations

from datetime import date

import pytest

from clients.tenancy import client_context
from ledger import accounting, mirror, refreshing
from ledger.core.period import Month
from ledger.models import ChangedAfterClose, JournalEntry, LedgerException, MirrorDocument, OutboxItem, Period
from tests.scene import close, net, pull

APRIL = Month(2026, 4)


class QuickBooksUser:
    """Somebody who works in the accounting system itself."""

    def __init__(self, client):
        self.client = client
        with client_context(client.pk):
            self.books = accounting.open_books(client)
            self.accounts = {a.name: a.external_id for a in mirror.Account.objects.filter(client=client)}
        self.api = self.books.api
        self.path = f"/v3/company/{self.api.account_id}"

    def add(self, amount, *, day=date(2026, 4, 7), debit="Utilities", credit="Checking"):
        lines = [self._line(amount, debit, "Debit"), self._line(amount, credit, "Credit")]
        body = {"TxnDate": day.isoformat(), "Line": lines, "PrivateNote": "typed by a person"}
        return self.api.post(f"{self.path}/journalentry", body)["JournalEntry"]

    def _line(self, amount, account, side):
        detail = {"PostingType": side, "AccountRef": {"value": self.accounts[account]}}
        return {
            "DetailType": "JournalEntryLineDetail",
            "Amount": f"{amount // 100}.{amount % 100:02d}",
            "JournalEntryLineDetail": detail,
        }

    def change(self, entry, amount):
        entry = self.api.get(f"{self.path}/journalentry/{entry['Id']}")["JournalEntry"]
        for line in entry["Line"]:
            line["Amount"] = f"{amount // 100}.{amount % 100:02d}"
        return self.api.post(f"{self.path}/journalentry", entry)["JournalEntry"]

    def delete(self, entry):
        entry = self.api.get(f"{self.path}/journalentry/{entry['Id']}")["JournalEntry"]
        self.api.post(
            f"{self.path}/journalentry?operation=delete", {"Id": entry["Id"], "SyncToken": entry["SyncToken"]}
        )

    def catch_up(self):
        """The next reading of the change feed, and what a refresh does about it first."""
        pull(self.client, "quickbooks-online")
        return refreshing._mirror(self.client, self.books, lambda: None)


@pytest.fixture
def user(books):
    return QuickBooksUser(books.kestrel)


@pytest.fixture
def standing(user):
    """A function: the balance of an account now, less what it was at the start."""
    with client_context(user.client.pk):
        before = {name: net(user.client, name) for name in ("Utilities", "Checking", "Rent")}

    def moved(name):
        with client_context(user.client.pk):
            return net(user.client, name) - before[name]

    return moved


def changes(client, **what):
    with client_context(client.pk):
        return list(ChangedAfterClose.objects.filter(client=client, **what))


def test_an_entry_made_there_is_mirrored_once(user, standing):
    made = user.add(12_345)
    assert user.catch_up()["new"] == 1
    assert user.catch_up()["new"] == 0
    assert (standing("Utilities"), standing("Checking")) == (12_345, -12_345)
    with client_context(user.client.pk):
        row = MirrorDocument.objects.get(external_id=f"JournalEntry:{made['Id']}")
        assert row.entry.origin == "ledger"


def test_a_change_there_reverses_and_mirrors_anew(user, standing):
    made = user.add(12_345)
    user.catch_up()
    user.change(made, 10_000)
    assert user.catch_up()["changed"] == 1
    assert standing("Utilities") == 10_000
    with client_context(user.client.pk):
        row = MirrorDocument.objects.get(external_id=f"JournalEntry:{made['Id']}")
        assert (row.revision, row.total_minor) == (1, 10_000)


def of_class(user, entry, name):
    """The entry with a class on its first line, as somebody puts it there later."""
    found = user.api.get(f"{user.path}/query", {"query": f"SELECT * FROM Class WHERE Name = '{name}'"})["QueryResponse"]
    klass = (found.get("Class") or [user.api.post(f"{user.path}/class", {"Name": name})["Class"]])[0]
    entry = user.api.get(f"{user.path}/journalentry/{entry['Id']}")["JournalEntry"]
    entry["Line"][0]["JournalEntryLineDetail"]["ClassRef"] = {"value": klass["Id"]}
    user.api.post(f"{user.path}/journalentry", entry)
    return klass


def test_a_class_put_on_a_line_there_moves_the_entry_and_its_later_name_does_not(user, standing):
    made = user.add(12_345)
    user.catch_up()
    klass = of_class(user, made, "Harbourside")
    assert user.catch_up()["changed"] == 1
    assert standing("Utilities") == 12_345
    with client_context(user.client.pk):
        row = MirrorDocument.objects.get(external_id=f"JournalEntry:{made['Id']}")
        assert sorted(row.entry.lines.values_list("klass", flat=True)) == ["", "Harbourside"]
    user.api.post(f"{user.path}/class", {**klass, "Name": "Quayside", "sparse": True})
    user.change(made, 12_345)
    assert user.catch_up()["changed"] == 0


def test_a_class_changed_in_a_closed_month_is_told_and_moves_nothing(user, standing):
    made = user.add(12_345)
    user.catch_up()
    with client_context(user.client.pk):
        close(user.client, APRIL.first)
    of_class(user, made, "Harbourside")
    user.catch_up()
    assert changes(user.client) == []
    with client_context(user.client.pk):
        (row,) = LedgerException.objects.filter(client=user.client, kind="mirror", state="open")
    assert "of a closed month: its class, department or day changed there, no amount did" in row.title


def test_a_deletion_there_reverses_here(user, standing):
    made = user.add(12_345)
    user.catch_up()
    user.delete(made)
    assert user.catch_up()["gone"] == 1
    assert (standing("Utilities"), standing("Checking")) == (0, 0)
    assert user.catch_up()["gone"] == 0


def test_what_was_made_changed_and_deleted_between_two_readings_leaves_nothing(user, standing):
    made = user.add(12_345)
    user.change(made, 500)
    user.delete(made)
    user.catch_up()
    assert standing("Utilities") == 0


def test_reading_a_month_again_changes_nothing(user):
    with client_context(user.client.pk):
        count = JournalEntry.objects.filter(client=user.client).count()
    documents = user.books.books.ledger_month(user.api, date(2026, 3, 1), user.books.context)
    with client_context(user.client.pk):
        result = mirror.take_month(user.client, user.books.connection, Month(2026, 3), documents)
        assert (result.new, result.changed, result.gone, result.after_close) == (0, 0, 0, 0)
        assert JournalEntry.objects.filter(client=user.client).count() == count


def test_every_document_we_wrote_has_met_its_own_entry(shelf):
    for client in (shelf.kestrel, shelf.quillfeather):
        with client_context(client.pk):
            sent = OutboxItem.objects.filter(client=client, state="posted")
            met = MirrorDocument.objects.filter(client=client, outbox__isnull=False)
            assert met.count() == sent.count() > 100
            assert not met.filter(entry__isnull=False).exists()
            markers = sent.values_list("marker", flat=True)
            assert not MirrorDocument.objects.filter(client=client, number__in=markers, outbox=None).exists()


def test_an_edit_of_a_closed_month_is_held_and_priced(books, standing_rent):
    user, moved = standing_rent
    with client_context(user.client.pk):
        close(user.client, date(2026, 1, 1), date(2026, 2, 1))
    books.control(f"companies/{user.client.slug}/edit-old-entry")
    assert user.catch_up()["after close"] == 1
    (change,) = changes(user.client)
    assert (change.month, change.kind, change.state, change.amount_minor) == (
        date(2026, 2, 1),
        "changed",
        "open",
        35_000,
    )
    assert sum(delta for _account, delta in change.deltas) == 0
    assert moved() == 0, "the journal keeps what was closed"
    assert user.catch_up()["after close"] == 0


@pytest.fixture
def standing_rent(books):
    user = QuickBooksUser(books.quillfeather)
    with client_context(user.client.pk):
        before = net(user.client, "Rent")

    def moved():
        with client_context(user.client.pk):
            return net(user.client, "Rent") - before

    return user, moved


def test_an_edit_of_an_open_month_is_followed(books, standing_rent):
    user, moved = standing_rent
    books.control(f"companies/{user.client.slug}/edit-old-entry")
    assert user.catch_up()["changed"] == 1
    assert moved() == 35_000
    assert changes(user.client) == []


def test_an_edit_put_back_closes_the_case(user):
    made = user.add(12_345)
    user.catch_up()
    with client_context(user.client.pk):
        close(user.client, APRIL.first)
    user.change(made, 20_000)
    user.catch_up()
    user.change(made, 12_345)
    user.catch_up()
    (change,) = changes(user.client)
    assert (change.state, change.amount_minor) == ("undone", 0)


def test_later_edits_of_a_closed_document_add_up(user):
    made = user.add(12_345)
    user.catch_up()
    with client_context(user.client.pk):
        close(user.client, APRIL.first)
    for amount in (20_000, 15_000):
        user.change(made, amount)
        user.catch_up()
    (change,) = changes(user.client, state="open")
    assert change.amount_minor == 15_000 - 12_345


@pytest.mark.parametrize("what", ["added", "deleted"])
def test_a_document_added_to_or_deleted_from_a_closed_month_is_held(user, standing, what):
    made = user.add(12_345) if what == "deleted" else None
    user.catch_up()
    before = standing("Utilities")
    with client_context(user.client.pk):
        close(user.client, APRIL.first)
    if made:
        user.delete(made)
    else:
        user.add(12_345)
    user.catch_up()
    (change,) = changes(user.client, state="open")
    assert (change.kind, change.amount_minor) == (what, 12_345)
    assert standing("Utilities") == before


def test_a_change_taken_into_an_open_month_is_booked_there(books, user, standing):
    made = user.add(12_345)
    user.catch_up()
    with client_context(user.client.pk):
        close(user.client, APRIL.first)
    user.change(made, 20_000)
    user.catch_up()
    (change,) = changes(user.client)
    with client_context(user.client.pk):
        entry_id = mirror.take_into_open_month(
            change, by=books.cast.controller, reason="A late bill.", booked_on=date(2026, 5, 4)
        )
        entry = JournalEntry.objects.get(pk=entry_id)
        assert (entry.booked_on, entry.reason) == (date(2026, 5, 4), "A late bill.")
        assert Period.objects.get(client=user.client, month=APRIL.first).state == "locked"
    assert standing("Utilities") == 20_000
    assert changes(user.client, state="open") == []


def test_somebody_editing_our_own_document_is_held_even_in_an_open_month(user):
    with client_context(user.client.pk):
        item = OutboxItem.objects.filter(client=user.client, type="JournalEntry", state="posted").latest("booked_on")
    entry = user.api.get(f"{user.path}/journalentry/{item.external_id.partition(':')[2]}")["JournalEntry"]
    for side in ("Debit", "Credit"):
        line = next(line for line in entry["Line"] if line["JournalEntryLineDetail"]["PostingType"] == side)
        line["Amount"] = str(round(float(line["Amount"]) + 1, 2))
    user.api.post(f"{user.path}/journalentry", entry)
    user.catch_up()
    (change,) = changes(user.client)
    assert (change.state, change.amount_minor) == ("open", 100)
    with client_context(user.client.pk):
        assert change.document.outbox_id == item.pk
