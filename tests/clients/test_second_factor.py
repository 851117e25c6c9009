"""No session without a second factor, no code twice, no act on a stale proof, no session past its end."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.core import mail
from django.test import Client as Browser

from clients import people, sessions, signin
from clients.models import Membership
from clients.tenancy import practice_context
from tests import builders

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code() -> str:
    """The code of this moment; waits out the last second of a step so that it is still right when judged."""
    if time.time() % 30 > 28:
        time.sleep(2.1)
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))


@pytest.fixture
def alice(world):
    TOTP.activate(world.alice, SECRET)
    return world.alice


def password(browser, person, **more):
    return browser.post("/accounts/login/", {"login": person.email, "password": builders.PASSWORD, **more})


def is_in(browser) -> bool:
    return browser.get("/preferences/").status_code == 200


def test_the_password_alone_opens_nothing(alice, client):
    response = password(client, alice)
    assert response.headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_in(client)


def test_password_and_code_open_the_portal(alice, client):
    password(client, alice)
    assert client.post("/accounts/2fa/authenticate/", {"code": code()}).status_code == 302
    assert is_in(client)


def test_a_wrong_code_opens_nothing(alice, client):
    password(client, alice)
    right = code()
    client.post("/accounts/2fa/authenticate/", {"code": f"{(int(right) + 1) % 1_000_000:06d}"})
    assert not is_in(client)


def test_the_code_before_is_refused(alice, client):
    password(client, alice)
    client.post(
        "/accounts/2fa/authenticate/", {"code": format_hotp_value(hotp_value(SECRET, int(time.time()) // 30 - 1))}
    )
    assert not is_in(client)


def test_a_code_works_once(alice):
    said = code()
    opened = []
    for browser in (Browser(), Browser()):
        password(browser, alice)
        browser.post("/accounts/2fa/authenticate/", {"code": said})
        opened.append(is_in(browser))
    assert opened == [True, False]


@pytest.mark.django_db(transaction=True)
def test_a_code_shown_at_the_same_instant_works_once(alice):
    said, gate, opened = code(), threading.Barrier(4), []

    def enter():
        from django.db import connections

        browser = Browser()
        password(browser, alice)
        gate.wait()
        browser.post("/accounts/2fa/authenticate/", {"code": said})
        opened.append(is_in(browser))
        connections.close_all()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == [False, False, False, True]


def test_a_recovery_code_works_once(alice):
    said = RecoveryCodes.activate(alice).get_unused_codes()[0]
    opened = []
    for browser in (Browser(), Browser()):
        password(browser, alice)
        browser.post("/accounts/2fa/authenticate/", {"code": said})
        opened.append(is_in(browser))
    assert opened == [True, False]


def test_a_code_by_mail_replaces_the_password_but_not_the_factor(alice, client):
    client.post("/accounts/login/code/", {"email": alice.email})
    sent = re.search(r"^\s*([A-Z0-9-]{6,})\s*$", mail.outbox[-1].body, re.MULTILINE).group(1)
    response = client.post("/accounts/login/code/confirm/", {"code": sent})
    assert response.headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_in(client)


def test_a_password_reset_opens_nothing(alice, client):
    client.post("/accounts/password/reset/", {"email": alice.email})
    link = re.search(r"https?://[^/]+(\S+)", mail.outbox[-1].body).group(1)
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "another long passphrase", "password2": "another long passphrase"})
    assert not is_in(client)


def test_known_and_unknown_addresses_get_the_same_answer(alice, client):
    answers = [
        client.post("/accounts/login/code/", {"email": email}) for email in (alice.email, "nobody@people.example")
    ]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].headers["Location"] == answers[1].headers["Location"]


def test_guessing_a_password_is_stopped(alice, client):
    for _ in range(6):
        client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    assert password(client, alice).status_code != 302


def test_forged_proxy_headers_do_not_reset_the_limit(alice, client):
    for number in range(6):
        client.post(
            "/accounts/login/",
            {"login": alice.email, "password": "wrong"},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )
    response = client.post(
        "/accounts/login/",
        {"login": alice.email, "password": builders.PASSWORD},
        headers={"X-Forwarded-For": "203.0.113.99"},
    )
    assert response.status_code != 302


def test_nobody_signs_up(db, client):
    answer = {"email": "new@people.example", "password1": builders.PASSWORD, "password2": builders.PASSWORD}
    client.post("/accounts/signup/", answer)
    from clients.models import User

    assert not User.objects.filter(email="new@people.example").exists()


def test_setting_up_a_factor_proves_it(world, client):
    builders.sign_in(client, world.alice, second_factor=False)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r"value=\"([A-Z2-7]{32})\"", page).group(1)
    said = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    client.post("/accounts/2fa/totp/activate/", {"code": said})
    assert is_in(client)


def test_seeds_are_not_in_the_database_in_clear(alice):
    RecoveryCodes.activate(alice)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert SECRET not in stored
    assert "seed" in stored
    for one in Authenticator.objects.all():
        assert len(one.data.get("secret") or one.data.get("seed")) > 60


def test_seeds_move_to_the_newest_key_and_still_open(alice, settings):
    import base64

    from clients import cipher

    RecoveryCodes.activate(alice)
    old = cipher.keys()
    lines = [f"{name}:{base64.b64encode(key).decode()}" for name, key in old.items()]
    new = f"next:{base64.b64encode(bytes(32)).decode()}"
    settings.VAULT_KEYS = [new, *lines]
    assert (signin.reseal_factors(), signin.reseal_factors()) == (2, 0)
    settings.VAULT_KEYS = [new]
    assert Authenticator.objects.get(type="totp").wrap().validate_code(code())


def test_the_last_factor_cannot_be_removed(alice, client):
    builders.sign_in(client, alice)
    client.post("/accounts/2fa/totp/deactivate/")
    assert signin.has_factor(alice)


def test_a_session_with_a_factor_on_record_but_not_shown_is_asked_for_it(alice, client):
    builders.sign_in(client, alice, second_factor=False)
    response = client.get("/people/")
    assert response.headers["Location"] == "/accounts/2fa/reauthenticate/"


def test_someone_with_only_a_passkey_is_asked_for_the_passkey(world, client):
    Authenticator.objects.create(user=world.alice, type="webauthn", data={"name": "key", "credential": {}})
    builders.sign_in(client, world.alice, second_factor=False)
    assert client.get("/people/").headers["Location"] == "/accounts/2fa/webauthn/reauthenticate/"


def test_an_idle_session_is_over(alice, client):
    builders.sign_in(client, alice)
    assert is_in(client)
    session = client.session
    session[sessions.SEEN] = time.time() - settings.IDLE_MINUTES["staff"] * 60 - 1
    session.save()
    response = client.get("/people/")
    assert response.headers["Location"].startswith("/accounts/login/")
    assert not is_in(client)


def test_a_page_that_asks_by_itself_does_not_keep_a_session_alive(alice, client):
    builders.sign_in(client, alice)
    client.get("/people/")
    session = client.session
    before = session[sessions.SEEN] = time.time() - 600
    session.save()
    client.get("/people/", headers={"X-Background": "1"})
    assert client.session[sessions.SEEN] == before


def test_no_session_outlives_twelve_hours(alice, client):
    builders.sign_in(client, alice)
    session = client.session
    session[sessions.BEGAN] = time.time() - 12 * 3600 - 1
    session.save()
    assert not is_in(client)


def test_clients_may_rest_longer_than_staff(world):
    assert sessions.limit_minutes(world.bob) < sessions.limit_minutes(world.erin)


def test_a_change_of_role_ends_every_session(world):
    browsers = [builders.sign_in(Browser(), world.bob) for _ in range(3)]
    member = Membership.objects.get(user=world.bob)
    with practice_context(world.practice.pk):
        people.change_role(member, "controller", sees_payroll=True, by=world.dan)
    assert [is_in(browser) for browser in browsers] == [False, False, False]


def test_a_closed_account_is_out_at_once(world, client):
    builders.sign_in(client, world.bob)
    with practice_context(world.practice.pk):
        people.set_active(Membership.objects.get(user=world.bob), active=False, by=world.dan)
    assert client.get("/c/kestrel/onboarding/facts/").status_code == 302


def test_signing_out_kills_the_session_on_the_server(alice, client):
    builders.sign_in(client, alice)
    kept = client.cookies[settings.SESSION_COOKIE_NAME].value
    response = client.post("/accounts/logout/")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    thief = Browser()
    thief.cookies[settings.SESSION_COOKIE_NAME] = kept
    assert not is_in(thief)


def test_sign_out_everywhere_ends_the_other_browsers(alice):
    here, there = builders.sign_in(Browser(), alice), builders.sign_in(Browser(), alice)
    here.post("/preferences/sign-out-everywhere/")
    assert (is_in(here), is_in(there)) == (False, False)


def test_one_other_session_can_be_ended(alice):
    from allauth.usersessions.models import UserSession

    here, there = builders.sign_in(Browser(), alice), builders.sign_in(Browser(), alice)
    assert is_in(here)
    assert is_in(there)
    other = UserSession.objects.get(session_key=there.session.session_key)
    here.post(f"/preferences/sessions/{other.pk}/end/")
    assert (is_in(here), is_in(there)) == (True, False)


def test_nobody_ends_another_persons_session(world):
    from allauth.usersessions.models import UserSession

    alice, bob = builders.sign_in(Browser(), world.alice), builders.sign_in(Browser(), world.bob)
    assert is_in(alice)
    other = UserSession.objects.get(session_key=alice.session.session_key)
    assert bob.post(f"/preferences/sessions/{other.pk}/end/").status_code == 404
    assert is_in(alice)


def test_a_code_in_a_dialog_makes_the_proof_fresh(alice, client, rf):
    from allauth.core import context

    from clients.access import StepUpRequired, require_step_up

    builders.sign_in(client, alice, second_factor=False)
    request = rf.post("/")
    request.session, request.user = client.session, alice
    with context.request_context(request):
        with pytest.raises(StepUpRequired):
            require_step_up(request)
        assert not signin.prove_with_code(request, "000000")
        assert signin.prove_with_code(request, code())
        require_step_up(request)


def test_after_a_refused_act_one_returns_to_the_page_it_was_sent_from(world, client):
    builders.sign_in(client, world.dan)
    session = client.session
    session["account_authentication_methods"][-1]["at"] = time.time() - 400
    session.save()
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/people/"}
    response = client.post("/people/invite/", headers=headers)
    assert response.headers["HX-Redirect"] == "/accounts/2fa/reauthenticate/?next=http%3A%2F%2Ftestserver%2Fpeople%2F"


def test_the_way_back_never_leaves_the_portal(world, client):
    builders.sign_in(client, world.dan)
    session = client.session
    session["account_authentication_methods"][-1]["at"] = time.time() - 400
    session.save()
    response = client.post("/people/invite/", headers={"Referer": "https://elsewhere.example/"})
    assert response.headers["Location"] == "/accounts/2fa/reauthenticate/?next=%2F"


def test_pages_that_follow_one_another_write_nothing_about_the_session(world, client):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    builders.sign_in(client, world.dan)
    assert client.get("/people/").status_code == 200
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/people/").status_code == 200
    assert [query["sql"] for query in asked if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []


def test_the_list_of_sessions_says_when_each_was_used_last(world, client):
    from allauth.usersessions.models import UserSession

    builders.sign_in(client, world.dan)
    assert client.get("/people/").status_code == 200
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    UserSession.objects.filter(user=world.dan).update(last_seen_at=long_ago)
    session = client.session
    session[sessions.SEEN] = time.time() - sessions.GRAIN_SECONDS
    session.save()
    assert client.get("/people/").status_code == 200
    assert UserSession.objects.get(user=world.dan).last_seen_at > long_ago
