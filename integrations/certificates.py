"""Client certificates people bring: whether they can be used, until when, and which of two is to be shown now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The fields of a pair, and of the one that follows it.
PAIRS = (("certificate", "certificate_key"), ("next_certificate", "next_certificate_key"))


class BadCertificate(ValueError):  # noqa: N818
    """A certificate or key that cannot be used; ``field`` names which, the message says why and shows nothing of it."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key (PEM), and when it begins and ends to hold."""

    certificate: str
    key: str
    begins: datetime
    ends: datetime

    def __repr__(self) -> str:
        return f"Pair(until {self.ends:%Y-%m-%d})"


def pairs(keys: Mapping[str, str]) -> list[Pair]:
    """The certificates among the keys, in the order of the form. Raises BadCertificate."""
    return [_pair(keys, *names) for names in PAIRS if keys.get(names[0]) or keys.get(names[1])]


def shown(keys: Mapping[str, str], now: datetime | None = None) -> Pair:
    """The one to show now: in force, and of two the one that lasts longer. Raises BadCertificate if none is."""
    moment = now or datetime.now(UTC)
    valid = [pair for pair in pairs(keys) if pair.begins <= moment < pair.ends]
    if not valid:
        raise BadCertificate(PAIRS[0][0], "No certificate is in force.")
    return max(valid, key=lambda pair: pair.ends)


def last_end(keys: Mapping[str, str]) -> datetime:
    """When the last of them ends. Raises BadCertificate."""
    return max(pair.ends for pair in pairs(keys))


def _pair(keys: Mapping[str, str], name: str, key_name: str) -> Pair:
    try:
        certificate = x509.load_pem_x509_certificate(keys.get(name, "").encode())
    except ValueError as error:
        raise BadCertificate(name, "This is no certificate in PEM form.") from error
    try:
        key = serialization.load_pem_private_key(keys.get(key_name, "").encode(), password=None)
    except TypeError as error:
        raise BadCertificate(key_name, "The key has a passphrase: take it off first.") from error
    except ValueError as error:
        raise BadCertificate(key_name, "This is no private key in PEM form.") from error
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise BadCertificate(key_name, "The key belongs to another certificate.")
    return Pair(keys[name], keys[key_name], certificate.not_valid_before_utc, certificate.not_valid_after_utc)
