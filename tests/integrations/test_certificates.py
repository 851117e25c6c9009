"""Client certificates: judged when they are brought, shown on every call, two at once while one replaces the other."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations import certificates, http, sessions
from integrations.errors import Reconnect, RetryLater
from integrations.provider import Ask, ClientCredentials
from tests.integrations import scripted

NOW = datetime.now(UTC)


def pem(key: Any) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return str(key.private_bytes(*form).decode())


def make(name: str, *, begins: int = -1, ends: int = 30) -> tuple[str, str]:
    """A self-signed certificate of 127.0.0.1 and its key, in force from ``begins`` to ``ends`` days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=begins))
        .not_valid_after(NOW + timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), pem(key)


def keys(*found: tuple[str, str]) -> dict[str, str]:
    names = [name for pair in certificates.PAIRS for name in pair]
    return dict(zip(names, [part for pair in found for part in pair], strict=False))


OURS, NEXT = make("ours", ends=10), make("next", ends=400)


def test_of_two_in_force_the_one_that_lasts_longer_is_shown():
    assert certificates.shown(keys(OURS)).certificate == OURS[0]
    assert certificates.shown(keys(OURS, NEXT)).certificate == NEXT[0]
    assert (certificates.last_end(keys(OURS, NEXT)) - NOW).days in {399, 400}


def test_one_that_begins_later_waits_for_its_day():
    later = make("later", begins=5, ends=800)
    assert certificates.shown(keys(OURS, later)).certificate == OURS[0]
    assert certificates.shown(keys(OURS, later), NOW + timedelta(days=20)).certificate == later[0]


@pytest.mark.parametrize(
    ("found", "field"),
    [
        (keys((OURS[0], NEXT[1])), "certificate_key"),
        (keys(("rubbish", OURS[1])), "certificate"),
        (keys((OURS[0], "rubbish")), "certificate_key"),
        (keys(OURS, (NEXT[0], "")), "next_certificate_key"),
        (keys(make("old", begins=-9, ends=-1)), "certificate"),
        ({}, "certificate"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field(found, field):
    with pytest.raises(certificates.BadCertificate) as bad:
        certificates.shown(found)
    assert bad.value.field == field
    assert "PRIVATE" not in str(bad.value)


def test_a_key_under_a_passphrase_is_said():
    key = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x"))
    with pytest.raises(certificates.BadCertificate, match="passphrase"):
        certificates.shown(keys((OURS[0], key.private_bytes(*form).decode())))


# ---- a real handshake ----------------------------------------------------------------------------------------------------

AUTH = ClientCredentials(
    token_url="/token",
    fields=(Ask(name="client_id", label="Id"), Ask(name="client_secret", label="Secret", secret=True)),
    certificate=True,
)


class Handler(BaseHTTPRequestHandler):
    seen: list[str] = []

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        shown = x509.load_der_x509_certificate(self.connection.getpeercert(binary_form=True))
        self.seen.append(f"{self.command} {shown.subject.rfc4514_string()}")
        body = json.dumps({"access_token": "at-1", "expires_in": 3600}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_told: Any) -> None:
        """Say nothing."""


@pytest.fixture
def strict(tmp_path: Path, monkeypatch: Any) -> Iterator[str]:
    """The address of a server that talks to holders of our two certificates only."""
    own, trusted = make("server"), tmp_path / "trusted.pem"
    (tmp_path / "own.pem").write_text(own[1] + own[0])
    trusted.write_text(OURS[0] + NEXT[0])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem")
    context.load_verify_locations(trusted)
    context.verify_mode = ssl.CERT_REQUIRED
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    usual = sessions.authorities

    def authorities() -> ssl.SSLContext:
        made = usual()
        made.load_verify_locations(cadata=own[0])
        return made

    monkeypatch.setattr(sessions, "authorities", authorities)
    monkeypatch.setattr(sessions, "_certified", {})
    Handler.seen.clear()
    url = f"https://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("TIEOUT_SCRIPTED_BASE_URL", url)
    yield url
    server.shutdown()
    server.server_close()


def test_the_certificate_goes_on_the_token_call_and_on_every_other(strict):
    from integrations import granting

    declared = scripted.Scripted().provider(auth=AUTH)
    held = {"client_id": "id-1", "client_secret": "hush", **keys(OURS)}
    answer = granting.obtain(declared, AUTH, held, {})
    http.ProviderApi(declared, answer["access_token"], scheme=AUTH, keys=held).get("/payroll")
    http.ProviderApi(declared, "at-1", scheme=AUTH, keys=held | keys(OURS, NEXT)).get("/payroll")
    assert Handler.seen == ["POST CN=ours", "GET CN=ours", "GET CN=next"]


def test_a_stranger_is_not_talked_to(strict, monkeypatch):
    monkeypatch.setattr(http.random, "uniform", lambda *_bounds: 0.0)
    declared = scripted.Scripted().provider(auth=AUTH)
    held = {"client_id": "id-1", "client_secret": "hush", **keys(make("stranger"))}
    with pytest.raises(RetryLater):
        http.ProviderApi(declared, "at-1", scheme=AUTH, keys=held).get("/payroll")
    assert Handler.seen == []


def test_without_a_certificate_in_force_a_person_is_asked_for(strict):
    declared = scripted.Scripted().provider(auth=AUTH)
    held = {"client_id": "id-1", "client_secret": "hush", **keys(make("old", begins=-9, ends=-1))}
    with pytest.raises(Reconnect, match="in force"):
        http.ProviderApi(declared, "at-1", scheme=AUTH, keys=held).get("/payroll")


def test_no_key_is_left_on_disk(strict, tmp_path):
    sessions.certified(certificates.shown(keys(OURS)))
    assert not list(Path("/dev/shm").glob("pair-*")) if Path("/dev/shm").is_dir() else True
