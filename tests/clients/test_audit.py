"""The trail cannot be changed unseen, and shows each firm its own."""

from __future__ import annotations

import csv
import io
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from clients import audit
from clients.models import AuditEvent
from clients.tenancy import client_context, practice_context
from clients.views.audit import safe_cell
from tests import builders

pytestmark = pytest.mark.django_db


def write(world, count=5):
    with client_context(world.kestrel.pk):
        for number in range(count):
            audit.record(
                world.kestrel, world.bob, "entry.posted", f"JE-{number}", {"amount": number, "note": "é", "at": None}
            )


def test_an_untouched_chain_holds(world):
    write(world)
    with client_context(world.kestrel.pk):
        assert audit.verify(world.kestrel) is None


def test_an_empty_chain_holds(world):
    with client_context(world.kestrel.pk):
        assert audit.verify(world.kestrel) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("tampering", "found_at"),
    [
        ("UPDATE clients_auditevent SET subject = 'JE-9' WHERE number = 3", 3),
        ("UPDATE clients_auditevent SET detail = '{}' WHERE number = 2", 2),
        ("UPDATE clients_auditevent SET at = at + interval '1 microsecond' WHERE number = 4", 4),
        ("UPDATE clients_auditevent SET actor_id = NULL WHERE number = 1", 1),
        ("DELETE FROM clients_auditevent WHERE number = 3", 3),
        ("DELETE FROM clients_auditevent WHERE number = 5", 5),
        ("DELETE FROM clients_auditevent", 1),
        ("UPDATE clients_auditevent SET number = number + 10 WHERE number = 5", 5),
    ],
)
def test_tampering_below_the_portal_is_found_where_it_was_done(world, owner_sql, tampering, found_at):
    write(world)
    owner_sql.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {tampering}; COMMIT")
    with client_context(world.kestrel.pk):
        assert audit.verify(world.kestrel) == found_at


@pytest.mark.django_db(transaction=True)
def test_the_command_fails_and_names_the_broken_chain(world, owner_sql, capsys):
    write(world)
    call_command("verify_audit")
    owner_sql.execute(
        "BEGIN; SET LOCAL session_replication_role = replica; UPDATE clients_auditevent SET action = 'x' WHERE number = 2; COMMIT"
    )
    with pytest.raises(CommandError):
        call_command("verify_audit")
    assert "Kestrel and Pine Outfitters: broken at 2" in capsys.readouterr().err


@pytest.mark.parametrize("act", ["update", "delete"])
def test_the_app_can_neither_change_nor_remove_a_line(world, act):
    write(world, 1)
    lines = AuditEvent.objects.all()
    change = partial(lines.update, subject="x") if act == "update" else lines.delete
    with client_context(world.kestrel.pk), pytest.raises(DatabaseError):
        transaction.atomic(change)()


@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_changes_a_line_in_passing(world, owner_sql):
    import psycopg

    write(world, 1)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        owner_sql.execute("UPDATE clients_auditevent SET subject = 'x'")


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_make_one_chain(world):
    import threading

    from django.db import connections

    def work():
        for _ in range(10):
            write(world, 1)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with client_context(world.kestrel.pk):
        assert (AuditEvent.objects.count(), audit.verify(world.kestrel)) == (40, None)


def test_the_page_filters_by_client_act_and_person(world, client):
    write(world, 2)
    with practice_context(world.practice.pk):
        audit.record_practice(world.practice, world.dan, "person.invited", "fay@people.example")
    browser = builders.sign_in(client, world.dan)
    assert b"JE-1" in browser.get("/audit/?client=kestrel").content
    assert b"JE-1" not in browser.get("/audit/?action=person.invited").content
    assert b"JE-1" not in browser.get("/audit/?who=dan@people").content
    assert b"No line matches" in browser.get("/audit/?since=2999-01-01").content


@pytest.mark.parametrize(
    "query",
    ["before=99999999999999999999", "since=x&until=9999-12-31", "who=%00", "client__id=1", "order_by=x", "before=-1"],
)
def test_odd_parameters_break_nothing(world, client, query):
    assert builders.sign_in(client, world.dan).get(f"/audit/?{query}").status_code == 200


def test_the_page_goes_on_where_it_ended(world, client):
    write(world, 55)
    browser = builders.sign_in(client, world.dan)
    first = browser.get("/audit/?client=kestrel")
    second = browser.get(f"/audit/?client=kestrel&before={first.context['older']}")
    shown = [event.number for page in (first, second) for event in page.context["events"]]
    assert shown == list(range(55, 0, -1))


def test_another_firms_trail_is_not_shown(world, client):
    with client_context(world.wren.pk):
        audit.record(world.wren, world.charlie, "entry.posted", "wren-secret")
    write(world, 1)
    assert b"wren-secret" not in builders.sign_in(client, world.dan).get("/audit/").content


def test_the_export_holds_every_line_and_is_noted(world, client):
    write(world, 3)
    body = builders.sign_in(client, world.dan).get("/audit/export.csv?client=kestrel").content.decode()
    assert [row["subject"] for row in csv.DictReader(io.StringIO(body))] == ["JE-2", "JE-1", "JE-0"]
    with practice_context(world.practice.pk):
        assert AuditEvent.objects.get(action="audit.exported").detail == {"rows": 3}


def test_a_controller_reads_but_does_not_export(world, client):
    browser = builders.sign_in(client, world.alice)
    assert browser.get("/audit/").status_code == 200
    assert browser.get("/audit/export.csv").status_code == 403


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x", "  =1"])
def test_no_cell_of_an_export_is_a_formula(text):
    assert safe_cell(text) == f"'{text}"


def test_an_ordinary_cell_is_left_alone():
    assert safe_cell("Rent, March") == "Rent, March"
