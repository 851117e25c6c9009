"""Connecting by what a person types on our own page: keys, an id with its secret, a login. Proven by a call before it is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from integrations import asking, certificates, oauth, tokens
from integrations.asking import ConnectRefused
from integrations.errors import PayloadError, ProviderError, Reconnect
from integrations.provider import ClientCredentials
from integrations.schemes import DIRECT, fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from clients.models import Client, User
    from integrations.models import Connection
    from integrations.provider import Provider, Scheme


class WrongFields(ConnectRefused):
    """Fields that cannot be right: ``problems`` by name of the field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("some of it cannot be right")
        self.problems = dict(problems)


def is_direct(scheme: Scheme) -> bool:
    """Whether the scheme is finished on our page."""
    return isinstance(scheme, DIRECT)


def connect(
    user: User,
    client: Client,
    provider: Provider,
    given: Mapping[str, str],
    *,
    kind: str = "",
    connection: Connection | None = None,
) -> Connection:
    """The live connection these fields give, proven by a call. ``connection`` is one to be mended: its keys stay where a field
    is left empty. Needs the client's context. Raises WrongFields, ConnectRefused.
    """
    mended = connection if connection is not None and not connection.is_by_file else None
    scheme = provider.scheme(kind or (mended.scheme if mended is not None else ""))
    if not is_direct(scheme):
        raise ConnectRefused(f"{provider.name} is connected on its own page")
    where, wrong_places = asking.read(provider.asks, (mended.where if mended else {}) | dict(given))
    keys, wrong_keys = asking.read(
        fields_of(scheme), _kept(mended, scheme) | {k: v for k, v in given.items() if v.strip()}
    )
    if wrong_places or wrong_keys:
        raise WrongFields(wrong_places | wrong_keys)
    ends_at = _ends(scheme, keys)
    try:
        granted = oauth.prove(provider, scheme, keys, where)
    except Reconnect as error:
        raise ConnectRefused(f"{provider.name} does not accept these keys ({error})") from error
    except (ProviderError, PayloadError) as error:
        raise ConnectRefused(f"{provider.name} could not check the keys: {error}") from error
    return oauth.keep(user, client, provider, replace(granted, ends_at=ends_at), connection)


def _kept(connection: Connection | None, scheme: Scheme) -> dict[str, str]:
    """The keys of a connection that was made by the same scheme; none where its grant is gone."""
    if connection is None or connection.scheme != scheme.kind:
        return {}
    try:
        return tokens.held(connection).grant.keys
    except Reconnect:
        return {}


def _ends(scheme: Scheme, keys: Mapping[str, str]) -> datetime | None:
    """When the last certificate ends; None where there is none. Raises WrongFields for one that cannot be used."""
    if not isinstance(scheme, ClientCredentials) or not scheme.certificate:
        return None
    try:
        certificates.shown(keys)
        return certificates.last_end(keys)
    except certificates.BadCertificate as error:
        raise WrongFields({error.field: str(error)}) from error
