"""A request commits whole or not at all, and its failure page tells a reference."""

from __future__ import annotations

import logging

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from clients import onboarding
from clients.access import DoorNotUsedError, Right, classified
from clients.models import Client
from clients.tenancy import client_context
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(world, client):
    client.raise_request_exception = False
    return builders.sign_in(client, world.alice)


@pytest.mark.parametrize(("error", "status"), [(ZeroDivisionError, 500), (PermissionDenied, 403)])
def test_an_exception_leaves_nothing_behind(world, alice, monkeypatch, error, status):
    def then_fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("clients.audit.record", then_fail)
    assert alice.post("/clients/", {"name": "Half Made"}).status_code == status
    assert not Client.objects.filter(name="Half Made").exists()


def test_the_failure_page_has_the_reference_of_the_log(world, alice, monkeypatch, caplog):
    monkeypatch.setattr(onboarding, "add_client", lambda *_a, **_k: 1 // 0)
    with caplog.at_level(logging.ERROR, logger="tieout.pages"):
        body = alice.post("/clients/", {"name": "x"}).content.decode()
    reference = next(record.request_id for record in caplog.records if record.name == "tieout.pages")
    assert f"ref {reference}" in body
    assert "ZeroDivisionError" not in body


@pytest.mark.django_db(transaction=True)
def test_a_refusal_of_the_database_becomes_a_page_and_leaves_nothing(world, client, monkeypatch):
    def break_a_rule(practice, name, *, by):
        Client.objects.create(practice=practice, name=name, slug="half-made")
        return Client.objects.create(practice=practice, name=name, slug="kestrel")

    monkeypatch.setattr(onboarding, "add_client", break_a_rule)
    client.raise_request_exception = False
    response = builders.sign_in(client, world.alice).post("/clients/", {"name": "Half Made"})
    assert response.status_code == 500
    assert b"Nothing was posted or changed" in response.content
    assert not Client.objects.filter(name="Half Made").exists()


def test_a_failed_answer_without_an_exception_is_undone_too(world, alice, monkeypatch):
    def save_then_refuse(*_args, **_kwargs):
        return HttpResponse(status=503)

    monkeypatch.setattr("clients.views.onboarding.redirect", save_then_refuse)
    assert alice.post("/clients/", {"name": "Half Made"}).status_code == 503
    assert not Client.objects.filter(name="Half Made").exists()


def test_trace_is_refused(client, db):
    assert client.generic("TRACE", "/health/").status_code == 405


def test_health_answers(client, db):
    assert client.get("/health/").content == b"ok"


def test_a_view_that_forgets_the_door_fails_loudly(world, rf):
    @classified(Right.VIEW_SIGNED)
    def careless(_request, slug):
        return HttpResponse("books")

    request = rf.get("/")
    request.user = world.alice
    with pytest.raises(DoorNotUsedError):
        careless(request, slug="kestrel")


def test_a_client_without_assignments_sees_an_empty_list_not_an_error(world, client):
    gus = builders.user("Gus Gale")
    builders.member(world.practice, gus, "staff")
    assert b"assigned to you yet" in builders.sign_in(client, gus).get("/clients/").content


def test_alternating_clients_on_one_connection_never_mix(world, client):
    browser = builders.sign_in(client, world.bob)
    for slug in ("kestrel", "quillfeather"):
        with client_context(getattr(world, slug).pk):
            onboarding.choose(
                getattr(world, slug), "stripe" if slug == "kestrel" else "gusto", chosen=True, by=world.bob
            )
    mixed = 0
    for number in range(30):
        slug, own, other = ("kestrel", "stripe", "gusto") if number % 2 else ("quillfeather", "gusto", "stripe")
        items = [system.slug for system, _item in browser.get(f"/c/{slug}/onboarding/stack/").context["items"]]
        mixed += items != [own] or other in items
    assert mixed == 0
