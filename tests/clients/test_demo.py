"""The demonstration's links: only in the demonstration, only from this machine, once."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from clients.models import AuditEvent
from clients.signin import make_demo_link
from clients.tenancy import practice_context

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings):
    settings.DEMO = True
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "portal.example"]


def link(world) -> str:
    return "/demo/" + make_demo_link(world.alice).rstrip("/").rpartition("/")[2] + "/"


def get(address, **more):
    browser = Browser(SERVER_NAME="127.0.0.1")
    return browser, browser.get(address, **more)


def test_a_link_signs_in_with_everything_open(world, demo):
    browser, response = get(link(world))
    assert response.headers["Location"] == "/"
    assert browser.get("/people/").status_code == 200


def test_it_works_once(world, demo):
    address = link(world)
    get(address)
    assert get(address)[1].status_code == 404


def test_it_is_in_the_trail(world, demo):
    get(link(world))
    with practice_context(world.practice.pk):
        assert AuditEvent.objects.get().action == "demo.second_factor"


@pytest.mark.parametrize(
    "more",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"headers": {"Host": "portal.example"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
    ],
)
def test_from_elsewhere_there_is_nothing(world, demo, more):
    address = link(world)
    assert get(address, **more)[1].status_code == 404
    assert get(address)[1].status_code == 302


def test_outside_the_demonstration_there_is_nothing(world, demo, settings):
    address = link(world)
    settings.DEMO = False
    assert get(address)[1].status_code == 404
    assert get("/demo/confirm/")[1].status_code == 302


def test_outside_the_demonstration_no_link_is_made(world, settings):
    settings.DEMO = False
    with pytest.raises(PermissionDenied):
        make_demo_link(world.alice)
    with pytest.raises(CommandError):
        call_command("demo_link", world.alice.email)


def test_the_button_makes_a_stale_proof_fresh(world, demo):
    import time

    browser, _ = get("/demo/" + make_demo_link(world.dan).rstrip("/").rpartition("/")[2] + "/")
    session = browser.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - 400
    session.save()
    refused = browser.get("/audit/export.csv")
    assert refused.headers["Location"] == "/demo/confirm/?next=%2Faudit%2Fexport.csv"
    browser.post("/demo/confirm/", {"next": "/audit/export.csv"})
    assert browser.get("/audit/export.csv").status_code == 200


def test_the_button_leads_nowhere_else(world, demo):
    browser, _ = get(link(world))
    assert browser.post("/demo/confirm/", {"next": "https://elsewhere.example/"}).status_code == 404
