"""Secrets at rest: AES-256-GCM, the key's id in front, bound to the place (client, table, column, row) they belong to.

A ciphertext moved to another row, column or client does not open. Keys come from TIEOUT_VAULT_KEYS ("id:base64 of 32
bytes", newest first) or, on loopback only, from a file that is made on first use; never from the database.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = b"\x01"
NONCE_BYTES = 12
KEY_BYTES = 32


class VaultError(Exception):
    """A secret cannot be opened: wrong place, wrong or missing key, damaged, or no key is configured. Never returns plain text."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret lives; it opens nowhere else."""

    client_id: int
    table: str
    column: str
    row: str

    def bound(self) -> bytes:
        """The associated data: each part framed by its length, so that no two places read alike."""
        parts = (str(self.client_id), self.table, self.column, self.row)
        return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by id; the first one seals, all of them open."""

    keys: Mapping[str, bytes]

    @property
    def newest(self) -> str:
        return next(iter(self.keys))

    def seal(self, plain: bytes, place: Place) -> bytes:
        """The ciphertext: format, key id with its length, nonce, AES-256-GCM."""
        name = self.newest.encode()
        head = FORMAT + bytes([len(name)]) + name
        nonce = secrets.token_bytes(NONCE_BYTES)
        return head + nonce + AESGCM(self.keys[self.newest]).encrypt(nonce, plain, head + place.bound())

    def open(self, sealed: bytes, place: Place) -> bytes:
        """The plain bytes. Raises VaultError for anything but an untouched ciphertext in its own place."""
        name = key_id(sealed)
        key = self.keys.get(name)
        if key is None:
            raise VaultError(f"key {name!r} is not in the vault")
        start = 2 + len(name.encode())
        nonce, body = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
        try:
            return AESGCM(key).decrypt(nonce, body, sealed[:start] + place.bound())
        except (InvalidTag, ValueError) as error:
            raise VaultError(f"a secret of {place.table}.{place.column} does not open in its place") from error


def key_id(sealed: bytes) -> str:
    """The id of the key a ciphertext was sealed with."""
    if len(sealed) < 2 or sealed[:1] != FORMAT or len(sealed) < 2 + sealed[1] + NONCE_BYTES:
        raise VaultError("not a sealed secret")
    try:
        return sealed[2 : 2 + sealed[1]].decode()
    except UnicodeDecodeError as error:
        raise VaultError("not a sealed secret") from error


def read_keys(lines: list[str]) -> Keyring:
    """A keyring from "id:base64" lines. Raises VaultError naming the line's id, never its key."""
    keys: dict[str, bytes] = {}
    for line in lines:
        name, _, encoded = line.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise VaultError(f"vault key {name!r} is not base64") from error
        if not name or len(name.encode()) > 60 or len(key) != KEY_BYTES or name in keys:
            raise VaultError(f"vault key {name!r} must have its own id and {KEY_BYTES} bytes")
        keys[name] = key
    if not keys:
        raise VaultError("no vault key is configured (TIEOUT_VAULT_KEYS)")
    return Keyring(keys)


def new_key(name: str) -> str:
    """A fresh random key as a line for the setting or the file."""
    return f"{name}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def make_key_file(path: Path) -> None:
    """Make the key file with one key, readable by this user only; a file another process just made is left alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(new_key(f"local-{secrets.token_hex(3)}") + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


@lru_cache(maxsize=4)
def _from_setting(lines: tuple[str, ...]) -> Keyring:
    return read_keys(list(lines))


@lru_cache(maxsize=4)
def _from_file(path: Path, _changed: int) -> Keyring:
    return read_keys([line for line in path.read_text(encoding="ascii").splitlines() if line.strip()])


def keyring() -> Keyring:
    """The keys now configured. A changed key file is read again; a file others may read is refused."""
    if settings.VAULT_KEYS:
        return _from_setting(tuple(settings.VAULT_KEYS))
    if settings.VAULT_KEY_FILE is None:
        raise VaultError("no vault key is configured (TIEOUT_VAULT_KEYS)")
    path = Path(settings.VAULT_KEY_FILE)
    if not path.exists():
        make_key_file(path)
    facts = path.stat()
    if facts.st_mode & 0o077:
        raise VaultError(f"{path} can be read by others: chmod 600")
    return _from_file(path, facts.st_mtime_ns)


def seal(plain: bytes, place: Place) -> bytes:
    return keyring().seal(plain, place)


def unseal(sealed: bytes, place: Place) -> bytes:
    return keyring().open(bytes(sealed), place)
