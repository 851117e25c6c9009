"""A weak installation does not start."""

from __future__ import annotations

import base64

import pytest

from clients import cipher
from config import checks


def ids(found):
    return [message.id for message in found]


def test_the_installation_as_it_is_passes():
    assert [
        ids(check(None)) for check in (checks.second_factor, checks.demonstration, checks.vault, checks.secret_key)
    ] == [[]] * 4


def test_a_wider_window_for_codes_is_refused(settings):
    settings.MFA_TOTP_TOLERANCE = 1
    assert ids(checks.second_factor(None)) == ["tieout.E001"]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("PUBLIC_URL", "https://books.example", "tieout.E002"),
        ("ALLOWED_HOSTS", ["books.example"], "tieout.E003"),
        ("ALLOWED_HOSTS", ["*"], "tieout.E003"),
    ],
)
def test_the_demonstration_is_refused_beyond_loopback(settings, name, value, found):
    settings.DEMO, settings.ALLOWED_HOSTS = True, ["127.0.0.1", "[::1]"]
    setattr(settings, name, value)
    assert ids(checks.demonstration(None)) == [found]


def test_missing_vault_keys_are_refused(settings):
    settings.VAULT_KEYS, settings.VAULT_KEY_FILE = [], None
    assert ids(checks.vault(None)) == ["tieout.E004"]


@pytest.mark.parametrize("key", ["short", "loopback-only-" + "k" * 50])
def test_a_weak_secret_key_is_refused(settings, key):
    settings.LOCAL, settings.SECRET_KEY = False, key
    assert ids(checks.secret_key(None)) == ["tieout.E005"]


def key(name, byte):
    return f"{name}:{base64.b64encode(bytes([byte]) * 32).decode()}"


def test_a_secret_opens_in_its_own_place_only(settings):
    settings.VAULT_KEYS = [key("one", 1)]
    sealed = cipher.seal(b"seed", "a")
    assert cipher.unseal(sealed, "a") == b"seed"
    with pytest.raises(cipher.CipherError):
        cipher.unseal(sealed, "b")


def test_after_rotation_both_keys_open_and_the_new_one_seals(settings):
    settings.VAULT_KEYS = [key("one", 1)]
    old = cipher.seal(b"seed", "a")
    settings.VAULT_KEYS = [key("two", 2), key("one", 1)]
    assert cipher.unseal(old, "a") == b"seed"
    assert cipher.key_id(cipher.seal(b"seed", "a")) == "two"


@pytest.mark.parametrize("sealed", [b"", b"plain text", b"one:short", b"other:" + b"x" * 60])
def test_what_the_vault_did_not_make_is_never_given_back(settings, sealed):
    settings.VAULT_KEYS = [key("one", 1)]
    with pytest.raises(cipher.CipherError):
        cipher.unseal(sealed, "a")


def test_the_key_file_is_made_once_and_private(settings, tmp_path):
    settings.VAULT_KEYS, settings.VAULT_KEY_FILE = [], tmp_path / "vault.keys"
    assert cipher.keys() == cipher.keys()
    assert (tmp_path / "vault.keys").stat().st_mode & 0o777 == 0o600
