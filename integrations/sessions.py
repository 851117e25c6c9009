"""Sessions for calls that need more care: to addresses people typed, and with a client certificate."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import ssl
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from integrations import addresses, certificates
from integrations.errors import Reconnect, Refused
from integrations.provider import ClientCredentials
from integrations.transport import BoundedSession

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from integrations.certificates import Pair
    from integrations.provider import Provider, Scheme

#: Sessions with a certificate that are kept open at once.
CERTIFIED_KEPT = 16


class InsideError(Refused):
    """A name that people typed leads into this machine or its network."""


class _PublicConnection(HTTPSConnection):
    """A connection that looks at the address it really reached before it says a word, whatever the name resolved to."""

    def _new_conn(self) -> socket.socket:
        reached = super()._new_conn()
        if not is_public(str(reached.getpeername()[0])):
            with suppress(OSError):
                reached.close()
            raise InsideError("the address leads into a private network", code="private-address")
        return reached


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}


class _CertifiedAdapter(HTTPAdapter):
    """Shows one client certificate."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=4, pool_maxsize=8, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **_options: Any) -> None:
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, ssl_context=self._context, retries=False
        )


def is_public(address: str) -> bool:
    """Whether an IP address is out in the world; an IPv4 address inside an IPv6 one is judged itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (inner is None or is_public(str(inner)))


@lru_cache(maxsize=4)
def _public_of(_process: int) -> BoundedSession:
    made = BoundedSession()
    made.mount("https://", _PublicAdapter(pool_connections=16, pool_maxsize=16, max_retries=0))
    return made


def public() -> BoundedSession:
    """This process's session for addresses people typed: it speaks to no private address, however a name resolves."""
    return _public_of(os.getpid())


def certified(pair: Pair) -> BoundedSession:
    """This process's session that shows a client certificate."""
    digest = hashlib.sha256((pair.certificate + pair.key).encode()).hexdigest()
    kept = _certified.get((os.getpid(), digest))
    if kept is None:
        while len(_certified) >= CERTIFIED_KEPT:
            del _certified[next(iter(_certified))]
        kept = BoundedSession()
        kept.mount("https://", _CertifiedAdapter(_context(pair)))
        _certified[os.getpid(), digest] = kept
    return kept


_certified: dict[tuple[int, str], BoundedSession] = {}


def _context(pair: Pair) -> ssl.SSLContext:
    """The pair in a TLS context. The library takes files only: they live in memory's file system while it reads them."""
    context = authorities()
    folder = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (memory, not a shared folder of files)
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix="pair-", suffix=".pem") as file:
        file.write(f"{pair.key.strip()}\n{pair.certificate.strip()}\n")
        file.flush()
        try:
            context.load_cert_chain(file.name)
        except ssl.SSLError as error:
            raise Refused("the client certificate cannot be used") from error
    return context


def fitting(provider: Provider, scheme: Scheme, keys: Mapping[str, str]) -> BoundedSession | None:
    """The session calls of a connection go through, None for the plain one. Raises Reconnect without a valid certificate."""
    if isinstance(scheme, ClientCredentials) and scheme.certificate:
        try:
            return certified(certificates.shown(keys))
        except certificates.BadCertificate as error:
            raise Reconnect(str(error)) from error
    return public() if addresses.is_typed(provider) else None


def authorities() -> ssl.SSLContext:
    """A context that trusts who is trusted publicly."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
