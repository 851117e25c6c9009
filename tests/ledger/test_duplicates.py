"""Suspect pairs: found once, decided by a person, remembered; one that is none any more settles itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from clients.tenancy import client_context
from integrations.records import LedgerDocument, LedgerLine
from ledger import corrections, duplicates, exceptions_inbox, mirror, posting, support
from ledger.core.period import Month
from ledger.corrections import CorrectionError
from ledger.models import ChangedAfterClose, JournalEntry, LedgerException, MirrorDocument, SupportFile
from tests.scene import close as lock
from tests.scene import net

pytestmark = pytest.mark.django_db
MAY = Month(2026, 5)


@pytest.fixture
def bob(standing):
    return standing[0].bob


@pytest.fixture
def books(standing, db):
    with client_context(standing[1].client.pk):
        yield standing[1]


@pytest.fixture
def ledger(books):
    """``ledger(spent(…), …)``: May in the accounting system holds just these; gives the suspect pairs that wait."""

    def run(*documents, month=MAY):
        accounts = {number: account.external_id for number, account in books.accounts.items()}
        given = [
            replace(one, lines=tuple(replace(x, account_id=accounts[x.account_id]) for x in one.lines))
            for one in documents
        ]
        mirror.take_month(books.client, books.connections["quickbooks-online"], month, given)
        duplicates.find(books.client, month)
        return waiting(books)

    return run


def spent(key, on, amount=25_000, party="Cobalt Rope Works", number="", type_="Purchase", out_of="1010", to="5010"):
    lines = (
        LedgerLine(account_id=to, debit=amount, credit=0),
        LedgerLine(account_id=out_of, debit=0, credit=amount),
    )
    return LedgerDocument(
        external_id=f"{type_}:{key}", booked_on=date(2026, 5, on), currency="USD", type=type_, lines=lines,
        number=number, party=party,
    )  # fmt: skip


def waiting(books):
    rows = LedgerException.objects.filter(client=books.client, kind="duplicate", booked_on__gte=MAY.first)
    return sorted(rows.filter(state__in=exceptions_inbox.OPEN).values_list("identity", flat=True))


def pair(books):
    return LedgerException.objects.get(client=books.client, kind="duplicate", identity="Purchase:1=Purchase:2")


def entry_of(books, key):
    return MirrorDocument.objects.get(client=books.client, external_id=key).entry


# ---- found ---------------------------------------------------------------------------------------------------------------


def test_two_equal_payments_within_days_are_a_suspect_pair(books, ledger):
    assert ledger(spent(1, 4), spent(2, 7)) == ["Purchase:1=Purchase:2"]
    row = pair(books)
    assert (row.amount_minor, row.booked_on, row.entry_id) == (
        25_000,
        date(2026, 5, 7),
        entry_of(books, "Purchase:2").pk,
    )
    assert "3 days apart" in row.title
    assert duplicates.find(books.client, MAY) == 0, "found once"


@pytest.mark.parametrize(
    "second",
    [
        spent(2, 9),
        spent(2, 5, amount=25_001),
        spent(2, 5, party="Larch Cloud Hosting"),
        spent(2, 5, out_of="1020"),
        spent(2, 5, out_of="2300", type_="Bill"),
    ],
    ids=["days later", "another amount", "another party", "out of another account", "a document that pays nothing"],
)
def test_what_is_not_the_same_money_is_no_pair(ledger, second):
    assert ledger(spent(1, 4), second) == []


def test_a_move_between_own_accounts_is_no_payment_but_may_be_doubled_itself(ledger):
    moved = spent(2, 5, type_="Transfer", to="1020", party="")
    assert ledger(spent(1, 4, party=""), moved) == []
    assert ledger(moved, spent(3, 5, type_="Transfer", to="1020", party="", number="")) == []
    named = [spent(key, 5, type_="Transfer", to="1020", number="TR-1188", party="") for key in (4, 5)]
    assert ledger(*named) == ["Transfer:4=Transfer:5"]


def test_numbers_of_their_own_tell_two_documents_of_one_type_apart(ledger):
    assert ledger(spent(1, 4, number="3301"), spent(2, 5, number="3302")) == []
    assert ledger(spent(1, 4, number="3301"), spent(2, 5, number="3302"), spent(3, 6, number="3301")) == [
        "Purchase:1=Purchase:3"
    ]


def test_a_third_document_between_two_hides_them_not(ledger):
    assert ledger(spent(1, 4), spent(2, 5, out_of="1020"), spent(3, 6)) == ["Purchase:1=Purchase:3"]


def test_each_document_is_suspect_beside_its_nearest_only(ledger):
    assert ledger(spent(1, 4), spent(2, 5), spent(3, 6)) == ["Purchase:1=Purchase:2", "Purchase:2=Purchase:3"]


def test_a_pair_over_the_months_edge_is_of_the_month_of_the_later(books, ledger):
    april = replace(spent(1, 1), booked_on=date(2026, 4, 29))
    assert ledger(april, month=Month(2026, 4)) == []
    assert ledger(spent(2, 1)) == ["Purchase:1=Purchase:2"]


def test_names_are_compared_without_their_capitals(ledger):
    assert len(ledger(spent(1, 4), spent(2, 5, party="COBALT ROPE WORKS"))) == 1


# ---- decided -------------------------------------------------------------------------------------------------------------


def test_two_that_are_real_are_never_asked_about_again(books, bob, ledger):
    ledger(spent(1, 4), spent(2, 5))
    duplicates.both_are_real(pair(books), by=bob)
    assert duplicates.find(books.client, MAY) == 0
    assert waiting(books) == []
    (kept,) = duplicates.pairs(books.client, MAY)
    assert (kept.is_open, kept.decision) == (False, "Both are real.")
    assert ledger(spent(1, 6), spent(2, 5)) == [], "nor when the earlier becomes the later"


def test_a_third_equal_one_is_asked_about_though_two_are_real(books, bob, ledger):
    ledger(spent(1, 4), spent(2, 5))
    duplicates.both_are_real(pair(books), by=bob)
    assert ledger(spent(1, 4), spent(2, 5), spent(3, 6)) == ["Purchase:2=Purchase:3"]


def test_the_copy_is_reversed_and_the_first_stands(books, bob, ledger):
    ledger(spent(1, 4), spent(2, 5))
    before = net(books.client, "Cost of goods sold")
    reversal = JournalEntry.objects.get(pk=duplicates.reverse(pair(books), which="second", by=bob))
    assert (reversal.reverses, reversal.booked_on) == (entry_of(books, "Purchase:2"), date(2026, 5, 5))
    assert (reversal.origin, reversal.posted_by) == ("manual", bob), "it goes to the accounting system"
    assert net(books.client, "Cost of goods sold") == before - 25_000
    assert not entry_of(books, "Purchase:1").reversals.exists()
    row = pair(books)
    assert (row.state, row.resolved_by, row.resolution) == ("resolved", bob, "The copy was reversed.")
    assert duplicates.find(books.client, MAY) == 0


def test_reversing_the_reversal_brings_the_copy_back_and_asks_nothing(books, bob, ledger):
    ledger(spent(1, 4), spent(2, 5))
    before = net(books.client, "Cost of goods sold")
    reversal = duplicates.reverse(pair(books), which="second", by=bob)
    corrections.reverse(JournalEntry.objects.get(pk=reversal), reason="It was real after all", by=bob)
    assert net(books.client, "Cost of goods sold") == before
    assert duplicates.find(books.client, MAY) == 0
    assert waiting(books) == []


def test_the_copy_of_a_closed_month_is_reversed_on_the_next_open_day(books, bob, ledger):
    ledger(spent(1, 4), spent(2, 5))
    row = pair(books)
    lock(books.client, MAY.first)
    reversal = JournalEntry.objects.get(pk=duplicates.reverse(row, which="second", by=bob))
    assert reversal.booked_on == date(2026, 6, 1)


def test_a_copy_that_was_edited_meanwhile_is_reversed_as_it_stands_now(books, bob, ledger):
    """It was put on another account in the accounting system after the pair was found: that entry is reversed already."""
    ledger(spent(1, 4), spent(2, 5))
    row = pair(books)
    ledger(spent(1, 4), spent(2, 5, to="6400"))
    before = net(books.client, "Travel and meals")
    reversal = JournalEntry.objects.get(pk=duplicates.reverse(row, which="second", by=bob))
    assert reversal.reverses == entry_of(books, "Purchase:2")
    assert net(books.client, "Travel and meals") == before - 25_000


def test_a_copy_that_is_gone_is_not_reversed(books, bob, ledger):
    ledger(spent(1, 4), spent(2, 5))
    row = pair(books)
    ledger(spent(1, 4))
    with pytest.raises(CorrectionError, match="no longer in the accounting system"):
        duplicates.reverse(row, which="second", by=bob)


@pytest.mark.parametrize("then", ["deleted", "edited"])
def test_a_copy_reversed_here_and_then_touched_in_the_accounting_system_waits_for_a_person(books, bob, ledger, then):
    ledger(spent(1, 4), spent(2, 5))
    duplicates.reverse(pair(books), which="second", by=bob)
    before = net(books.client, "Cost of goods sold")
    ledger(spent(1, 4), *([] if then == "deleted" else [spent(2, 5, amount=24_000)]))
    change = ChangedAfterClose.objects.get(client=books.client, document__external_id="Purchase:2")
    assert (change.state, change.amount_minor) == ("open", 25_000 if then == "deleted" else 1_000)
    assert net(books.client, "Cost of goods sold") == before


def test_the_first_can_go_instead_of_the_copy(books, bob, ledger):
    ledger(spent(1, 4), spent(2, 5))
    row = pair(books)
    reversal = JournalEntry.objects.get(pk=duplicates.reverse(row, which="first", by=bob))
    assert reversal.reverses == entry_of(books, "Purchase:1")
    assert row.detail["kept_entry"] == entry_of(books, "Purchase:2").pk


def test_the_papers_of_the_copy_are_kept_with_the_one_that_stays(books, bob, ledger):
    ledger(spent(1, 4), spent(2, 5))
    support.add(entry_of(books, "Purchase:2"), name="receipt.pdf", content=b"%PDF- paid", by=bob)
    duplicates.reverse(pair(books), which="second", by=bob)
    (kept,) = SupportFile.objects.filter(client=books.client, entry=entry_of(books, "Purchase:1"))
    assert (bytes(kept.content), kept.name.endswith("receipt.pdf")) == (b"%PDF- paid", True)


@pytest.mark.parametrize("which", ["first", "second"])
def test_a_decision_is_taken_back_and_can_be_taken_anew(books, bob, ledger, which):
    ledger(spent(1, 4), spent(2, 5))
    before = net(books.client, "Cost of goods sold")
    for _ in range(2):
        duplicates.reverse(pair(books), which=which, by=bob)
        assert net(books.client, "Cost of goods sold") == before - 25_000
        assert waiting(books) == []
        duplicates.undo(pair(books), by=bob)
        assert net(books.client, "Cost of goods sold") == before
        assert waiting(books) == ["Purchase:1=Purchase:2"]
    assert duplicates.find(books.client, MAY) == 0
    assert waiting(books) == ["Purchase:1=Purchase:2"], "it still is a pair"


def test_that_both_are_real_is_taken_back(books, bob, ledger):
    ledger(spent(1, 4), spent(2, 5))
    duplicates.both_are_real(pair(books), by=bob)
    duplicates.undo(pair(books), by=bob)
    assert waiting(books) == ["Purchase:1=Purchase:2"]
    with pytest.raises(CorrectionError, match="Nobody has decided"):
        duplicates.undo(pair(books), by=bob)


# ---- beside what is booked from here --------------------------------------------------------------------------------------


def ours(books, key, on=4, amount=25_000, party="Cobalt Rope Works"):
    """A purchase that a system brought and that was booked from here."""
    lines = [
        posting.Line(books.accounts["5010"].pk, debit=amount, party=party),
        posting.Line(books.accounts["1010"].pk, credit=amount),
    ]
    entry = posting.Entry(date(2026, 5, on), f"card:{key}", "purchase", lines)
    return JournalEntry.objects.get(pk=posting.post(books.client.pk, [entry]).ids[0])


def test_what_somebody_typed_beside_ours_is_a_suspect_pair(books, ledger):
    ours(books, "a1")
    assert ledger(spent(1, 5)) == ["Purchase:1=card:a1"]
    row = LedgerException.objects.get(client=books.client, identity="Purchase:1=card:a1")
    assert row.detail["verdict"] == "ask"
    assert ["brought by two routes", 3] in row.detail["reasons"]


def test_two_equal_ones_of_one_system_are_two(books, ledger):
    ours(books, "a1")
    ours(books, "a2")
    assert ledger() == []


def test_ours_that_went_as_the_copy_stands_again_as_its_next_revision(books, bob, ledger):
    entry = ours(books, "a1")
    ledger(spent(1, 5))
    row = LedgerException.objects.get(client=books.client, identity="Purchase:1=card:a1")
    before = net(books.client, "Cost of goods sold")
    duplicates.reverse(row, which="first", by=bob)
    duplicates.undo(row, by=bob)
    assert net(books.client, "Cost of goods sold") == before
    again = JournalEntry.objects.get(client=books.client, source_key="card:a1", purpose="purchase", revision=1)
    assert (again.origin, bytes(again.content_sha256)) == ("source", bytes(entry.content_sha256))
    assert duplicates.find(books.client, MAY) == 0
    assert waiting(books) == ["Purchase:1=card:a1"]


def test_a_number_that_both_carry_leaves_no_doubt(books, bob, ledger):
    ledger(spent(1, 4, number="INV-7731"), spent(2, 5, number="7731"))
    (row,) = duplicates.certain(books.client)
    assert row.detail["percent"] >= 99


# ---- settled by itself ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["deleted", "another amount", "reversed here"])
def test_a_pair_that_is_none_any_more_settles_itself(books, bob, ledger, change):
    ledger(spent(1, 4), spent(2, 5))
    if change == "reversed here":
        corrections.reverse(entry_of(books, "Purchase:1"), reason="wrong", by=bob)
        assert ledger(spent(1, 4), spent(2, 5)) == []
    else:
        assert ledger(spent(1, 4), *([] if change == "deleted" else [spent(2, 5, amount=99)])) == []
    row = pair(books)
    assert (row.state, row.resolved_by) == ("resolved", None)


def test_a_pair_that_settled_itself_is_asked_about_when_it_is_one_again(books, ledger):
    for amount, found in ((25_000, 1), (99, 0), (25_000, 1)):
        assert len(ledger(spent(1, 4), spent(2, 5, amount=amount))) == found


def test_what_is_snoozed_stays_one_question(books, bob, ledger):
    ledger(spent(1, 4), spent(2, 5))
    exceptions_inbox.snooze([pair(books)], until=date(2026, 6, 1), by=bob)
    assert duplicates.find(books.client, MAY) == 0
    assert pair(books).state == "snoozed"
