"""The exceptions inbox: causes in plain words, fixes in place, and a page whose cost does not grow with its rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import AuditEvent
from clients.tenancy import client_context
from integrations import links
from integrations.models import Fact, SyncJob
from ledger import exceptions_inbox
from ledger.exceptions_inbox import Problem
from ledger.models import JournalEntry, LedgerException, Period
from tests import builders
from tests.ledger import scene

pytestmark = pytest.mark.django_db
MANY = """
INSERT INTO ledger_ledgerexception
    (client_id, kind, identity, cause, title, source, amount_minor, detail, state, opened_at, resolution)
SELECT %s, kind, kind || n, cause, 'Row ' || n, 'Kestrel online', n, '{}', 'open', now() - n * interval '1 minute', ''
FROM generate_series(1, 5000) n, (VALUES ('unmapped', 'Sales · pier'), ('duplicate', 'possible duplicate')) v (kind, cause)
"""


@pytest.fixture
def books(standing, db):
    return standing[1]


@pytest.fixture
def bob(standing, db, client):
    return builders.sign_in(client, standing[0].bob)


def opened(books, kind, identity, **more):
    with client_context(books.client.pk):
        problem = Problem(kind=kind, identity=identity, cause=f"{kind} {identity}", title="It was refused.", **more)
        exceptions_inbox.open_problems(books.client.pk, [problem])
        return LedgerException.objects.get(identity=identity)


def row_of(books, pk):
    with client_context(books.client.pk):
        return LedgerException.objects.get(pk=pk)


def queries_of(browser, address):
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("6210", ["The period is closed in QuickBooks", "Post it on an open day"]),
        ("2500", ["gone or inactive", "Map elsewhere"]),
        ("99881", ["a code we do not know: 99881", "Send this code to support"]),
    ],
)
def test_a_refusal_says_what_it_means_and_what_to_do(books, bob, code, said):
    held = books.connections["quickbooks-online"]
    row = opened(books, "refused", "outbox:1", detail={"code": code}, connection_id=held.pk, outbox_id=1)
    listed = bob.get("/exceptions/?kind=refused").content.decode()
    assert [text for text in said if text not in listed] == []
    assert said[0] in bob.get(f"/c/kestrel/exceptions/{row.pk}/").content.decode()


def test_a_login_that_is_gone_is_explained_by_the_code_in_its_message(books, bob):
    held = books.connections["plaid"]
    opened(books, "login", "connection:1", connection_id=held.pk)
    with client_context(books.client.pk):
        LedgerException.objects.filter(identity="connection:1").update(title="ITEM_LOGIN_REQUIRED was answered")
    assert "The bank asks the client to sign in again" in bob.get("/exceptions/").content.decode()


def test_a_link_is_sent_from_the_row_to_whoever_holds_the_login(books, bob, standing, mailoutbox):
    held = books.connections["plaid"]
    row = opened(books, "login", "connection:1", connection_id=held.pk)
    listed = bob.get("/exceptions/?kind=login").content.decode()
    assert f'value="{standing[0].erin.email}"' in listed, "the client's own people are proposed"
    page = f"/c/kestrel/exceptions/{row.pk}/link/"
    assert bob.post(page, {"email": "nobody"}).status_code == 422
    assert mailoutbox == []
    said = bob.post(page, {"email": "owner@kestrel.example"}).content.decode()
    assert "A link is on its way to owner@kestrel.example" in said
    (mail,) = mailoutbox
    assert mail.to == ["owner@kestrel.example"]
    with client_context(books.client.pk):
        act = AuditEvent.objects.get(action="connection.link_sent")
        (link,) = links.sent(books.client)
    assert (act.detail, link.connection_id) == ({"to": "owner@kestrel.example"}, held.pk)


def test_a_link_asks_for_a_fresh_second_factor(books, bob, standing, mailoutbox):
    row = opened(books, "login", "connection:1", connection_id=books.connections["plaid"].pk)
    session = bob.session
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": 1.0}]
    session.save()
    answer = bob.post(
        f"/c/kestrel/exceptions/{row.pk}/link/", {"email": "owner@kestrel.example"}, headers={"HX-Request": "true"}
    )
    assert (answer.status_code, mailoutbox) == (204, [])
    assert "HX-Redirect" in answer


def test_what_is_inactive_is_made_active_from_the_row(books, bob, standing):
    held = books.connections["quickbooks-online"]
    asleep = {"code": "610", "inactive": ["Account:7"]}
    row = opened(books, "refused", "outbox:1", detail=asleep, connection_id=held.pk, outbox_id=1)
    listed = bob.get("/exceptions/?kind=refused").content.decode()
    assert [word for word in ("Make active", "Map elsewhere") if word not in listed] == []
    assert "Account:7" not in bob.get(f"/c/kestrel/exceptions/{row.pk}/").content.decode()
    said = bob.post(f"/c/kestrel/exceptions/{row.pk}/activate/").content.decode()
    assert "Being made active in the accounting system" in said
    with client_context(books.client.pk):
        job = SyncJob.objects.get(kind="activate")
    assert (job.arguments, job.connection_id) == ({"row": row.pk, "by": standing[0].bob.pk}, held.pk)
    other = opened(books, "refused", "outbox:2", detail={"code": "6210"}, connection_id=held.pk, outbox_id=2)
    assert bob.post(f"/c/kestrel/exceptions/{other.pk}/activate/").status_code == 422


def test_ten_thousand_rows_cost_the_page_no_query_more(books, bob):
    opened(books, "refused", "outbox:1", detail={"code": "6210"}, connection_id=books.connections["stripe"].pk)
    bob.get("/exceptions/")
    before = queries_of(bob, "/exceptions/")
    with client_context(books.client.pk), connection.cursor() as cursor:
        cursor.execute(MANY, [books.client.pk])
    assert queries_of(bob, "/exceptions/") == before
    page = bob.get("/exceptions/").context
    assert page["counts"]["open"] >= 10_000
    assert len(page["page"]) == 50


def test_one_answer_moves_all_alike_in_one_act(books, bob, standing):
    with client_context(books.client.pk), connection.cursor() as cursor:
        cursor.execute(MANY, [books.client.pk])
        row = LedgerException.objects.filter(cause="Sales · pier").first()
    me = standing[0].alice
    with CaptureQueriesContext(connection) as captured:
        bob.post(f"/c/kestrel/exceptions/{row.pk}/assign/", {"to": me.pk})
    assert len(captured) < 40
    with client_context(books.client.pk):
        assert LedgerException.objects.filter(cause="Sales · pier", assigned_to=me).count() == 5_000
        assert AuditEvent.objects.filter(action="exception.assigned").get().detail["rows"] == 5_000


def test_a_fact_of_a_closed_month_is_posted_on_the_day_a_person_chooses(books, bob):
    with client_context(books.client.pk):
        fact = scene.fact(
            books, "stripe", "balance_transactions",
            scene.Sale(external_id="late", booked_on=scene.date(2026, 2, 27), currency="USD", amount=900, channel="shop"),
        )  # fmt: skip
        Period.objects.update_or_create(client=books.client, month="2026-02-01", defaults={"state": "locked"})
        scene.booking.book(books.client)
        row = LedgerException.objects.get(kind="closed")
    page = f"/c/kestrel/exceptions/{row.pk}/"
    assert "Post on another day" in bob.get(page).content.decode()
    for day, said in (("2026-02-28", "February 2026 are closed here"), ("2026-02-01", "choose a later day")):
        answer = bob.post(page + "decide/", {"on": day})
        assert (answer.status_code, said in answer.content.decode()) == (422, True)
    bob.post(page + "decide/", {"on": "2026-03-05"})
    with client_context(books.client.pk):
        assert str(JournalEntry.objects.get(fact_id=fact.pk).booked_on) == "2026-03-05"
        assert Fact.objects.get(pk=fact.pk).state == "booked"
    assert row_of(books, row.pk).state == "resolved"


def test_the_picker_offers_what_the_client_did_before_first(bob):
    body = bob.get("/c/kestrel/account-options/?role=returns&key=online").content.decode()
    assert body.startswith(
        '<option value="4090 Refunds and discounts" label="suggested: the same item went there once"'
    )


def test_a_refusal_for_its_date_asks_for_another_day(books, bob):
    held = books.connections["quickbooks-online"]
    shut = {"code": "6210", "closed_through": "2026-04-30"}
    row = opened(books, "refused", "outbox:1", detail=shut, connection_id=held.pk, outbox_id=1)
    assert "Send on an open day" in bob.get("/exceptions/?kind=refused").content.decode()
    page = f"/c/kestrel/exceptions/{row.pk}/decide/"
    for typed, said in (("soon", "soon is no date"), ("", "Only a document that was refused for its date")):
        answer = bob.post(page, {"on": typed})
        assert (answer.status_code, said in answer.content.decode()) == (422, True)
    other = opened(books, "refused", "outbox:2", detail={"code": "2500"}, connection_id=held.pk, outbox_id=2)
    assert bob.post(f"/c/kestrel/exceptions/{other.pk}/decide/").status_code == 404
