"""How each scheme comes by its access: token calls, logins, and what of an answer is kept. No database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from integrations import addresses, sessions, transport
from integrations.errors import Reconnect, RetryLater
from integrations.provider import ClientCredentials, Credentials, OAuth2, PastedKeys, PostedKeys, SessionLogin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.provider import Provider, Scheme

TOKEN_SECONDS = 10


def obtain(provider: Provider, scheme: Scheme, keys: Mapping[str, str], where: Mapping[str, str]) -> Mapping[str, Any]:
    """A token answer for keys: their own text, a token, or a session. One call at most.

    Raises Reconnect when the keys are not accepted, RetryLater, Misconfigured.
    """
    if isinstance(scheme, PastedKeys):
        return {"access_token": keys[scheme.fields[0].name]}
    if isinstance(scheme, PostedKeys):
        return {"access_token": keys[scheme.names[0]]}
    if isinstance(scheme, SessionLogin):
        return _login(provider, scheme, keys, where)
    assert isinstance(scheme, ClientCredentials)
    fields = dict(scheme.token_extra)
    if scheme.scopes:
        fields["scope"] = " ".join(scheme.scopes)
    try:
        return token_call(provider, scheme, fields, where, keys=keys)
    except addresses.Misconfigured as error:
        if scheme.fields and error.code in {"invalid_client", "unauthorized_client"}:
            raise Reconnect("the keys are not accepted") from error
        raise


def _login(
    provider: Provider, scheme: SessionLogin, keys: Mapping[str, str], where: Mapping[str, str]
) -> Mapping[str, Any]:
    client_id, secret = addresses.app_credentials(provider, scheme)
    body = scheme.body(Credentials(keys=keys, client_id=client_id, secret=secret, settings=where, kind=scheme.kind))
    url = addresses.place(addresses.base_urls(provider, where)["api"], scheme.login_path)
    through = sessions.fitting(provider, scheme, keys)
    answer = transport.send(
        "POST", url, headers=dict(provider.headers), json=body, seconds=TOKEN_SECONDS, reads=True, through=through
    )
    error = transport.error_of(provider, answer, reads=True)
    if error is not None:
        raise error
    session = find_text(answer.body, scheme.session_key)
    if not session:
        raise RetryLater("the login gave no session", trace=answer.trace)
    return {"access_token": session}


def token_call(
    provider: Provider,
    scheme: OAuth2 | ClientCredentials,
    fields: Mapping[str, str],
    where: Mapping[str, str],
    *,
    keys: Mapping[str, str] | None = None,
) -> Mapping[str, Any]:
    """A plain OAuth 2 token call with id and secret where the provider wants them: the app's, or the pasted ones.

    Raises Reconnect for invalid_grant, Refused for a wrong app, RetryLater otherwise; no answer's text is repeated.
    """
    held = keys or {}
    extra = scheme.token_extra if isinstance(scheme, OAuth2) else {}
    answer = _token_request(provider, scheme, scheme.token_url, {**extra, **fields}, where, held)
    return transport.token_answer(answer)


def revoke_call(provider: Provider, scheme: OAuth2, fields: Mapping[str, str], where: Mapping[str, str]) -> None:
    """Hand a token back; many answer without a body. Raises like ``token_call``."""
    answer = _token_request(provider, scheme, scheme.revoke_url, fields, where, {})
    if answer.status >= 400:
        transport.token_answer(answer)


def _token_request(
    provider: Provider,
    scheme: OAuth2 | ClientCredentials,
    path: str,
    fields: Mapping[str, str],
    where: Mapping[str, str],
    keys: Mapping[str, str],
) -> transport.Answer:
    if isinstance(scheme, ClientCredentials) and scheme.fields:
        client_id, secret = keys[scheme.id_field], keys[scheme.secret_field]
    else:
        client_id, secret = addresses.app_credentials(provider, scheme)
    url = addresses.place(addresses.base_urls(provider, where)["token"], path)
    headers: dict[str, str] = dict(provider.headers)
    body = dict(fields)
    if scheme.client_auth == "basic":
        headers["Authorization"] = addresses.basic(client_id, secret)
    else:
        body |= {"client_id": client_id, "client_secret": secret}
    how: dict[str, Any] = {"json": body} if scheme.client_auth == "json" else {"form": body}
    through = sessions.fitting(provider, scheme, keys)
    return transport.send("POST", url, headers=headers, seconds=TOKEN_SECONDS, through=through, **how)


def kept(scheme: Scheme, answer: Mapping[str, Any]) -> dict[str, str]:
    """What an answer tells of where the account is, each fitting its pattern. Raises Misconfigured for what does not."""
    found: dict[str, str] = {}
    for name, pattern in scheme.keeps.items() if isinstance(scheme, OAuth2) else ():
        value = answer.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise addresses.Misconfigured(
                f"the sign-in told a {name} that is none of the provider's", code="other-host"
            )
        found[name] = value
    return found


def find_text(value: Any, key: str) -> str:
    """The first text under this key at any depth; '' if there is none."""
    return next((found for found in _all(value, key) if found), "")


def _all(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        found = value.get(key)
        if isinstance(found, str):
            yield found
        for inner in value.values():
            yield from _all(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _all(inner, key)
