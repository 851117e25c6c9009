"""Codes, tokens and their ends: one desk per provider, with that provider's rule for refresh tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrations.sandbox.service import Setting
    from integrations.sandbox.state import Record

CODE_SECONDS = 600
NEVER = 0


class Refused(Exception):  # noqa: N818  # it is the answer of the token endpoint, not a failure of ours
    """The token endpoint says no; `code` is the OAuth error ("invalid_grant", "invalid_client" …)."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


@dataclass(slots=True)
class Grant:
    """What one consent gave. Times in epoch seconds, 0 = never ends. `previous` is a refresh token still honoured."""

    id: str
    company: str
    scope: str
    access_token: str = ""
    access_ends: int = NEVER
    refresh_token: str = ""
    refresh_ends: int = NEVER
    previous: str = ""
    revoked: bool = False


@dataclass(slots=True)
class _Code:
    company: str
    redirect_uri: str
    scope: str
    challenge: str
    ends: int
    used_by: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """`rotation`: "strict" (each refresh token works once), "rolling" (the value changes, the last one still works
    until its successor was used), "none" (the value never changes).
    """

    access_seconds: int
    refresh_seconds: int
    rotation: str
    access_prefix: str
    refresh_prefix: str


class Desk:
    """Issues and honours the tokens of one provider. Codes are single-use; a second use also ends their grant."""

    def __init__(self, slug: str, setting: Setting, policy: Policy) -> None:
        self.slug = slug
        self.policy = policy
        self._setting = setting
        self._codes: dict[str, _Code] = {}
        self._grants: dict[str, Grant] = {}
        self._lock = threading.RLock()

    # -- callers ------------------------------------------------------------------------------------------------

    def check_client(self, client_id: str, client_secret: str | None) -> None:
        """`client_secret` None checks the id only (authorize page). Raises Refused("invalid_client")."""
        expected = self._setting.client_ids[self.slug]
        wrong_secret = client_secret is not None and client_secret != expected[1]
        if client_id != expected[0] or wrong_secret:
            raise Refused("invalid_client", "Client authentication failed.")

    def issue_code(self, company: str, redirect_uri: str, scope: str, challenge: str = "") -> str:
        code = f"ac_{secrets.token_urlsafe(24)}"
        with self._lock:
            ends = self._setting.clock.now() + CODE_SECONDS
            self._codes[code] = _Code(company, redirect_uri, scope, challenge, ends)
        return code

    def redeem(self, code: str, redirect_uri: str | None, verifier: str = "") -> Grant:
        """A new grant for a fresh code. `redirect_uri` None skips the comparison. Raises Refused."""
        with self._lock:
            found = self._codes.get(code)
            if found is None or found.ends < self._setting.clock.now():
                raise Refused("invalid_grant", "The authorization code is unknown or has expired.")
            if found.used_by:
                self._end(self._grants[found.used_by])
                raise Refused("invalid_grant", "The authorization code has been used already.")
            if redirect_uri is not None and redirect_uri != found.redirect_uri:
                raise Refused("invalid_grant", "The redirect URI differs from the one the code was issued for.")
            if found.challenge and found.challenge != _challenge(verifier):
                raise Refused("invalid_grant", "The code verifier does not match.")
            grant = self.open_grant(found.company, found.scope)
            found.used_by = grant.id
            return grant

    def open_grant(self, company: str, scope: str) -> Grant:
        with self._lock:
            grant = Grant(secrets.token_hex(8), company, scope)
            self._grants[grant.id] = grant
            self._renew(grant, new_refresh=True)
            self._remember(grant)
            return grant

    def refresh(self, refresh_token: str) -> Grant:
        """New tokens under the provider's rule. Raises Refused("invalid_grant")."""
        with self._lock:
            grant = self._by_refresh(refresh_token)
            if grant is None or grant.revoked or self._is_over(grant.refresh_ends):
                raise Refused("invalid_grant", "The refresh token is invalid, expired or was used already.")
            if self.policy.rotation == "rolling":
                grant.previous = refresh_token
            self._renew(grant, new_refresh=self.policy.rotation != "none")
            self._remember(grant)
            return grant

    def authenticate(self, access_token: str) -> Grant | None:
        with self._lock:
            for grant in self._grants.values():
                if access_token and secrets.compare_digest(grant.access_token, access_token):
                    over = grant.revoked or self._is_over(grant.access_ends)
                    return None if over else grant
        return None

    def revoke(self, token: str) -> bool:
        """End the grant of an access or refresh token; False when there is none."""
        with self._lock:
            for grant in self._grants.values():
                if token and not grant.revoked and token in {grant.access_token, grant.refresh_token}:
                    self._end(grant)
                    return True
        return False

    # -- control ------------------------------------------------------------------------------------------------

    def grants_of(self, company: str) -> list[Grant]:
        return [grant for grant in self._grants.values() if grant.company == company and not grant.revoked]

    def expire_access(self, company: str) -> int:
        """Every access token of the company stops working now; refresh tokens live on."""
        with self._lock:
            for grant in self.grants_of(company):
                grant.access_ends = self._setting.clock.now() - 1
                self._remember(grant)
            return len(self.grants_of(company))

    def revoke_company(self, company: str) -> int:
        with self._lock:
            found = self.grants_of(company)
            for grant in found:
                self._end(grant)
            return len(found)

    def replay(self, record: Record) -> None:
        grant = Grant(**record["grant"])
        self._grants[grant.id] = grant

    def reset(self) -> None:
        with self._lock:
            self._codes.clear()
            self._grants.clear()

    # -- inside -------------------------------------------------------------------------------------------------

    def _is_over(self, ends: int) -> bool:
        return ends != NEVER and ends <= self._setting.clock.now()

    def _by_refresh(self, token: str) -> Grant | None:
        for grant in self._grants.values():
            if token and token in {grant.refresh_token, grant.previous}:
                return grant
        return None

    def _renew(self, grant: Grant, *, new_refresh: bool) -> None:
        now, policy = self._setting.clock.now(), self.policy
        grant.access_token = f"{policy.access_prefix}{secrets.token_urlsafe(32)}"
        grant.access_ends = now + policy.access_seconds if policy.access_seconds else NEVER
        if new_refresh:
            grant.refresh_token = f"{policy.refresh_prefix}{secrets.token_urlsafe(32)}"
        grant.refresh_ends = now + policy.refresh_seconds if policy.refresh_seconds else NEVER

    def _end(self, grant: Grant) -> None:
        grant.revoked = True
        self._remember(grant)

    def _remember(self, grant: Grant) -> None:
        self._setting.log.append(self.slug, "grant", grant=asdict(grant))


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
