"""What must be true of a provider's schemes, notices and files for them to work; asked by the registry at start."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from integrations.provider import ClientCredentials, FileOnly, HostedLink, OAuth2, PastedKeys, PostedKeys, SessionLogin
from integrations.schemes import DIRECT, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.provider import Ask, Provider, Scheme

_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: Hosts no pattern may let through: they are this machine, this network, or a trick with an address.
FORBIDDEN_HOSTS = (
    "localhost",
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "192.168.0.1",
    "::1",
    "0x7f000001",
    "2130706433",
    "evil.example/x",
    "evil.example@good.example",
    "good.example:8080",
    "a b.example",
    "",
)


def is_too_wide(pattern: str) -> bool:
    """Whether a host pattern admits what is certainly no vendor, or cannot be read."""
    try:
        return any(re.fullmatch(pattern, host) for host in FORBIDDEN_HOSTS)
    except re.error:
        return True


def check_schemes(declared: Provider) -> Iterator[str]:
    """Problems of each way to get access, and of what is asked for it."""
    kinds = [scheme.kind for scheme in declared.schemes]
    if len(set(kinds)) != len(kinds):
        yield "two ways to connect are of one kind"
    yield from _check_asks("asks", declared.asks)
    for ask in declared.asks:
        if ask.secret:
            yield f"asks {ask.name!r} is secret: it belongs to the keys of a scheme"
    for scheme in declared.schemes:
        yield from _check_paths(scheme)
        yield from _check_asks(scheme.kind, fields_of(scheme))
        if isinstance(scheme, OAuth2):
            yield from _check_oauth(declared, scheme)
        elif isinstance(scheme, HostedLink) and declared.authorise is None:
            yield "a hosted link needs authorise"
        elif isinstance(scheme, (*DIRECT, PostedKeys)):
            yield from _check_keys(declared, scheme)
    if declared.app_grant is not None and declared.app_grant.fields:
        yield "app_grant is of the app: it has no fields to paste"


def _check_paths(scheme: Scheme) -> Iterator[str]:
    paths: dict[str, str] = {}
    if isinstance(scheme, OAuth2):
        paths = {"authorize": scheme.authorize_url, "token": scheme.token_url}
    elif isinstance(scheme, HostedLink):
        paths = {"create": scheme.create_path, "result": scheme.result_path, "exchange": scheme.exchange_path}
    elif isinstance(scheme, ClientCredentials):
        paths = {"token": scheme.token_url}
    elif isinstance(scheme, SessionLogin):
        paths = {"login": scheme.login_path}
    elif isinstance(scheme, PostedKeys):
        paths = {"authorize": scheme.authorize_url}
    for purpose, path in paths.items():
        if not path.startswith("/"):
            yield f"path {purpose!r} must begin with a slash"


def _check_oauth(declared: Provider, auth: OAuth2) -> Iterator[str]:
    if auth.account_in == "call" and declared.whoami is None:
        yield "the account is found by a call, and there is no whoami"
    if auth.account_in != "call" and not auth.account_key:
        yield f"the account is in the {auth.account_in}, and account_key does not say where"
    for name, pattern in auth.keeps.items():
        if not pattern or re.compile(pattern).fullmatch("http://localhost/"):
            yield f"keeps {name!r} takes any value"


def _check_keys(
    declared: Provider, scheme: PastedKeys | ClientCredentials | SessionLogin | PostedKeys
) -> Iterator[str]:
    if declared.whoami is None:
        yield f"{scheme.kind}: nothing proves the keys (whoami)"
    names = scheme.names if isinstance(scheme, PostedKeys) else tuple(ask.name for ask in fields_of(scheme))
    if not names and not isinstance(scheme, ClientCredentials):
        yield f"{scheme.kind}: it has no keys"
    if isinstance(scheme, SessionLogin) and not any(ask.secret for ask in scheme.fields):
        yield "session: none of its fields is secret"
    if isinstance(scheme, ClientCredentials) and scheme.fields:
        for name in (scheme.id_field, scheme.secret_field):
            if name not in names:
                yield f"credentials: there is no field {name!r}"


def _check_asks(where: str, asks: tuple[Ask, ...]) -> Iterator[str]:
    names = [ask.name for ask in asks]
    if len(set(names)) != len(names):
        yield f"{where}: two fields have one name"
    for ask in asks:
        if not _NAME.fullmatch(ask.name) or not ask.label:
            yield f"{where}: field {ask.name!r} has no plain name or no label"
        try:
            re.compile(ask.pattern)
        except re.error:
            yield f"{where}: the pattern of {ask.name!r} cannot be read"
        if ask.example and not ask.secret and not ask.choices and ask.read(ask.example)[1]:
            yield f"{where}: the example of {ask.name!r} does not fit its own pattern"


def check_webhook(declared: Provider) -> Iterator[str]:
    """Problems of how notices are verified."""
    hook = declared.webhook
    if hook is None:
        return
    if (hook.verify is None) == (hook.verify_at is None):
        yield "a webhook needs one of verify and verify_at"
    if bool(hook.key_path) != (hook.key_id is not None):
        yield "a webhook with public keys needs both key_path and key_id"
    if hook.key_url is not None and not declared.file_hosts:
        yield "a webhook's certificate has an address, and file_hosts does not say from where"
    if hook.confirm is not None and (hook.greeting is None or declared.app_grant is None):
        yield "confirm needs a greeting that hands over the secret and an app_grant to ask with"
    if hook.subscribe is not None and declared.app_grant is None:
        yield "subscribe needs an app_grant to ask with"


def check_files(declared: Provider) -> Iterator[str]:
    """Problems of the layouts of its export files."""
    streams = {stream.name for stream in declared.streams}
    names = [layout.name for layout in declared.files]
    if isinstance(declared.auth, FileOnly) and not names:
        yield "it has neither an access nor a file"
    if len(set(names)) != len(names):
        yield "two file layouts have one name"
    for layout in declared.files:
        if not _NAME.fullmatch(layout.name) or not layout.label or not layout.help:
            yield f"file layout {layout.name!r} needs a plain name, a label and help"
        if layout.stream not in streams:
            yield f"file layout {layout.name!r} is of no stream"
