"""Where providers answer when it depends on the account: only declared hosts, whole, and never into our own network."""

from __future__ import annotations

from typing import Any

import pytest

from integrations import addresses, sessions
from integrations.errors import Refused, RetryLater
from integrations.provider import SessionLogin
from tests.integrations import scripted

SHOP = r"[a-z0-9][a-z0-9-]*\.shops\.example"


def provider(**declared: Any) -> Any:
    return scripted.Scripted().provider(
        base_urls={}, hosts=(SHOP,), addresses=lambda where: {"api": f"https://{where['shop']}"}, **declared
    )


@pytest.fixture(autouse=True)
def _nothing_stands_in(monkeypatch, settings):
    monkeypatch.delenv("TIEOUT_SCRIPTED_BASE_URL", raising=False)
    settings.SANDBOX_URL = ""


def test_the_account_says_where_to_call():
    urls = addresses.base_urls(provider(), {"shop": "larch.shops.example"})
    assert set(urls.values()) == {"https://larch.shops.example"}


@pytest.mark.parametrize(
    "shop",
    [
        "evil.example",
        "larch.shops.example.evil.example",
        "evil.example/larch.shops.example",
        "evil.example#larch.shops.example",
        "evil.example?larch.shops.example",
        "user@larch.shops.example",
        "larch.shops.example:8080",
        "larch.shops.example/../admin",
        "larch.shops.example\n",
        "LARCH.shops.example\\@evil.example",
        "127.0.0.1",
        "169.254.169.254",
        "",
    ],
)
def test_nothing_typed_leads_to_another_host(shop):
    with pytest.raises(addresses.Misconfigured):
        addresses.base_urls(provider(), {"shop": shop})


def test_a_store_may_live_below_a_path():
    declared = provider()
    assert addresses.base_urls(declared, {"shop": "larch.shops.example/store"})["api"].endswith("/store")


def test_where_another_address_stands_in_nothing_typed_is_called(monkeypatch):
    monkeypatch.setenv("TIEOUT_SCRIPTED_BASE_URL", "https://mock.example/x/")
    assert set(addresses.base_urls(provider(), {"shop": "evil.example"}).values()) == {"https://mock.example/x"}
    assert not addresses.is_typed(provider())


def test_a_call_to_a_typed_address_goes_through_the_wary_session():
    assert sessions.fitting(provider(), provider().auth, {}) is sessions.public()
    assert sessions.fitting(scripted.Scripted().provider(), provider().auth, {}) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_wary_session_hangs_up_on_this_machine_whatever_the_name(host):
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, lambda *_given: pytest.fail("it was spoken to"))
    with pytest.raises(Refused, match="private network"):
        sessions.public().get(f"https://{host}:{server.server_port}/", timeout=5)
    server.server_close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:0a00:0001::1", False),
        ("no address", False),
    ],
)
def test_what_is_out_in_the_world(address, public):
    assert sessions.is_public(address) is public


def test_a_developer_key_needs_no_client_id(monkeypatch):
    monkeypatch.delenv("TIEOUT_SCRIPTED_CLIENT_ID", raising=False)
    login = SessionLogin(fields=(), login_path="/login", body=lambda _c: {}, app="secret")
    declared = scripted.Scripted().provider(auth=login)
    with pytest.raises(addresses.Misconfigured, match="set TIEOUT_SCRIPTED_CLIENT_SECRET"):
        addresses.app_credentials(declared)
    monkeypatch.setenv("TIEOUT_SCRIPTED_CLIENT_SECRET", "developer-key")
    assert addresses.app_credentials(declared) == ("", "developer-key")


def test_a_call_to_nowhere_is_later(monkeypatch):
    from integrations.http import ProviderApi

    monkeypatch.setattr(sessions, "is_public", lambda _address: True)
    monkeypatch.setenv("TIEOUT_SCRIPTED_BASE_URL", "https://127.0.0.1:9")
    with pytest.raises(RetryLater):
        ProviderApi(provider(), "x", where={"shop": "larch.shops.example"}).post("/rows", {})
