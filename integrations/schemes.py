"""How one gets access to a system: the ways there are, each declared as data. The dance of each exists once, elsewhere.

What a person types is of two kinds. ``Provider.asks`` says *where* the account is (a shop's address, a region): kept readable with
the connection. The fields of a scheme are *keys*: kept in the vault only, and never shown again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from integrations.payload import Payload

#: What of the app registered at the provider a scheme needs: its id and secret, the secret alone (a developer key), nothing.
App = Literal["both", "secret", "none"]
#: What a typed key looks like where nothing more is known of it: printable, without blanks.
KEY_PATTERN = r"[\x21-\x7e]{4,500}"


def as_typed(text: str) -> str:
    """The text without blanks around it."""
    return text.strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One field a person fills in. ``pattern`` must fit the whole tidied value; ``wrong`` is said when it does not.

    ``where`` is where the vendor shows the value: an https address or a few words. ``choices`` (value, label) make it a list.
    """

    name: str
    label: str
    help: str = ""
    pattern: str = KEY_PATTERN
    wrong: str = ""
    secret: bool = False
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    where: str = ""
    example: str = ""
    several_lines: bool = False
    tidy: Callable[[str], str] = as_typed

    def read(self, text: str) -> tuple[str, str]:
        """(the value, what is wrong with it in words or '')."""
        value = self.tidy(text)
        if not value:
            return "", "Needed." if self.required else ""
        if self.choices:
            known = value in {choice for choice, _ in self.choices}
            return (value, "") if known else ("", "Choose one of the list.")
        if not re.fullmatch(self.pattern, value):
            like = f", like {self.example}" if self.example else ""
            return "", self.wrong or f"That is not what {self.label[:1].lower()}{self.label[1:]} looks like{like}."
        return value, ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call is signed with. ``keys`` are those of the vault, ``settings`` where the account is; ids are '' if unknown.

    ``kind`` is the scheme the access came by ("oauth2", "keys" …), for a provider that has several.
    """

    access: str = ""
    refresh: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    client_id: str = ""
    secret: str = ""
    account_id: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.kind!r}, {self.account_id!r})"


@dataclass(slots=True)
class Outgoing:
    """A request about to leave, to be signed in place. ``path`` is as the caller gave it; the address itself is fixed."""

    method: str
    path: str
    headers: dict[str, str]
    params: dict[str, Any]
    json: dict[str, Any] | None = None
    form: dict[str, str] | None = None

    def __repr__(self) -> str:
        return f"Outgoing({self.method} {self.path})"


@dataclass(frozen=True, kw_only=True, slots=True)
class OAuth2:
    """OAuth 2 authorisation code. Paths are relative to the provider's base URL of that purpose.

    A token answer may tell ends as ``expires_in`` or ``expires_at`` (ISO), and of the refresh token likewise; an answer
    without any is good until a call is refused with 401.
    """

    kind = "oauth2"
    app: App = "both"
    authorize_url: str
    token_url: str
    revoke_url: str = ""
    scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    #: How client id and secret go to the token endpoint.
    client_auth: Literal["basic", "form", "json"] = "basic"
    pkce: bool = False
    #: Refresh answers carry a new refresh token that replaces the old one at once.
    rotates: bool = True
    refreshes: bool = True
    #: Key of the account id in the callback query ("realmId") or the token answer ("stripe_user_id").
    account_key: str = ""
    account_in: Literal["callback", "token", "call"] = "token"
    #: Further fields of the sign-in page, and of every token call.
    authorize_extra: Mapping[str, str] = field(default_factory=dict)
    token_extra: Mapping[str, str] = field(default_factory=dict)
    #: Name under which the sign-in page knows the app, and the setting that holds it where it is not the client id.
    client_id_key: str = "client_id"
    client_id_setting: str = ""
    code_key: str = "code"
    #: Fields of the callback or the token answer that say where the account answers, each with its whole pattern.
    keeps: Mapping[str, str] = field(default_factory=dict)
    #: Whether a callback is authentic, given its query and the credentials (a signature of the provider's own).
    verify_callback: Callable[[Mapping[str, str], Credentials], bool] | None = None
    #: Days after which the consent lapses whatever is refreshed; 0 for never.
    consent_days: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class HostedLink:
    """A provider whose own hosted page issues a one-time public token that is exchanged for a standing one (Plaid Link).

    All three are POSTs signed by ``Provider.authorise``. ``body`` makes the one that opens the page from (a reference of
    the client, the callback URL, the access token of a connection to be mended or ''). The result and exchange calls send
    ``{token_key: …}`` and ``{public_key: …}``; the keys say where the answers hold what is needed, at any depth.
    """

    kind = "link"
    app: App = "both"
    create_path: str
    result_path: str
    exchange_path: str
    body: Callable[[str, str, str], dict[str, Any]] | None = None
    remove_path: str = ""
    token_key: str = "link_token"  # noqa: S105 (the name of a field)
    url_key: str = "hosted_link_url"
    public_key: str = "public_token"
    access_key: str = "access_token"
    account_key: str = "item_id"


@dataclass(frozen=True, kw_only=True, slots=True)
class PastedKeys:
    """Keys a person makes at the vendor and pastes here. They are proven at once by ``Provider.whoami``.

    The first field is the access (``Credentials.access``): without ``Provider.authorise`` it goes as a bearer token.
    """

    kind = "keys"
    app: App = "none"
    fields: tuple[Ask, ...]
    #: How to make the keys and with which rights, in words for the person who does it.
    help: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientCredentials:
    """A token from the token endpoint for id and secret, pasted or the app's own; asked for anew when it ends.

    With pasted ``fields``, ``id_field`` and ``secret_field`` name those that are id and secret. ``certificate``: every call,
    the token call too, shows a client certificate; the form then also asks for it and its key, and for a second one that may
    follow it. The connection ends with the last certificate.
    """

    kind = "credentials"
    token_url: str
    fields: tuple[Ask, ...] = ()
    id_field: str = "client_id"
    secret_field: str = "client_secret"  # noqa: S105 (the name of a field)
    client_auth: Literal["basic", "form", "json"] = "basic"
    scopes: tuple[str, ...] = ()
    token_extra: Mapping[str, str] = field(default_factory=lambda: {"grant_type": "client_credentials"})
    certificate: bool = False
    help: str = ""

    @property
    def app(self) -> App:
        return "none" if self.fields else "both"


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionLogin:
    """A session opened with pasted credentials. It is kept until a call says that it is over, then opened once more.

    ``body`` makes the JSON of the POST to ``login_path`` (purpose ``api``); ``session_key`` is where the answer holds the
    session, at any depth. ``idle_minutes`` is how long the vendor keeps an unused one.
    """

    kind = "session"
    app: App = "none"
    fields: tuple[Ask, ...]
    login_path: str
    body: Callable[[Credentials], dict[str, Any]]
    session_key: str = "sessionId"
    idle_minutes: int = 35
    logout_path: str = ""
    help: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PostedKeys:
    """Keys that the account's own server posts to us after a person agreed on its page (WooCommerce's wc-auth).

    ``query`` makes the page's query from (our one-time reference, where the browser returns, where the keys are posted).
    ``read`` takes (that reference, the keys by name) from the posted body. The first of ``names`` is the access.
    """

    kind = "posted"
    app: App = "none"
    authorize_url: str
    query: Callable[[str, str, str], dict[str, str]]
    read: Callable[[Payload], tuple[str, dict[str, str]]]
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileOnly:
    """No access at all: its figures come as files a person brings (``Provider.files``)."""

    kind = "file"
    app: App = "none"


Scheme = OAuth2 | HostedLink | PastedKeys | ClientCredentials | SessionLogin | PostedKeys | FileOnly
#: Those that are finished on our own form, without leaving for the vendor's page.
DIRECT = (PastedKeys, ClientCredentials, SessionLogin)


def fields_of(scheme: Scheme) -> tuple[Ask, ...]:
    """The keys a person pastes for a scheme, the certificate's among them."""
    if isinstance(scheme, ClientCredentials):
        return (*scheme.fields, *(CERTIFICATES if scheme.certificate else ()))
    return scheme.fields if isinstance(scheme, (PastedKeys, SessionLogin)) else ()


_PEM = r"(?s)\s*-----BEGIN [A-Z ]*{}-----.{{20,16000}}-----END [A-Z ]*{}-----\s*"
_CERTIFICATE, _KEY = _PEM.format("CERTIFICATE", "CERTIFICATE"), _PEM.format("PRIVATE KEY", "PRIVATE KEY")
CERTIFICATES = (
    Ask(
        name="certificate",
        label="Client certificate",
        help="PEM text, from BEGIN CERTIFICATE to END CERTIFICATE.",
        pattern=_CERTIFICATE,
        several_lines=True,
    ),
    Ask(
        name="certificate_key",
        label="Key of the certificate",
        help="PEM text, without a passphrase.",
        pattern=_KEY,
        secret=True,
        several_lines=True,
    ),
    Ask(
        name="next_certificate",
        label="Certificate that follows it",
        help="Only while one certificate replaces another: both are then in force.",
        pattern=_CERTIFICATE,
        required=False,
        several_lines=True,
    ),
    Ask(
        name="next_certificate_key",
        label="Key of the certificate that follows",
        pattern=_KEY,
        secret=True,
        required=False,
        several_lines=True,
    ),
)
