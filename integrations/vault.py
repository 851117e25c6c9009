"""Secrets of connections at rest: the cipher of ``clients.cipher`` (AES-256-GCM, key id in front), bound to one place.

A ciphertext moved to another row, column or client does not open; nothing is ever given back as it was found.
"""

from __future__ import annotations

from dataclasses import dataclass

from clients import cipher


class VaultError(Exception):
    """A secret cannot be sealed or opened: wrong place, wrong or missing key, damaged, or no key is configured."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret lives: the client, the table, the column, the row's own identity."""

    client_id: int
    table: str
    column: str
    row: str

    def __str__(self) -> str:
        assert "/" not in self.table + self.column
        return f"{int(self.client_id)}/{self.table}/{self.column}/{self.row}"


def seal(plain: bytes, place: Place) -> bytes:
    """The ciphertext under the newest key. Raises VaultError when there is no key."""
    try:
        return cipher.seal(plain, str(place))
    except cipher.CipherError as error:
        raise VaultError(str(error)) from error


def unseal(sealed: bytes | memoryview, place: Place) -> bytes:
    """The plain bytes. Raises VaultError for anything but an untouched ciphertext in its own place."""
    try:
        return cipher.unseal(bytes(sealed), str(place))
    except cipher.CipherError as error:
        raise VaultError(f"{place.table}.{place.column}: {error}") from error


def is_current(sealed: bytes | memoryview) -> bool:
    """Whether a ciphertext is under the newest key. Raises VaultError when it is no ciphertext or there is no key."""
    try:
        return cipher.key_id(bytes(sealed)) == cipher.newest()
    except cipher.CipherError as error:
        raise VaultError(str(error)) from error


def reseal(sealed: bytes | memoryview, place: Place) -> bytes:
    """The same secret under the newest key."""
    return seal(unseal(sealed, place), place)
