"""The REST views stand behind the same door as the pages."""

from __future__ import annotations

import pytest
from django.test import Client as Browser
from django.urls import include, path
from rest_framework.response import Response

from clients.access import Classification, Right
from clients.api import PortalView
from tests import builders


class Facts(PortalView):
    rights = {"GET": Right.VIEW_DRAFTS, "POST": Right.SIGN}
    classification = Classification(Right.VIEW_DRAFTS, "client", ("GET", "POST"))

    def get(self, request, slug):
        return Response({"name": self.client.name})

    def post(self, request, slug):
        return Response({"signed": True})


class Names(PortalView):
    rights = {"GET": Right.VIEW_DRAFTS}
    classification = Classification(Right.VIEW_DRAFTS, "practice", ("GET",))

    def get(self, request):
        return Response([client.slug for client in self.clients])


urlpatterns = [
    path("", include("config.urls")),
    path("api/v1/clients/<slug:slug>/facts/", Facts.as_view()),
    path("api/v1/names/", Names.as_view()),
]
handler404 = "clients.views.errors.not_found"
handler403 = "clients.views.errors.forbidden"
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def ask(person, address, method="GET", **kwargs):
    browser = builders.sign_in(Browser(**kwargs), person) if person else Browser()
    return browser.generic(method, address)


def test_someone_with_the_right_reads(world):
    assert ask(world.bob, "/api/v1/clients/kestrel/facts/").json() == {"name": "Kestrel and Pine Outfitters"}


def test_anonymous_is_refused(world):
    assert ask(None, "/api/v1/clients/kestrel/facts/").status_code == 403


@pytest.mark.parametrize("slug", ["wren", "brambling", "no-such-client"])
def test_foreign_and_absent_are_one(world, slug):
    response = ask(world.bob, f"/api/v1/clients/{slug}/facts/")
    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


def test_a_role_without_the_right_is_refused(world):
    assert ask(world.erin, "/api/v1/clients/kestrel/facts/").status_code == 403


def test_the_right_is_that_of_the_method(world):
    assert ask(world.bob, "/api/v1/clients/kestrel/facts/", "POST").status_code == 403
    assert ask(world.alice, "/api/v1/clients/kestrel/facts/", "POST").status_code == 200


def test_a_practice_view_gets_the_visible_clients(world):
    assert ask(world.bob, "/api/v1/names/").json() == ["kestrel", "quillfeather"]


def test_a_write_needs_the_forms_token(world):
    assert ask(world.alice, "/api/v1/clients/kestrel/facts/", "POST", enforce_csrf_checks=True).status_code == 403


def test_without_a_second_factor_nothing_is_read(world):
    browser = builders.sign_in(Browser(), world.bob, second_factor=False)
    assert browser.get("/api/v1/names/").status_code == 302
