"""By which route a system's money reaches the books: the question comes before the first entry, and its answer holds."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

from datetime import date

import pytest

from clients.models import AuditEvent
from integrations.models import Connection, Fact, StreamState
from integrations.records import ExpenseSplit, VendorBill
from ledger import booking, routes, settling
from ledger.models import Account, JournalEntry, LedgerException, MirrorDocument
from tests.ledger import scene
from tests.ledger.bank_desk import bob, books
from tests.scene import arrive

pytestmark = pytest.mark.django_db
BILLS = tuple(
    VendorBill(
        external_id=f"b{n}", booked_on=date(2026, 4, 2 + n), currency="USD", vendor="Cedarline Imports", amount=1_000 + n,
        number=f"CI-{n}", splits=(ExpenseSplit(amount=1_000 + n),),
    )
    for n in range(4)
)  # fmt: skip


@pytest.fixture
def bill(books):
    return scene.connect(books, "bill", "Accounts payable", ("bills", "book"))


def there(books, n, *, number="", party="Cedarline Imports", memo=""):
    """A bill somebody else wrote into the accounting system, equal in day and amount to our n-th."""
    amount = BILLS[n].amount
    document = scene.mirrored(
        books, "Bill", BILLS[n].booked_on, number, party, ("6400", amount), ("1010", -amount), memo=memo
    )
    MirrorDocument.objects.filter(pk=document.pk).update(total_minor=amount, note=memo)
    return document


def question(books):
    return questions(books).filter(state="open").first()


def questions(books):
    return LedgerException.objects.filter(client=books.client, kind="overlap", cause="another route books it")


def booked(books):
    return JournalEntry.objects.filter(client=books.client, source_key__startswith="bill:").count()


def test_records_that_stand_there_already_are_asked_about_before_the_first_entry(books, bill):
    documents = [there(books, n, number=f"CI-{n}", party="") for n in range(3)]
    arrive(books.client, "bill", "bills", *BILLS)
    booking.book(books.client)
    asked = question(books)
    assert asked.title.startswith("3 of 4 records stand there already, with the same amount.")
    assert asked.detail["documents"] == [document.external_id for document in documents]
    assert booked(books) == 0
    assert set(Fact.objects.filter(client=books.client, connection=bill).values_list("state", flat=True)) == {"new"}
    booking.book(books.client)
    assert questions(books).count() == 1


@pytest.mark.parametrize(
    ("documents", "finds"),
    [
        ([{"party": "CEDARLINE IMPORTS"}] * 3, True),
        ([{"number": "CI-0"}, {"number": "CI-1"}], False),
        ([{"party": "Somebody else"}] * 4, False),
        ([{"party": "Somebody else", "memo": "Synced by BILL 2026-04"}] * 3, True),
        ([{"party": "Somebody else", "memo": "The bill was posted twice"}] * 3, False),
    ],
)
def test_what_speaks_for_another_route(books, bill, documents, finds):
    for n, said in enumerate(documents):
        there(books, n, **said)
    arrive(books.client, "bill", "bills", *BILLS)
    assert (routes.find(books.client, bill) is not None) == finds


def test_lines_on_an_account_of_its_name_speak_and_an_expense_account_does_not(books, bill):
    for n in range(3):
        there(books, n, party="")
    Account.objects.filter(client=books.client, number="6400").update(name="BILL subscription")
    assert routes.find(books.client, bill) is None
    Account.objects.filter(client=books.client, number="1010").update(name="BILL Money Out Clearing")
    assert "account that bears the name of BILL" in routes.find(books.client, bill).reason


def test_what_was_undone_or_deleted_there_does_not_speak(books, bill):
    for n in range(3):
        there(books, n, number=f"CI-{n}")
    arrive(books.client, "bill", "bills", *BILLS)
    MirrorDocument.objects.filter(client=books.client, number="CI-0").update(is_deleted=True)
    assert routes.find(books.client, bill) is None


def test_the_other_route_books_and_ours_only_proves(books, bill, bob):
    for n in range(3):
        there(books, n, number=f"CI-{n}")
    arrive(books.client, "bill", "bills", *BILLS)
    booking.book(books.client)
    said = settling.decide_route(question(books), books=False, by=bob)
    assert said == f"{bill} only proves; the other route books."
    assert StreamState.objects.get(connection=bill).duty == "prove"
    assert set(Fact.objects.filter(client=books.client, connection=bill).values_list("state", flat=True)) == {"proof"}
    assert (booked(books), question(books)) == (0, None)
    assert AuditEvent.objects.filter(client_id=books.client.pk, action="connection.route", actor=bob).exists()


def test_it_is_booked_from_here_and_never_asked_again(books, bill, bob):
    for n in range(3):
        there(books, n, number=f"CI-{n}")
    arrive(books.client, "bill", "bills", *BILLS[:3])
    booking.book(books.client)
    settling.decide_route(question(books), books=True, by=bob)
    arrive(books.client, "bill", "bills", BILLS[3])
    booking.book(books.client)
    assert question(books) is None
    assert set(Fact.objects.filter(client=books.client, connection=bill).values_list("state", flat=True)) <= {
        "booked", "exception",
    }  # fmt: skip


def test_a_system_nothing_speaks_against_is_booked_at_once_and_not_looked_at_again(books, bill):
    arrive(books.client, "bill", "bills", *BILLS[:1])
    booking.book(books.client)
    assert Connection.objects.get(pk=bill.pk).settings[routes.ANSWER]["books"]
    for n in range(1, 4):
        there(books, n, number=f"CI-{n}")
    arrive(books.client, "bill", "bills", *BILLS[1:])
    booking.book(books.client)
    assert question(books) is None


def look_again(books):
    return routes.look(books.client), question(books)


def test_what_came_since_the_answer_is_asked_about_again_and_holds_what_comes(books, bill, bob):
    arrive(books.client, "bill", "bills", *BILLS[:3])
    booking.book(books.client)
    assert look_again(books) == (0, None)
    for n in range(3):
        there(books, n, number=f"CI-{n}")
    count, asked = look_again(books)
    assert count == 1
    assert "3 of 3 records stand there already" in asked.title
    assert routes.look(books.client) == 0, "asked once"
    arrive(books.client, "bill", "bills", BILLS[3])
    booking.book(books.client)
    latest = Fact.objects.filter(client=books.client, external_id="b3")
    assert latest.get().state == "new", "held until somebody answers"
    settling.decide_route(asked, books=True, by=bob)
    assert latest.get().state == "exception", "its category is not mapped, which nobody asked while it was held"
    assert look_again(books) == (0, None), "what was there then is remembered"


def test_a_system_that_only_proves_is_not_asked_about_again(books, bill, bob):
    for n in range(3):
        there(books, n, number=f"CI-{n}")
    arrive(books.client, "bill", "bills", *BILLS)
    booking.book(books.client)
    settling.decide_route(question(books), books=False, by=bob)
    for n in range(3):
        there(books, n, number=f"CI-{n}", memo="synced from BILL")
    assert look_again(books) == (0, None)


def test_a_run_typed_by_hand_is_no_question_of_routes(books, bill, bob):
    for n in range(3):
        there(books, n, number=f"CI-{n}")
    arrive(books.client, "bill", "bills", *BILLS)
    booking.book(books.client)
    with pytest.raises(settling.SettlingError, match="Say which route books"):
        settling.decide_overlap(question(books), reverse=True, by=bob)
