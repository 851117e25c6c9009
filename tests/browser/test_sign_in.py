"""Coming in through the real pages: what one knows, what one has, and what happens to other sessions."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core import mail
from playwright.sync_api import expect

from tests import builders
from tests.browser import portal as portals

HOME = "/preferences/"


def _password(page, person):
    page.goto(f"/accounts/login/?next={HOME}")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(builders.PASSWORD)
    page.get_by_role("button", name="Continue").click()


def _code(page, said, button="Sign in"):
    page.get_by_role("textbox", name="Code").fill(said)
    page.get_by_role("button", name=button).click()


def _is_in(page) -> bool:
    return page.request.get(HOME, max_redirects=0).status == 200


@pytest.fixture
def jules(march):
    """Has a password and an authenticator app."""
    return portals.give_factor(march.cast.bookkeeper)


@pytest.fixture(autouse=True)
def _nobody_is_left_behind(portal):
    yield
    from allauth.mfa.models import Authenticator
    from allauth.usersessions.models import UserSession

    Authenticator.objects.all().delete()
    UserSession.objects.all().delete()


def test_a_first_sign_in_sets_up_an_authenticator_app_before_anything_opens(visitors, march):
    person = portals.give_password(march.cast.bookkeeper)
    page = visitors.stranger()
    _password(page, person)
    expect(page.get_by_role("heading", name="Protect this account")).to_be_visible()
    assert not _is_in(page)
    page.get_by_role("link", name="Authenticator app").click()
    expect(page.get_by_role("img", name="QR code of the secret below")).to_be_visible()
    secret = page.get_by_label("Or type this secret into the app").input_value()
    page.get_by_label("Authenticator code").fill(portals.code(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    expect(page.get_by_text("The authenticator app is turned on.")).to_be_visible()
    assert _is_in(page)


def test_a_password_and_a_code_open_the_page_one_came_for(visitors, jules):
    page = visitors.stranger()
    _password(page, jules)
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    assert not _is_in(page)
    _code(page, portals.code())
    page.wait_for_url(f"**{HOME}")


def test_a_wrong_code_says_so_and_opens_nothing(visitors, jules):
    page = visitors.stranger()
    _password(page, jules)
    _code(page, f"{(int(portals.code()) + 1) % 1_000_000:06d}")
    expect(page.get_by_text("Incorrect code")).to_be_visible()
    assert not _is_in(page)


def test_a_recovery_code_stands_in_for_the_app_once(visitors, jules):
    said = RecoveryCodes.activate(jules).get_unused_codes()[0]
    page = visitors.stranger()
    _password(page, jules)
    _code(page, said)
    page.wait_for_url(f"**{HOME}")
    again = visitors.stranger()
    _password(again, jules)
    _code(again, said)
    expect(again.get_by_text("Incorrect code")).to_be_visible()


def test_a_code_by_mail_stands_in_for_the_password(visitors, jules):
    page = visitors.stranger()
    page.goto(f"/accounts/login/?next={HOME}")
    page.get_by_role("link", name="Send me a code by e-mail").click()
    page.get_by_label("Email").fill(jules.email)
    page.get_by_role("button", name=re.compile("code", re.IGNORECASE)).click()
    expect(page.get_by_role("textbox", name="Code")).to_be_visible()
    sent = re.search(r"^\s*([A-Z0-9-]{6,})\s*$", mail.outbox[-1].body, re.MULTILINE).group(1)
    page.get_by_role("textbox", name="Code").fill(sent)
    page.get_by_role("textbox", name="Code").press("Enter")
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    _code(page, portals.code())
    page.wait_for_url(lambda url: "/accounts/" not in url)
    assert _is_in(page)


def _with_a_passkey_holder(page):
    """The browser has a place for passkeys that says yes to everything, as a fingerprint would."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    holder = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    able = {"isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": holder | able})


def test_a_passkey_protects_an_account_and_signs_in_alone_or_after_the_password(visitors, march, portal):
    person = portals.give_password(march.cast.bookkeeper)
    # A passkey belongs to a name; no browser takes one for a bare address.
    page = visitors.stranger(base_url=portal.base.replace("127.0.0.1", "localhost"))
    _with_a_passkey_holder(page)
    _password(page, person)
    page.get_by_role("link", name="Passkey or security key").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    expect(page.get_by_text("The passkey is added.")).to_be_visible()
    page.goto("/accounts/2fa/webauthn/")
    expect(page.get_by_role("listitem").filter(has_text="Laptop")).to_contain_text("Passkey, added")
    page.goto(HOME)
    page.get_by_role("main").get_by_role("button", name="Sign out").first.click()
    page.goto(f"/accounts/login/?next={HOME}")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"**{HOME}")
    page.get_by_role("main").get_by_role("button", name="Sign out").first.click()
    _password(page, person)
    page.get_by_role("button", name="Use a passkey or security key").click()
    page.wait_for_url(f"**{HOME}")
    assert _is_in(page)


def test_a_session_that_is_ended_from_elsewhere_opens_nothing_more(visitors, march):
    # Someone of whom no other test here leaves a session behind: an answer still under way as a test ends would make one.
    helen = march.cast.second_controller
    here, there = visitors.person(helen), visitors.person(helen)
    there.goto(HOME)
    here.goto("/accounts/sessions/")
    other = here.get_by_role("row").filter(has=here.get_by_role("button", name="End", exact=True))
    expect(other).to_have_count(1)
    other.get_by_role("button", name="End", exact=True).click()
    expect(here.get_by_text("That session is over.")).to_be_visible()
    there.goto(HOME)
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()
    assert _is_in(here)
