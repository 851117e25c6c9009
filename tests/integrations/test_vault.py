"""Secrets open only where they belong, with a key that is there; the rotation leaves none behind."""

from __future__ import annotations

import base64
import io
import secrets
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clients.tenancy import client_context
from integrations import rotation, tokens, vault
from integrations.models import Connection, Token
from integrations.vault import Place, VaultError

HERE = Place(1, "token", "ciphertext", "7")


def key(name: str) -> str:
    return f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.VAULT_KEYS = [key("first")]


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place(2, "token", "ciphertext", "7"),
        Place(1, "token", "ciphertext", "8"),
        Place(1, "token", "other", "7"),
        Place(1, "oauthattempt", "ciphertext", "7"),
        Place(17, "token", "ciphertext", ""),
    ],
)
def test_a_secret_moved_elsewhere_does_not_open(elsewhere):
    with pytest.raises(VaultError):
        vault.unseal(vault.seal(b"secret", HERE), elsewhere)


def test_a_secret_opens_in_its_place():
    assert vault.unseal(vault.seal(b"secret", HERE), HERE) == b"secret"


def test_equal_secrets_look_different():
    assert vault.seal(b"secret", HERE) != vault.seal(b"secret", HERE)


@pytest.mark.parametrize("damage", [b"", b"secret", b"first:short", b"none:" + b"x" * 60])
def test_what_is_no_ciphertext_is_never_given_back(damage):
    with pytest.raises(VaultError):
        vault.unseal(damage, HERE)


def test_every_changed_byte_is_noticed():
    sealed = vault.seal(b"secret", HERE)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(VaultError):
            vault.unseal(bytes(changed), HERE)


def test_no_key_is_an_error_not_plain_text(settings):
    settings.VAULT_KEYS, settings.VAULT_KEY_FILE = [], None
    with pytest.raises(VaultError):
        vault.seal(b"secret", HERE)


def test_an_error_names_no_secret_and_no_key(settings):
    sealed = vault.seal(b"secret", HERE)
    settings.VAULT_KEYS = [settings.VAULT_KEYS[0].replace("first", "second")]
    with pytest.raises(VaultError) as failure:
        vault.unseal(sealed, HERE)
    assert settings.VAULT_KEYS[0].partition(":")[2] not in str(failure.value)


def test_the_loopback_key_file_is_for_this_user_only(settings, tmp_path):
    settings.VAULT_KEYS, settings.VAULT_KEY_FILE = [], tmp_path / "keys" / "vault.keys"
    sealed = vault.seal(b"secret", HERE)
    assert settings.VAULT_KEY_FILE.stat().st_mode & 0o777 == 0o600
    assert vault.unseal(sealed, HERE) == b"secret"


def connections(world: Any, count: int) -> list[Connection]:
    """Live connections with a stored grant, alternating between two clients."""
    made = []
    for number in range(count):
        client = (world.kestrel, world.wren)[number % 2]
        with client_context(client.pk):
            connection = Connection.objects.create(client=client, provider="any", account_id=str(number), state="live")
            tokens.store(connection, {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}"})
        made.append(connection)
    return made


@pytest.mark.django_db
def test_fifty_ciphertexts_swapped_between_rows_and_clients_are_all_refused(world, owner_sql):
    made = connections(world, 50)
    sealed = {}
    for connection in made:
        with client_context(connection.client_id):
            sealed[connection.pk] = bytes(Token.objects.get(pk=connection.pk).ciphertext)
    refused = 0
    for one, other in zip(made, made[1:] + made[:1], strict=True):
        with client_context(one.client_id):
            Token.objects.filter(pk=one.pk).update(ciphertext=sealed[other.pk])
        with pytest.raises(VaultError):
            tokens.held(one)
        refused += 1
    assert refused == 50


@pytest.mark.django_db
def test_rotation_moves_every_secret_and_the_old_key_can_go(world, settings):
    made = connections(world, 9)
    old = settings.VAULT_KEYS[0]
    settings.VAULT_KEYS = [key("second"), old]
    assert rotation.count_old() == 9
    out = io.StringIO()
    call_command("rotate_vault_keys", "--batch", "2", stdout=out)
    assert "9 secrets rewritten" in out.getvalue()
    assert "0 secrets under an older key" in out.getvalue()
    settings.VAULT_KEYS = settings.VAULT_KEYS[:1]
    assert [tokens.held(connection).grant.access for connection in made] == [f"access-{n}" for n in range(9)]


@pytest.mark.django_db
def test_the_rotation_says_when_something_is_left(world, settings):
    connections(world, 2)
    settings.VAULT_KEYS = [key("second"), *settings.VAULT_KEYS]
    with pytest.raises(CommandError, match="keep the older keys"):
        call_command("rotate_vault_keys", "--check", stdout=io.StringIO())


@pytest.mark.django_db
def test_a_rotation_without_the_old_key_stops_and_changes_nothing(world, settings):
    connections(world, 2)
    settings.VAULT_KEYS = [key("second")]
    with pytest.raises(CommandError):
        call_command("rotate_vault_keys", stdout=io.StringIO())
    assert rotation.count_old() == 2


def test_a_grant_never_shows_its_tokens():
    grant = tokens.Grant("access-secret", "refresh-secret", "previous-secret")
    assert "secret" not in repr(grant)
    assert "secret" not in repr(tokens.Held(grant, 1, None))
