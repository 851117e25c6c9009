"""Declarations of schemes, notices and files that cannot work are refused at start, in words."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from integrations.declarations import FORBIDDEN_HOSTS, is_too_wide
from integrations.provider import (
    Ask,
    ClientCredentials,
    FileLayout,
    FileOnly,
    OAuth2,
    PastedKeys,
    PostedKeys,
    SessionLogin,
    Webhook,
)
from integrations.registry import all_providers, check, provider
from tests.integrations import acting

NAME, SECRET = Ask(name="user", label="User"), Ask(name="key", label="Key", secret=True)
LAYOUT = FileLayout(
    name="activity", label="Activity", stream="rows", recognise=lambda _h: False, objects=lambda _t: [], help="There."
)


def said(auth: Any = acting.KEYS, **more: Any) -> str:
    return "; ".join(check(acting.provider(auth, **more), "scripted"))


@pytest.mark.parametrize("auth", [acting.KEYS, acting.TOKEN, acting.SESSION, acting.POSTED])
def test_each_scheme_as_it_should_be_is_let_through(auth):
    assert said(auth) == ""


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"auth": PastedKeys(fields=())}, "it has no keys"),
        ({"auth": acting.KEYS, "whoami": None}, "nothing proves the keys"),
        ({"auth": PastedKeys(fields=(NAME, NAME))}, "two fields have one name"),
        ({"auth": PastedKeys(fields=(Ask(name="Bad Name", label="x"),))}, "no plain name"),
        ({"auth": PastedKeys(fields=(Ask(name="a", label="x", pattern="("),))}, "cannot be read"),
        ({"auth": PastedKeys(fields=(Ask(name="a", label="x", pattern="[0-9]+", example="abc"),))}, "does not fit"),
        ({"auth": SessionLogin(fields=(NAME,), login_path="/l", body=dict)}, "none of its fields is secret"),
        ({"auth": SessionLogin(fields=(NAME, SECRET), login_path="l", body=dict)}, "begin with a slash"),
        ({"auth": ClientCredentials(token_url="/t", fields=(NAME, SECRET))}, "no field 'client_id'"),
        ({"auth": ClientCredentials(token_url="t")}, "begin with a slash"),
        ({"auth": dataclasses.replace(acting.POSTED, names=())}, "it has no keys"),
        ({"auth": acting.KEYS, "alternatives": (acting.KEYS,)}, "of one kind"),
        ({"asks": (SECRET,)}, "belongs to the keys"),
        ({"addresses": lambda _w: {}}, "which are allowed"),
        ({"base_urls": {}}, "no 'api'"),
        ({"hosts": (".*",)}, "lets an address"),
        ({"hosts": ("[",)}, "lets an address"),
        ({"file_hosts": (r"[a-z0-9.]+",)}, "lets an address"),
        ({"app_grant": acting.TOKEN}, "no fields to paste"),
        ({"webhook": Webhook(events=lambda _p: ())}, "one of verify and verify_at"),
        ({"webhook": Webhook(events=list, verify=min, key_url=lambda _h: "")}, "from where"),
        ({"webhook": Webhook(events=list, verify=min, confirm=lambda _a, _g: None)}, "app_grant to ask with"),
        ({"webhook": Webhook(events=list, verify=min, subscribe=lambda _a, _u: None)}, "subscribe needs"),
        ({"auth": OAuth2(authorize_url="/a", token_url="/t", account_in="call", keeps={"url": ".*"})}, "any value"),
        ({"auth": FileOnly()}, "neither an access nor a file"),
        ({"auth": FileOnly(), "files": (LAYOUT,)}, "no access to pull it by"),
        ({"files": (LAYOUT, LAYOUT)}, "two file layouts"),
        ({"files": (dataclasses.replace(LAYOUT, stream="absent"),)}, "is of no stream"),
        ({"files": (dataclasses.replace(LAYOUT, help=""),)}, "needs a plain name"),
    ],
)
def test_what_cannot_work_is_told_why(more, why):
    assert why in said(**more)


def test_a_stream_that_is_neither_pulled_nor_brought_is_told():
    declared = acting.provider(acting.KEYS)
    stream = dataclasses.replace(declared.streams[0], pull=None)
    assert "neither pulled nor brought" in "; ".join(
        check(dataclasses.replace(declared, streams=(stream,)), "scripted")
    )
    brought = dataclasses.replace(declared, auth=FileOnly(), read_error=None, streams=(stream,), files=(LAYOUT,))
    assert list(check(brought, "scripted")) == []


@pytest.mark.parametrize("pattern", [r"[a-z0-9][a-z0-9-]*\.myshop\.example", r"([a-z0-9-]+\.)+[a-z]{2,}"])
def test_patterns_of_real_hosts_are_let_through(pattern):
    assert not is_too_wide(pattern)


def test_every_declared_host_is_a_name_out_in_the_world():
    wide = [(one.slug, pattern) for one in all_providers().values() for pattern in one.hosts if is_too_wide(pattern)]
    assert wide == []
    assert "169.254.169.254" in FORBIDDEN_HOSTS


def test_a_scheme_is_found_by_its_kind_and_the_first_stands_for_the_unknown():
    declared = acting.provider(acting.KEYS, alternatives=(acting.SESSION,))
    assert [declared.scheme(kind) for kind in ("session", "keys", "", "absent")] == [
        acting.SESSION,
        acting.KEYS,
        acting.KEYS,
        acting.KEYS,
    ]


def test_a_name_is_given_to_everything_that_is_asked():
    unnamed = [
        (one.slug, ask.name)
        for one in all_providers().values()
        for ask in one.asks
        if not ask.label or (not ask.choices and not ask.help and not ask.example)
    ]
    assert unnamed == []


def test_posted_keys_are_no_pasted_ones():
    assert isinstance(acting.POSTED, PostedKeys)
    assert provider("stripe").scheme("posted").kind == "oauth2"
