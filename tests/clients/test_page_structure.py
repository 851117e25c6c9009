"""Pages a screen reader and a keyboard can use: one heading, labelled fields, unique ids, named buttons."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from clients import onboarding
from clients.tenancy import client_context
from tests import builders

pytestmark = pytest.mark.django_db
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
#: Elements HTML closes by itself.
IMPLIED = {"option", "li", "p", "dt", "dd", "tr", "td", "th", "path", "rect", "use"}
PAGES = [
    "/people/",
    "/audit/",
    "/clients/",
    "/preferences/",
    "/c/kestrel/onboarding/facts/",
    "/c/kestrel/onboarding/stack/",
    "/c/kestrel/onboarding/live/",
]
OUTSIDE = ["/accounts/login/", "/accounts/login/code/", "/accounts/password/reset/", "/accounts/signup/"]


class Reader(HTMLParser):
    """Collects what the checks ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.stack, self.unclosed, self.ids, self.labels, self.fields, self.silent, self.headings = (
            [],
            [],
            [],
            set(),
            [],
            [],
            0,
        )
        self._text = ""
        self._inside = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.headings += tag == "h1"
        if tag == "label" and given.get("for"):
            self.labels.add(given["for"])
        if tag in {"input", "select", "textarea"} and given.get("type") not in {"hidden", "submit"}:
            self.fields.append((given, "label" in [name for name, _ in self.stack]))
        if tag in {"button", "a"}:
            self._inside.append([given, ""])
        if tag not in VOID:
            self.stack.append((tag, self.getpos()))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data):
        for one in self._inside:
            one[1] += data.strip()

    def handle_endtag(self, tag):
        if tag in {"button", "a"} and self._inside:
            given, text = self._inside.pop()
            if not text and not given.get("aria-label") and not given.get("title"):
                self.silent.append(given)
        while self.stack:
            name, where = self.stack.pop()
            if name == tag:
                return
            if name not in IMPLIED:
                self.unclosed.append((name, where))
        self.unclosed.append((f"/{tag}", self.getpos()))


def read(body: str) -> Reader:
    reader = Reader()
    reader.feed(body)
    return reader


def problems(body: str) -> dict[str, object]:
    page = read(body)
    nameless = [
        given
        for given, inside in page.fields
        if not inside and given.get("id") not in page.labels and not given.get("aria-label")
    ]
    found = {
        "unclosed": page.unclosed,
        "twice": sorted({one for one in page.ids if page.ids.count(one) > 1}),
        "nameless fields": nameless,
        "silent buttons": page.silent,
        "headings": page.headings if page.headings != 1 else 0,
    }
    return {what: which for what, which in found.items() if which}


@pytest.mark.parametrize("address", PAGES)
def test_a_page_inside_is_well_made(world, client, address):
    with client_context(world.kestrel.pk):
        for system in ("stripe", "shopify"):
            onboarding.choose(world.kestrel, system, chosen=True, by=world.bob)
    assert problems(builders.sign_in(client, world.dan).get(address).content.decode()) == {}


def test_the_pages_of_a_second_factor_are_well_made(world, client):
    from allauth.mfa.totp.internal.auth import TOTP

    browser = builders.sign_in(client, world.erin, second_factor=False)
    assert problems(browser.get("/second-factor/").content.decode()) == {}
    assert problems(browser.get("/accounts/2fa/totp/activate/").content.decode()) == {}
    TOTP.activate(world.erin, "JBSWY3DPEHPK3PXP")
    assert problems(browser.get("/accounts/2fa/reauthenticate/").content.decode()) == {}
    browser.logout()
    browser.post("/accounts/login/", {"login": world.erin.email, "password": builders.PASSWORD})
    assert problems(browser.get("/accounts/2fa/authenticate/").content.decode()) == {}


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_page_outside_is_well_made(client, db, address):
    assert problems(client.get(address).content.decode()) == {}


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "' onmouseover='alert(1)"]
)
def test_what_people_type_is_shown_and_never_run(world, client, text):
    world.kestrel.name = text
    world.kestrel.save()
    world.bob.name = text
    world.bob.save()
    browser = builders.sign_in(client, world.dan)
    for address in ("/people/", "/clients/", "/c/kestrel/onboarding/facts/"):
        body = browser.get(address).content.decode()
        assert text not in body or "<" not in text
        assert not re.search(r"<script>alert|<img src=x", body)
        assert "49" not in re.findall(r"<h1>(.*?)</h1>", body)
