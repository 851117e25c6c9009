"""People are given rights and lose them; the practice is never locked out."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from clients.models import Assignment, AuditEvent, Membership
from clients.tenancy import client_context
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def dan(world, client):
    return builders.sign_in(client, world.dan)


def seat(person) -> Membership:
    return Membership.objects.get(user=person)


def test_assigning_opens_the_client_at_the_next_request(world, dan):
    bob = builders.sign_in(Browser(), world.bob)
    assert bob.get("/c/brambling/onboarding/facts/").status_code == 404
    dan.post(f"/people/{seat(world.bob).pk}/clients/", {"client": ["kestrel", "brambling"]})
    assert bob.get("/c/brambling/onboarding/facts/").status_code == 200
    assert bob.get("/c/quillfeather/onboarding/facts/").status_code == 404


def test_assigning_is_in_the_clients_trail(world, dan):
    dan.post(f"/people/{seat(world.bob).pk}/clients/", {"client": ["kestrel", "quillfeather", "brambling"]})
    with client_context(world.brambling.pk):
        assert AuditEvent.objects.get().action == "person.assigned"


def test_another_firms_client_cannot_be_assigned(world, dan):
    dan.post(f"/people/{seat(world.bob).pk}/clients/", {"client": ["kestrel", "wren"]})
    with client_context(world.wren.pk):
        assert Assignment.objects.filter(membership=seat(world.bob)).count() == 0


def test_another_firms_person_is_not_found(world, dan):
    assert dan.post(f"/people/{seat(world.charlie).pk}/active/", {"active": "no"}).status_code == 404
    assert seat(world.charlie).is_active


def test_a_role_is_changed(world, dan):
    dan.post(f"/people/{seat(world.bob).pk}/role/", {"role": "controller"})
    assert seat(world.bob).role == "controller"


def test_a_clients_user_does_not_become_staff(world, dan):
    dan.post(f"/people/{seat(world.erin).pk}/role/", {"role": "admin"})
    assert seat(world.erin).role == "client"


@pytest.mark.parametrize("act", ["role", "active"])
def test_the_last_administrator_stays(world, dan, act):
    dan.post(f"/people/{seat(world.dan).pk}/{act}/", {"role": "staff", "active": "no"})
    assert (seat(world.dan).role, seat(world.dan).is_active) == ("admin", True)


def test_the_payroll_right_is_given(world, dan):
    dan.post(f"/people/{seat(world.bob).pk}/role/", {"role": "staff"})
    assert not seat(world.bob).sees_payroll
    dan.post(f"/people/{seat(world.bob).pk}/role/", {"role": "staff", "sees_payroll": "on"})
    assert seat(world.bob).sees_payroll


def test_a_controller_sees_people_without_the_means_to_change_them(world):
    alice = builders.sign_in(Browser(), world.alice)
    assert b"Close the account" not in alice.get("/people/").content
    assert alice.post(f"/people/{seat(world.bob).pk}/active/", {"active": "no"}).status_code == 403


def test_an_unknown_role_is_refused(world, dan):
    assert dan.post(f"/people/{seat(world.bob).pk}/role/", {"role": "owner"}).status_code == 404
    assert seat(world.bob).role == "staff"


def test_someone_of_two_practices_works_in_one_at_a_time(world):
    builders.member(world.practice, world.charlie, "controller")
    charlie = builders.sign_in(Browser(), world.charlie)
    assert charlie.get("/c/kestrel/onboarding/facts/").status_code == 404
    charlie.post("/preferences/practice/", {"practice": "larkfield"})
    assert charlie.get("/c/kestrel/onboarding/facts/").status_code == 200
    assert charlie.get("/c/wren/onboarding/facts/").status_code == 404


def test_a_practice_one_does_not_belong_to_cannot_be_entered(world, dan):
    assert dan.post("/preferences/practice/", {"practice": "harrow-and-finch"}).status_code == 404
