"""What the client sees and answers, and what happens to changes of signed months."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.core import mail

from closeout import questions, sentinel
from closeout.models import BoardRow, Question
from ledger.core.period import Month
from ledger.models import Account, ChangedAfterClose, JournalEntry, MirrorDocument
from tests.closeout.desk import PDF, browser, inside, sealed, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(standing):
    return standing


# ---- the client's page -----------------------------------------------------------------------------------------------------


def test_the_client_reads_plain_words_and_signed_figures(books):
    sealed(books)
    said = text(browser(books, "erin").get("/c/kestrel/"))
    for words in ("January 2026 is closed and signed off.", "You kept", "7,300", "January 2026 package"):
        assert words in said, words


def test_the_client_sees_no_draft_figure(books):
    said = text(browser(books, "erin").get("/c/kestrel/"))
    assert "7,300" not in said
    assert "January 2026 is in progress" in said


@pytest.mark.parametrize(
    "path", ["close/2026-01/", "close/2026-01/draft.pdf", "close/2026-01/sign/", "questions/", "changes/"]
)
def test_the_client_reaches_no_work_paper(books, path):
    assert browser(books, "erin").get(f"/c/kestrel/{path}").status_code == 403


def test_the_package_comes_as_a_file(books):
    row = sealed(books)
    response = browser(books, "erin").get(f"/c/kestrel/packages/{row.code}.pdf")
    assert (response.content, response.headers["Content-Type"]) == (PDF, "application/pdf")
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_a_code_of_another_client_is_absent(books):
    row = sealed(books)
    assert browser(books, "alice").get(f"/c/quillfeather/packages/{row.code}.pdf").status_code == 404


def test_staff_can_see_what_the_client_sees(books):
    sealed(books)
    assert browser(books, "bob").get("/c/kestrel/").status_code == 302
    assert "closed and signed off" in text(browser(books, "bob").get("/c/kestrel/?see=client"))


def ask(books, **fields):
    with inside(books):
        return questions.ask(
            books.client,
            Month(2026, 1),
            by=books.world.bob,
            **{"text": "What was 1,860.00 to Alder Joinery?", "amount": -186_000, **fields},
        )


def test_the_client_is_asked_and_answers_in_place(books, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        row = ask(books, default="it goes to repairs", default_on=date(2026, 2, 20))
    assert [message.to for message in mail.outbox] == [["erin@people.example"]]
    erin = browser(books, "erin")
    assert "it goes to repairs" in text(erin.get("/c/kestrel/"))
    said = text(
        erin.post(
            f"/c/kestrel/questions/{row.pk}/answer/", {"answer": "A new counter."}, headers={"HX-Request": "true"}
        )
    )
    assert "You wrote: A new counter." in said
    with inside(books):
        assert Question.objects.get(pk=row.pk).state == "answered"


def test_an_empty_answer_is_refused_in_place(books):
    row = ask(books)
    assert browser(books, "erin").post(f"/c/kestrel/questions/{row.pk}/answer/", {"answer": " "}).status_code == 422


def test_the_same_thing_is_asked_once(books):
    assert ask(books, about="line:1").pk == ask(books, about="line:1", text="Again?").pk


def test_questions_are_ranked_by_money(books):
    ask(books, text="Small", amount=500)
    ask(books, text="None", amount=None)
    ask(books, text="Large", amount=-900_000)
    with inside(books):
        assert [row.text for row in questions.waiting(books.client)] == ["Large", "Small", "None"]


def test_an_unanswered_question_takes_its_default_after_the_day(books):
    row = ask(books, default="it goes to repairs", default_on=date(2026, 2, 20))
    with inside(books):
        assert questions.apply_defaults(books.client, now=datetime(2026, 2, 21, 1, tzinfo=UTC)) == 0
        assert questions.apply_defaults(books.client, now=datetime(2026, 2, 21, 20, tzinfo=UTC)) == 1
        assert "it goes to repairs" in Question.objects.get(pk=row.pk).answer


def test_staff_ask_settle_and_remind(books):
    bob = browser(books, "bob")
    bob.post("/c/kestrel/questions/ask/", {"text": "Which car?", "amount": "1,250.00", "month": "2026-01"})
    with inside(books):
        row = Question.objects.get(client=books.client)
        assert row.amount_minor == 125_000
    assert "Which car?" in text(bob.get("/questions/"))
    bob.post("/c/kestrel/questions/remind/")
    bob.post(f"/c/kestrel/questions/{row.pk}/settle/", {"note": "Found it."})
    with inside(books):
        assert Question.objects.get(pk=row.pk).state == "settled"


# ---- changes to signed months ----------------------------------------------------------------------------------------------


@pytest.fixture
def change(books):
    sealed(books)
    from integrations.models import Connection

    with inside(books):
        connection_ = Connection.objects.create(
            client=books.client, provider="books", account_id="1", name="Books", state="live"
        )
        document = MirrorDocument.objects.create(
            client=books.client, connection=connection_, external_id="Bill:1", type="Bill", number="B-77", party="Alder", booked_on=date(2026, 1, 9),
            lines=[], lines_sha256=b"x" * 32, seen_at=datetime.now(UTC),
        )  # fmt: skip
        return ChangedAfterClose.objects.create(
            client=books.client, document=document, month=date(2026, 1, 1), kind="changed", amount_minor=41_200,
            deltas=[[books.accounts["rent"].pk, 41_200], [books.accounts["bank"].pk, -41_200]],
        )  # fmt: skip


def test_a_change_is_priced(books, change):
    with inside(books):
        [price] = sentinel.open_changes(books.client)
    assert price.net_income == -41_200
    assert {"K05", "K42"} <= set(price.checks)
    assert [str(month) for month in price.months] == ["2026-01"]
    said = text(browser(books, "bob").get("/c/kestrel/changes/"))
    assert "(412.00)" in said
    assert "B-77" in said


def test_a_controller_takes_a_change_into_the_open_month(books, change):
    browser(books, "alice").post(f"/c/kestrel/changes/{change.pk}/accept/", {"reason": "The vendor corrected it."})
    with inside(books):
        row = ChangedAfterClose.objects.get(pk=change.pk)
        assert (row.state, row.decided_by) == ("taken", books.world.alice)
        assert JournalEntry.objects.get(pk=row.entry_id).booked_on == date(2026, 2, 1)
        assert Account.objects.filter(client=books.client).exists()


@pytest.mark.parametrize(("who", "reason"), [("bob", "Because."), ("alice", " ")])
def test_a_change_needs_a_controller_and_a_reason(books, change, who, reason):
    browser(books, who).post(f"/c/kestrel/changes/{change.pk}/accept/", {"reason": reason})
    with inside(books):
        assert ChangedAfterClose.objects.get(pk=change.pk).state == "open"


def test_a_change_shows_on_the_board(books, change):
    with inside(books):
        sentinel.watch(books.client)
        assert BoardRow.objects.get(client=books.client, month=date(2026, 1, 1)).status == "changed"
