"""Entries by hand: taken back on a day, coming again, out of a file; above the limit with a file and a second person."""

# ruff: noqa: F401, F811 (fixtures are imported by name)

from __future__ import annotations

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from openpyxl import Workbook

from clients.tenancy import client_context
from ledger import corrections, entry_import, posting, recurring
from ledger.entry_import import ImportRefused
from ledger.models import EntryTemplate, JournalEntry, SupportFile, TemplateDate
from tests import builders
from tests.ledger.schedule_desk import made

PAPER = [("lease.pdf", b"%PDF lease")]


@pytest.fixture
def desk(made, db):
    with client_context(made.client.pk):
        yield made


@pytest.fixture
def bob(made, client, db):
    return builders.sign_in(client, made.world.bob)


def two(desk, amount):
    return [posting.Line(desk["Insurance"].pk, amount), posting.Line(desk["Checking"].pk, 0, amount)]


def by_hand(desk, amount=5_000, **more):
    given = {"booked_on": date(2026, 1, 31), "memo": "Rent", "reason": "Agreed", "lines": two(desk, amount)}
    return corrections.post_manual(desk.client, by=desk.world.bob, **(given | more))


# ---- limits and reversal ---------------------------------------------------------------------------------------------------


def test_above_the_limit_a_file_supports_it_and_both_halves_are_approved_together(desk):
    with pytest.raises(corrections.CorrectionError, match="a file that supports"):
        by_hand(desk, 1_000_001)
    entry = JournalEntry.objects.get(pk=by_hand(desk, 1_000_001, files=PAPER, reverses_on=date(2026, 2, 1)))
    assert SupportFile.objects.get(entry=entry).added_by == desk.world.bob
    back = corrections.its_other_half(entry)
    assert (back.booked_on, back.purpose, corrections.its_other_half(back)) == (date(2026, 2, 1), "manual-back", entry)
    assert (desk.balance("Insurance", date(2026, 1, 31)), desk.balance("Insurance")) == (1_000_001, 0)
    corrections.approve(entry, by=desk.world.alice)
    assert [each.approvals.get().approved_by for each in (entry, back)] == [desk.world.alice] * 2


def test_it_is_taken_back_on_a_later_day(desk):
    with pytest.raises(corrections.CorrectionError, match="later day"):
        by_hand(desk, reverses_on=date(2026, 1, 31))


# ---- recurring -------------------------------------------------------------------------------------------------------------


def keep(desk, amount=5_000, **more):
    given = {"name": "Rent", "memo": "Rent", "reason": "Lease", "every": "month", "first_on": date(2026, 1, 31)}
    return recurring.keep(
        desk.client, recurring.Recurring(lines=two(desk, amount), **(given | more)), by=desk.world.bob
    )


def test_what_posts_itself_does_so_once_a_month_and_takes_itself_back(desk):
    template = keep(desk, posts_itself=True, reverses=True, last_on=date(2026, 3, 31))
    assert recurring.run(desk.client) == 3
    assert recurring.run(desk.client) == 0
    entries = JournalEntry.objects.filter(memo="Rent").order_by("booked_on")
    assert [entry.booked_on for entry in entries] == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    assert desk.balance("Insurance") == 0
    recurring.stop(template, by=desk.world.bob)
    assert recurring.run(desk.client) == 0


def test_the_others_are_proposed_and_posted_or_left_out_by_a_person(desk):
    keep(desk, 2_000_000, last_on=date(2026, 2, 28))
    assert recurring.run(desk.client) == 0
    first, second = TemplateDate.objects.order_by("due_on")
    with pytest.raises(corrections.CorrectionError, match="a file"):
        recurring.post(desk.client, first, by=desk.world.bob)
    recurring.post(desk.client, first, by=desk.world.bob, files=PAPER)
    recurring.skip(second, by=desk.world.bob)
    assert desk.balance("Insurance") == 2_000_000
    with pytest.raises(recurring.RecurringRefused, match="decided"):
        recurring.post(desk.client, first, by=desk.world.bob, files=PAPER)


def test_what_grew_above_the_limit_is_proposed_again(desk):
    keep(desk, posts_itself=True)
    desk.client.materiality_minor = 4_999
    try:
        assert recurring.run(desk.client) == 0
    finally:
        desk.client.materiality_minor = 1_000_000
    assert TemplateDate.objects.filter(state="proposed").count() == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"amount": 1_000_001, "posts_itself": True}, "Above the limit"),
        ({"last_on": date(2025, 1, 1)}, "not before"),
    ],
)
def test_a_template_that_cannot_be(desk, more, said):
    with pytest.raises(recurring.RecurringRefused, match=said):
        keep(desk, **more)


def test_the_database_refuses_a_template_that_does_not_balance(desk):
    template = keep(desk)

    @transaction.atomic
    def spoil():
        template.lines.filter(no=1).update(debit_minor=1)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="does not balance"):
        spoil()


# ---- files -----------------------------------------------------------------------------------------------------------------

CSV = """Journal of March
Entry,Date,Account,Debit,Credit,Memo,Class,Reverses on
1,2026-03-31,6200 Insurance,"1,200.00",,Cover,Shop,2026-04-01
1,2026-03-31,Checking,,1200.00,Cover,,
2,3/15/2026,6300,50,0,Paint,,
2,3/15/2026,1010,,50,Paint,,
"""


