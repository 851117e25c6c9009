"""Every address × method × person, generated from the resolver: a view added tomorrow is tried tomorrow.

Strangers' and absent clients answer alike; a role without the right gets 403; without a second factor nothing opens;
an address that declares nothing fails the build.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from django.test import Client as Browser
from django.urls import URLPattern, get_resolver

from clients.access import STEP_UP, Classification, Right, allows
from clients.models import Membership, Role
from tests import builders

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

#: allauth's own views: what each asks for. ``entry`` opens to anyone, ``self`` to the signed-in person.
ALLAUTH = {
    "account_login": "entry",
    "account_logout": "entry",
    "account_inactive": "entry",
    "account_signup": "entry",
    "account_reauthenticate": "self",
    "account_email": "self",
    "account_email_verification_sent": "entry",
    "account_change_password": "self",
    "account_set_password": "self",
    "account_reset_password": "entry",
    "account_confirm_login_code": "entry",
    "account_confirm_email": "entry",
    "account_reset_password_from_key_done": "entry",
    "account_reset_password_from_key": "entry",
    "account_reset_password_done": "entry",
    "account_request_login_code": "entry",
    "mfa_index": "self",
    "mfa_authenticate": "entry",
    "mfa_reauthenticate": "self",
    "mfa_activate_totp": "self",
    "mfa_deactivate_totp": "self",
    "mfa_view_recovery_codes": "self",
    "mfa_generate_recovery_codes": "self",
    "mfa_download_recovery_codes": "self",
    "mfa_list_webauthn": "self",
    "mfa_add_webauthn": "self",
    "mfa_reauthenticate_webauthn": "self",
    "mfa_remove_webauthn": "self",
    "mfa_edit_webauthn": "self",
    "mfa_login_webauthn": "entry",
    "usersessions_list": "self",
}
#: What stands in for the parts of an address that are not the client.
PARTS = {
    "slug": "kestrel",
    "month": "2026-03",
    "pk": 1,
    "step": "facts",
    "name": "name",
    "system": "stripe",
    "token": "x" * 20,
    "key": "x",
    "uidb36": "x",
    "provider": "absent",
}


@dataclass(frozen=True)
class Address:
    name: str
    template: str
    names: tuple[str, ...]
    classification: Classification | None

    def path(self, slug: str = "kestrel") -> str:
        values = {name: str(PARTS.get(name, 1)) for name in self.names} | (
            {"slug": slug} if "slug" in self.names else {}
        )
        return "/" + self.template % values

    def takes(self, method: str) -> bool:
        return self.classification is not None and method in self.classification.methods


def addresses() -> list[Address]:
    found = []

    def walk(patterns, prefix, namespace):
        from django.urls.resolvers import RoutePattern
        from django.utils.regex_helper import normalize

        for entry in patterns:
            if isinstance(entry, URLPattern):
                name = f"{namespace}{entry.name or entry.callback.__name__}"
                classification = getattr(entry.callback, "classification", None)
                regex = (
                    prefix + entry.pattern.regex.pattern.removeprefix("^")
                    if not isinstance(entry.pattern, RoutePattern)
                    else None
                )
                route = prefix + str(entry.pattern) if regex is None else None
                template, names = _template(route) if route is not None else normalize(regex)[0]
                found.append(Address(name, template, tuple(names), classification))
            else:
                inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
                walk(entry.url_patterns, prefix + str(entry.pattern), inner)

    walk(get_resolver().url_patterns, "", "")
    return found


def _template(route: str) -> tuple[str, list[str]]:
    import re

    names: list[str] = []

    def part(match: re.Match[str]) -> str:
        names.append(match.group(1).rpartition(":")[2])
        return f"%({names[-1]})s"

    return re.sub(r"<([^>]+)>", part, route.replace("%", "%%")), names


ALL = addresses()
OURS = [address for address in ALL if address.classification is not None]
CLIENT_PAGES = [address for address in OURS if address.classification.scope == "client"]
GUARDED = [address for address in OURS if address.classification.scope in {"client", "practice"}]


@pytest.fixture
def people(world):
    """The actors, signed in; Uma is staff without any client."""
    uma = builders.user("Uma Upton")
    builders.member(world.practice, uma, Role.STAFF)
    everyone = {name: getattr(world, name) for name in ("alice", "bob", "carol", "dan", "erin", "charlie")} | {
        "uma": uma
    }
    return {name: (person, builders.sign_in(Browser(), person)) for name, person in everyone.items()}


def test_every_address_is_classified():
    unknown = [address.name for address in ALL if address.classification is None and address.name not in ALLAUTH]
    assert unknown == []


def test_every_client_page_names_its_client_and_right():
    assert [address.name for address in CLIENT_PAGES if "slug" not in address.names] == []
    assert [address.name for address in GUARDED if address.classification.right is None] == []


def test_anonymous_reaches_nothing_but_the_way_in(client, db):
    opened = []
    for address in [
        address for address in ALL if not (address.classification and address.classification.scope == "public")
    ]:
        if ALLAUTH.get(address.name) == "entry":
            continue
        for method in METHODS:
            response = client.generic(method, address.path())
            if response.status_code not in {302, 401, 403, 404, 405}:
                opened.append((address.name, method, response.status_code))
            if response.status_code == 302 and "/accounts/" not in response.headers["Location"]:
                opened.append((address.name, method, response.headers["Location"]))
    assert opened == []


def test_foreign_and_absent_clients_are_one_and_the_same(people):
    differing, nowhere = [], {}
    for who in ("alice", "bob", "dan", "erin"):
        browser = people[who][1]
        for address in CLIENT_PAGES:
            for method in address.classification.methods:
                foreign = browser.generic(method, address.path("wren"))
                # One and the same answer everywhere: the first of each person and kind stands for all, Bob asks at every address.
                kind = (who, foreign.headers["Content-Type"])
                if who == "bob" or kind not in nowhere:
                    nowhere[kind] = browser.generic(method, address.path("no-such-client"))
                absent = nowhere[kind]
                if (foreign.status_code, absent.status_code) != (404, 404) or foreign.content != absent.content:
                    differing.append((who, address.name, method, foreign.status_code, absent.status_code))
    assert differing == []


def test_another_firms_staff_and_unassigned_staff_find_nothing(people):
    found = []
    for who in ("charlie", "uma"):
        for address in CLIENT_PAGES:
            for method in address.classification.methods:
                status = people[who][1].generic(method, address.path("kestrel")).status_code
                if status != 404:
                    found.append((who, address.name, method, status))
    for address in CLIENT_PAGES:
        for method in address.classification.methods:
            status = people["bob"][1].generic(method, address.path("brambling")).status_code
            if status != 404:
                found.append(("bob", address.name, method, status))
    assert found == []


def test_a_role_without_the_right_is_refused(people):
    wrong, tried = [], 0
    for who, (person, browser) in people.items():
        membership = Membership.objects.get(user=person)
        for address in GUARDED:
            if allows(membership, address.classification.right):
                continue
            for method in address.classification.methods:
                status = browser.generic(method, address.path("wren" if who == "charlie" else "kestrel")).status_code
                tried += 1
                unseen = who == "uma" and address.classification.scope == "client"
                if status != (404 if unseen else 403):
                    wrong.append((who, address.name, method, status))
    assert wrong == []
    assert tried > 50


def test_a_method_an_address_does_not_take_is_refused(people):
    taken = []
    for address in OURS:
        for method in set(METHODS) - set(address.classification.methods):
            status = people["dan"][1].generic(method, address.path()).status_code
            if status not in {403, 404, 405}:
                taken.append((address.name, method, status))
    assert taken == []


def test_a_role_with_the_right_is_let_in(people):
    """An empty or refused page is a failure too: the door must open for those it is made for."""
    shut = []
    for who in ("alice", "bob", "dan", "erin"):
        person, browser = people[who]
        membership = Membership.objects.get(user=person)
        for address in GUARDED:
            if not address.takes("GET") or not allows(membership, address.classification.right):
                continue
            status = browser.get(address.path()).status_code
            if (
                status in {401, 403}
                or status >= 500
                or (status == 404 and set(address.names) <= {"slug", "month", "step"})
            ):
                shut.append((who, address.name, status))
    assert shut == []


def test_without_a_second_factor_nothing_opens(world):
    opened = []
    browser = builders.sign_in(Browser(), world.alice, second_factor=False)
    for address in OURS:
        if address.classification.scope == "public" or address.name in {
            "clients:second_factor",
            "clients:demo_confirm",
        }:
            continue
        for method in METHODS:
            response = browser.generic(method, address.path())
            if response.status_code != 302 or response.headers["Location"] != "/second-factor/":
                opened.append((address.name, method, response.status_code))
    assert opened == []


def test_acts_that_ask_for_a_fresh_factor_refuse_a_stale_one(world):
    passed = []
    browser = builders.sign_in(Browser(), world.dan)
    session = browser.session
    session["account_authentication_methods"][-1]["at"] = time.time() - 301
    session.save()
    membership = Membership.objects.get(user=world.dan)
    for address in GUARDED:
        right = address.classification.right
        if right not in STEP_UP or not allows(membership, right):
            continue
        for method in address.classification.methods:
            response = browser.generic(method, address.path())
            asked = response.status_code == 302 and "reauthenticate" in response.headers["Location"]
            if not asked and not (address.template.startswith("api/") and response.status_code == 403):
                passed.append((address.name, method, response.status_code))
    assert passed == []


def test_every_post_needs_the_forms_token(world):
    accepted = []
    browser = builders.sign_in(Browser(enforce_csrf_checks=True), world.dan)
    for address in GUARDED:
        if address.takes("POST"):
            response = browser.post(address.path())
            if response.status_code != 403:
                accepted.append((address.name, response.status_code))
    assert accepted == []


def test_headers_are_on_every_answer(people, client):
    missing = []
    for browser in (client, people["alice"][1]):
        for address in ALL:
            headers = browser.get(address.path()).headers
            policy = headers.get("Content-Security-Policy", "")
            fine = (
                "default-src 'none'" in policy and "unsafe" not in policy and headers.get("X-Frame-Options") == "DENY"
            )
            if not fine or "no-store" not in headers.get("Cache-Control", ""):
                missing.append((address.name, dict(headers)))
    assert missing == []


def test_the_rights_are_those_of_the_table():
    """The published table of who may do what, row by row."""
    admin, controller, staff, client = (Membership(role=role) for role in ("admin", "controller", "staff", "client"))
    expected = {
        Right.VIEW_SIGNED: (True, True, True, True),
        Right.VIEW_DRAFTS: (True, True, True, False),
        Right.VIEW_PAYROLL: (True, True, False, False),
        Right.CONNECT: (True, True, True, False),
        Right.PREPARE: (False, True, True, False),
        Right.APPROVE: (True, True, False, False),
        Right.SIGN: (True, True, False, False),
        Right.REOPEN: (True, True, False, False),
        Right.ANSWER: (False, True, True, True),
        Right.MANAGE_PEOPLE: (True, False, False, False),
        Right.READ_AUDIT: (True, True, False, False),
    }
    assert {
        right: tuple(allows(who, right) for who in (admin, controller, staff, client)) for right in Right
    } == expected
    assert allows(Membership(role="staff", sees_payroll=True), Right.VIEW_PAYROLL)
