"""Every page of the portal's own renders for someone who may see it."""

import pytest

from clients import audit
from clients.tenancy import practice_context
from tests import builders

pytestmark = pytest.mark.django_db

PAGES = [
    "/people/",
    "/audit/",
    "/audit/verify/",
    "/clients/",
    "/preferences/",
    "/c/kestrel/onboarding/facts/",
    "/c/kestrel/onboarding/stack/",
    "/c/kestrel/onboarding/connect/",
    "/c/kestrel/onboarding/live/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/sessions/",
    "/accounts/password/change/",
    "/accounts/email/",
    "/accounts/reauthenticate/",
    "/accounts/2fa/reauthenticate/",
    "/accounts/2fa/webauthn/add/",
]
OUTSIDE = [
    "/accounts/login/",
    "/accounts/login/code/",
    "/accounts/password/reset/",
    "/accounts/signup/",
    "/accounts/inactive/",
]


@pytest.mark.parametrize("address", PAGES)
def test_a_page_opens_for_an_administrator(world, client, address):
    with practice_context(world.practice.pk):
        audit.record_practice(world.practice, world.dan, "person.invited", "someone@people.example", {"role": "staff"})
    response = builders.sign_in(client, world.dan).get(address)
    assert response.status_code == 200, response.headers
    body = response.content.decode()
    assert "<h1" in body or address.endswith("verify/")
    assert 'style="' not in body
    assert " onclick=" not in body


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_page_outside_opens_for_anyone(db, client, address):
    response = client.get(address)
    assert response.status_code == 200
    assert b'class="center"' in response.content