def test_a_file_is_posted_whole_and_once(desk):
    brought = entry_import.read(desk.client, "march.csv", CSV.encode())
    assert (len(brought.entries), brought.errors, brought.entries[0].lines[0].klass) == (2, 0, "Shop")
    ids = entry_import.post(desk.client, brought, by=desk.world.bob, reason="Imported")
    assert [entry.booked_on for entry in JournalEntry.objects.filter(pk__in=ids).order_by("pk")] == [
        date(2026, 3, 31),
        date(2026, 3, 15),
    ]
    assert desk.balance("Insurance", date(2026, 3, 31)) == 120_000
    with pytest.raises(corrections.CorrectionError, match="already"):
        entry_import.post(desk.client, brought, by=desk.world.bob, reason="Imported")


def test_each_wrong_line_is_named_and_nothing_is_posted(desk):
    wrong = CSV.replace("6200 Insurance", "Nowhere").replace("3/15/2026,1010", "3/16/2026,1010").replace("50,0", "x,0")
    brought = entry_import.read(desk.client, "march.csv", wrong.encode())
    said = {row["line"]: row["error"] for entry in brought.entries for row in entry.rows if row["error"]}
    assert said == {
        3: "Choose an account from the list.",
        5: "That is no amount.",
        6: "Another date than the entry's first line.",
    }
    with pytest.raises(ImportRefused, match="nothing was posted"):
        entry_import.post(desk.client, brought, by=desk.world.bob, reason="Imported")
    assert not JournalEntry.objects.filter(origin="manual").exists()


def test_a_workbook_is_read_like_a_file(desk):
    book = Workbook()
    for row in (
        ["Date", "Account", "Debit", "Credit"],
        [date(2026, 3, 1), "6200", 12.5, None],
        [date(2026, 3, 1), "1010", None, 12.5],
    ):
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    (entry,) = entry_import.read(desk.client, "march.xlsx", kept.getvalue()).entries
    assert (entry.booked_on, entry.total, entry.problem) == (date(2026, 3, 1), 1_250, "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "names the columns"),
        (b"\x00\x01\x02", "cannot be read"),
        (b"Date,Account,Debit,Credit\n", "this has 0"),
        (b"x" * (1024 * 1024 + 1), "larger"),
    ],
)
def test_a_file_that_is_no_journal(desk, content, said):
    with pytest.raises(ImportRefused, match=said):
        entry_import.read(desk.client, "x.csv", content)


# ---- pages -----------------------------------------------------------------------------------------------------------------


def typed(*rows, **head):
    names = ("account", "memo", "department", "klass", "debit", "credit")
    lines = {f"line-{name}": [row[at] for row in rows] for at, name in enumerate(names)}
    return {"booked_on": "2026-03-31", "memo": "Cover", "reason": "Agreed", **lines, **head}


GOOD = (("6200", "", "Shop", "North", "12.50", ""), ("1010", "", "", "", "", "12.50"))


def test_an_entry_typed_on_the_page(made, bob):
    more = bob.post("/c/kestrel/entries/new/", typed(*GOOD, more="1"))
    assert (more.status_code, b'value="12.50"' in more.content) == (200, True)
    late = bob.post("/c/kestrel/entries/new/", typed(*GOOD, reverses_on="2026-03-01"))
    assert (late.status_code, b"On a later day" in late.content) == (422, True)
    answer = bob.post("/c/kestrel/entries/new/", typed(*GOOD, reverses_on="2026-04-01"), follow=True)
    assert b"Reverses on" in answer.content
    with client_context(made.client.pk):
        entry = JournalEntry.objects.get(purpose="manual")
        assert entry.lines.get(no=1).department == "Shop"
        assert entry.lines.get(no=1).klass == "North"
    assert b'value="12.50"' in bob.get(f"/c/kestrel/entries/new/?like={entry.pk}").content


def test_a_file_brought_on_the_page(made, bob):
    page = "/c/kestrel/entries/import/"
    assert bob.get(page).status_code == 200
    shown = bob.post(page, {"file": SimpleUploadedFile("march.csv", CSV.encode())})
    assert b"Ready to post" in shown.content
    carried = {"post": "1", "name": "march.csv", "content": shown.context["content"], "reason": "Imported"}
    assert bob.post(page, carried, follow=True).status_code == 200
    again = bob.post(page, carried)
    assert (again.status_code, b"posted already" in again.content) == (422, True)
    assert bob.post(page, {"file": SimpleUploadedFile("x.csv", b"a\n")}).status_code == 422
    with client_context(made.client.pk):
        assert JournalEntry.objects.filter(purpose="manual").count() == 2


def test_a_recurring_entry_on_its_pages(made, bob):
    head = {"name": "Lease", "every": "month", "first_on": "2026-01-31", "last_on": "2026-02-28"}
    refused = bob.post("/c/kestrel/entries/recurring/new/", typed(GOOD[0], **head))
    assert (refused.status_code, b"two lines at least" in refused.content) == (422, True)
    bob.post("/c/kestrel/entries/recurring/new/", typed(*GOOD, **head))
    page = bob.get("/c/kestrel/entries/recurring/")
    assert b"To post" in page.content
    with client_context(made.client.pk):
        template, (first, second) = EntryTemplate.objects.get(), TemplateDate.objects.order_by("due_on")
    assert b'value="12.50"' in bob.get(f"/c/kestrel/entries/recurring/{template.pk}/").content
    bob.post(f"/c/kestrel/entries/recurring/dates/{first.pk}/")
    bob.post(f"/c/kestrel/entries/recurring/dates/{second.pk}/", {"skip": "1"})
    bob.post(f"/c/kestrel/entries/recurring/{template.pk}/stop/")
    with client_context(made.client.pk):
        assert [each.state for each in TemplateDate.objects.order_by("due_on")] == ["posted", "skipped"]
    assert b"Stopped" in bob.get("/c/kestrel/entries/recurring/").content
