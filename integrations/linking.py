"""Hosted sign-in pages: the provider's own page issues a one-time token that is exchanged for a standing one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations import granting, transport
from integrations.errors import Reconnect, RetryLater
from integrations.http import ProviderApi
from integrations.provider import HostedLink

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from clients.models import Client
    from integrations.models import Connection
    from integrations.provider import Provider


@dataclass(frozen=True, slots=True)
class Granted:
    """What a finished sign-in gave: the token answer, the account's id at the provider, and its name.

    ``keys`` are pasted or posted ones, ``where`` says where the account is, ``kind`` by which scheme it came; ``ends_at`` is
    when it lapses whatever is done.
    """

    answer: Mapping[str, Any]
    account_id: str
    name: str
    keys: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    ends_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Granted({self.account_id!r})"


def open_page(provider: Provider, client: Client, callback: str, access: str) -> tuple[str, str]:
    """(the page's token, its address) for this client; ``access`` is of a connection to be mended, '' for a new one."""
    auth = _auth(provider)
    body = auth.body(f"client-{client.pk}", callback, access) if auth.body else {}
    answer = ProviderApi(provider, access).post(auth.create_path, body)
    token, address = granting.find_text(answer, auth.token_key), granting.find_text(answer, auth.url_key)
    if not token or not address:
        raise RetryLater(f"{provider.name} opened no sign-in page")
    transport.check_address(address)
    return token, address


def collect(provider: Provider, token: str, old: Connection | None) -> Granted:
    """What the page gave. Raises Reconnect while the page was not finished."""
    auth = _auth(provider)
    api = ProviderApi(provider, "")
    result = api.post(auth.result_path, {auth.token_key: token})
    public = granting.find_text(result, auth.public_key)
    if not public:
        if old is not None and _was_finished(result):
            return Granted(_standing(old), old.account_id, old.name)
        raise Reconnect("the sign-in page was not finished")
    answer = api.post(auth.exchange_path, {auth.public_key: public})
    access, account = granting.find_text(answer, auth.access_key), granting.find_text(answer, auth.account_key)
    if not access or not account:
        raise RetryLater(f"{provider.name} gave no access")
    name = ""
    if provider.whoami is not None:
        account, name = provider.whoami(ProviderApi(provider, access, account))
    return Granted({"access_token": access}, account, name)


def remove(provider: Provider, access: str) -> None:
    """Hand the access back."""
    auth = _auth(provider)
    if auth.remove_path:
        ProviderApi(provider, access).post(auth.remove_path, {})


def _auth(provider: Provider) -> HostedLink:
    assert isinstance(provider.auth, HostedLink)
    return provider.auth


def _standing(old: Connection) -> Mapping[str, Any]:
    """Mending keeps the access that is there."""
    from integrations import tokens

    return {"access_token": tokens.held(old).grant.access}


def _was_finished(result: Any) -> bool:
    return bool(granting.find_text(result, "finished_at") or granting.find_text(result, "on_success"))
