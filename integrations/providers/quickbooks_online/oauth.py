"""Tokens through Intuit's own package, with our session, our time-outs and nothing of an answer in an error.

The package's client reads a discovery document when it is made, sends without a time-out and keeps bodies in its errors;
``_Client`` takes its endpoints from the declaration and hands every request to the caller's session instead.
https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests
from intuitlib.client import AuthClient
from intuitlib.exceptions import AuthClientError

from integrations.errors import Reconnect, Refused, RetryLater, Unanswered

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_SECONDS = (5, 10)
TOKEN_PATH = "/oauth2/v1/tokens/bearer"  # noqa: S105
REVOKE_PATH = "/v2/oauth2/tokens/revoke"
UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 (a code of ours)
#: What of a token answer the package may see; an id token would make it fetch keys on its own.
_KEPT = frozenset(
    {
        "access_token",
        "refresh_token",
        "expires_in",
        "x_refresh_token_expires_in",
        "x_refresh_token_hard_expires_in",
        "token_type",
    }
)


class _Answer(requests.Response):
    """A response reduced to its status, trace id and the fields of a token answer."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.status_code = response.status_code
        self.headers["intuit_tid"] = response.headers.get("intuit_tid", "")
        self.headers["Retry-After"] = response.headers.get("Retry-After", "")
        found = _object(response)
        self.error = str(found.get("error", ""))
        self.kept = {key: value for key, value in found.items() if key in _KEPT}

    @property
    def content(self) -> bytes:
        return b"{}" if self.kept else b""

    def json(self, **_options: Any) -> dict[str, Any]:
        return self.kept


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        found = json.loads(response.content or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class _Client(AuthClient):  # type: ignore[misc]
    """The package's client without its discovery call; it keeps no state beyond one exchange."""

    def __init__(self, session: requests.Session, base_urls: Mapping[str, str], client_id: str, secret: str) -> None:
        requests.Session.__init__(self)
        self.outer = session
        self.client_id, self.client_secret, self.redirect_uri = client_id, secret, ""
        self.environment, self.state_token, self.realm_id = "production", None, None
        self.token_endpoint = base_urls["token"] + TOKEN_PATH
        self.revoke_endpoint = base_urls.get("revoke", base_urls["token"]) + REVOKE_PATH
        self.issuer_uri = self.jwks_uri = ""
        self.access_token = self.refresh_token = self.id_token = None
        self.expires_in = self.x_refresh_token_expires_in = self.x_refresh_token_hard_expires_in = None
        self._include_refresh_token_hard_expires_in = True

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Every call of the package ends here: once, bounded in time, never to another host."""
        headers = {**options.pop("headers", {}), "User-Agent": "Tieout"}
        options.pop("timeout", None)
        response = self.outer.request(
            method, url, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False, **options
        )
        return _Answer(response)


class IntuitTokens:
    """The token calls of ``integrations.provider.TokenExchange``, made by the package."""

    def exchange(
        self,
        session: requests.Session,
        base_urls: Mapping[str, str],
        *,
        client_id: str,
        secret: str,
        code: str,
        redirect_uri: str,
    ) -> dict[str, Any]:
        client = _Client(session, base_urls, client_id, secret)
        client.redirect_uri = redirect_uri
        _call(client.get_bearer_token, code)
        return _tokens(client)

    def refresh(
        self,
        session: requests.Session,
        base_urls: Mapping[str, str],
        *,
        client_id: str,
        secret: str,
        refresh_token: str,
    ) -> dict[str, Any]:
        client = _Client(session, base_urls, client_id, secret)
        _call(client.refresh, refresh_token)
        return _tokens(client)

    def revoke(
        self, session: requests.Session, base_urls: Mapping[str, str], *, client_id: str, secret: str, token: str
    ) -> None:
        """Hand a grant back; one that Intuit does not know (HTTP 400) is back already."""
        try:
            _call(_Client(session, base_urls, client_id, secret).revoke, token)
        except Reconnect:
            return
        except Refused as refusal:
            if refusal.code != UNKNOWN_TOKEN:
                raise


def _call(method: Any, argument: str) -> None:
    """One call of the package; what it raises is told without bodies, and without it in the chain of causes."""
    try:
        method(argument)
    except AuthClientError as error:
        failure = _failure(error.response)
    except requests.ConnectTimeout:
        failure = RetryLater("Intuit's token service cannot be reached")
    except requests.Timeout:
        failure = Unanswered("Intuit's token service did not answer in time")
    except requests.RequestException:
        failure = Unanswered("the connection to Intuit's token service broke")
    else:
        return
    raise failure from None


def _failure(answer: _Answer) -> Exception:
    trace = str(answer.headers.get("intuit_tid") or "")
    if answer.error in {"invalid_grant", "invalid_token"}:
        return Reconnect("QuickBooks no longer accepts this grant")
    if answer.error in {"invalid_client", "unauthorized_client"} or answer.status_code == 401:
        return Refused("Intuit does not accept this application's id and secret", code=answer.error, trace=trace)
    if answer.status_code == 429 or answer.status_code >= 500:
        wait = answer.headers.get("Retry-After") or ""
        return RetryLater(
            "Intuit's token service is busy", retry_after=float(wait) if wait.isdecimal() else 60, trace=trace
        )
    code = answer.error[:40] or (UNKNOWN_TOKEN if answer.status_code == 400 else "")
    return Refused(f"Intuit refused the token request (HTTP {answer.status_code})", code=code, trace=trace)


def _tokens(client: _Client) -> dict[str, Any]:
    """The answer in our words. A new refresh token replaces the old one at once."""
    found = {
        "access_token": client.access_token,
        "refresh_token": client.refresh_token,
        "expires_in": client.expires_in,
        "refresh_expires_in": client.x_refresh_token_expires_in,
        "hard_expires_in": client.x_refresh_token_hard_expires_in,
    }
    if not isinstance(found["access_token"], str) or not isinstance(found["refresh_token"], str):
        raise Unanswered("Intuit's token service answered without tokens")
    return {key: value for key, value in found.items() if value is not None}
