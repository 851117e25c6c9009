"""What arrives without being fetched, as a provider declares it: notices, how they are verified, and files of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from integrations.provider import Api
    from integrations.tables import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class FileLayout:
    """An export file of the provider's own, CSV or XLSX, known by its header row.

    ``objects`` turns the rows into raw objects of the stream ``stream``, whose ``identify`` and ``to_records`` read them as
    if they had been pulled: the same object from a file and from the API is one. Raises PayloadError naming the line.
    """

    name: str
    label: str
    stream: str
    recognise: Callable[[tuple[str, ...]], bool]
    objects: Callable[[Table], Iterable[Mapping[str, Any]]]
    #: Where a person finds the export, in words.
    help: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice as it came: ``url`` is the public address it was sent to, query included."""

    body: bytes
    headers: Mapping[str, str]
    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Greeting:
    """A delivery that is no notice: a first ping (all empty), a secret handed over for a subscription, or a word to echo."""

    subscription: str = ""
    secret: str = ""
    answer: str = ""

    def __repr__(self) -> str:
        return f"Greeting({self.subscription!r})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """How the provider's notices are verified and read.

    ``verify(body, headers, secrets, now)`` or, where the address is signed too, ``verify_at(delivery, secrets, now)`` is
    constant-time on the raw body; header names in any case. ``events(payload)`` gives (event id, account id, stream names to
    look at again) for each notice in the body. An empty event id: the notice has none, so the receiver takes the SHA-256 of
    body and signature header. An empty account id: the address tells whose.

    Secrets are those of the setting, and what a confirmed greeting handed over; ``app_secret`` adds the app's own,
    ``secret_key`` the connection's pasted key of that name (the address then tells whose). Where ``key_path`` is set,
    ``key_id(headers)`` names the public key, a POST of ``{"key_id": …}`` with the app's credentials fetches it, and the
    answer's JSON text is the one secret given. ``key_url(headers)`` gives the address of a certificate, fetched from
    ``Provider.file_hosts`` only: its text is then the first secret, before those of the setting.

    ``greeting(body, headers)`` recognises what is no notice; ``confirm(api, greeting)`` proves a secret with a call of the app
    (``Provider.app_grant``) and raises when the provider does not know it: nothing unproven is kept.
    """

    events: Callable[[Any], Iterable[tuple[str, str, tuple[str, ...]]]]
    verify: Callable[[bytes, Mapping[str, str], Sequence[str], datetime], bool] | None = None
    verify_at: Callable[[Delivery, Sequence[str], datetime], bool] | None = None
    #: Path of the key look-up for signatures with public keys; '' for shared secrets.
    key_path: str = ""
    key_id: Callable[[Mapping[str, str]], str] | None = None
    key_url: Callable[[Mapping[str, str]], str] | None = None
    app_secret: bool = False
    secret_key: str = ""
    greeting: Callable[[bytes, Mapping[str, str]], Greeting | None] | None = None
    confirm: Callable[[Api, Greeting], None] | None = None
    #: Asks the provider to send notices to this address, with a call of the app.
    subscribe: Callable[[Api, str], None] | None = None
