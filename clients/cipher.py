"""AES-256-GCM with named keys: the key's id in front of the ciphertext, the place it belongs to as associated data.

Keys come from ``VAULT_KEYS`` ("id:base64 of 32 bytes", newest first) or, on loopback only, from a file made with mode 0600.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

NONCE = 12
KEY = 32


class CipherError(RuntimeError):
    """A key is missing or malformed, or a ciphertext is not what was stored at this place."""


def keys() -> dict[str, bytes]:
    """All keys by id, newest first. Raises CipherError when there is none."""
    given: Sequence[str] = settings.VAULT_KEYS
    if not given and settings.VAULT_KEY_FILE is not None:
        given = _file_keys(Path(settings.VAULT_KEY_FILE))
    found = dict(_read(item) for item in given)
    if not found:
        raise CipherError("no vault key: set TIEOUT_VAULT_KEYS")
    return found


def newest() -> str:
    """The id of the key that new ciphertexts are made with."""
    return next(iter(keys()))


def key_id(sealed: bytes) -> str:
    """The id of the key a ciphertext was made with."""
    name, found, _rest = sealed.partition(b":")
    if not found:
        raise CipherError("not a ciphertext of the vault")
    return name.decode("ascii", "replace")


def seal(plain: bytes, place: str) -> bytes:
    """Encrypt for one place ("client/table/column/row"); it opens nowhere else."""
    name = newest()
    nonce = secrets.token_bytes(NONCE)
    return name.encode() + b":" + nonce + AESGCM(keys()[name]).encrypt(nonce, plain, f"{name}|{place}".encode())


def unseal(sealed: bytes, place: str) -> bytes:
    """Decrypt what ``seal`` made for this place. Raises CipherError for anything else; never gives back what it was given."""
    name = key_id(sealed)
    key = keys().get(name)
    if key is None:
        raise CipherError(f"no vault key {name!r}")
    body = sealed[len(name) + 1 :]
    try:
        return AESGCM(key).decrypt(body[:NONCE], body[NONCE:], f"{name}|{place}".encode())
    except (InvalidTag, ValueError) as error:
        raise CipherError("the ciphertext does not belong here or was changed") from error


def _read(item: str) -> tuple[str, bytes]:
    name, _, encoded = item.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CipherError("a vault key is not base64") from error
    if not name or len(key) != KEY:
        raise CipherError("a vault key must be id:base64 of 32 bytes")
    return name, key


def _file_keys(path: Path) -> list[str]:
    """The keys of the loopback key file, which is made when it is missing; losing a race for making it is harmless."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        line = "local:" + base64.b64encode(secrets.token_bytes(KEY)).decode()
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(line + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return [line.strip() for line in path.read_text().splitlines() if line.strip()]
