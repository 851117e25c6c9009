"""The ways into a provider the sandbox plays, one class each: what its pages, token endpoints and keys look like from outside.

A door answers its own endpoints, says of whom a call is, and what the company's people would paste. ``PlayedService`` puts doors
before a provider's own API.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

import requests
from werkzeug.routing import Rule
from werkzeug.utils import redirect

from integrations.sandbox.consent import consent, is_local, is_loopback
from integrations.sandbox.oauth import Refused
from integrations.sandbox.service import answer, basic, bearer, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.oauth import Grant
    from integrations.sandbox.played import PlayedService

DELIVERY_SECONDS = 10


class Door(Protocol):
    """One way in. Endpoints are named ``door:<name>``."""

    def rules(self) -> list[Rule]: ...

    def handle(self, service: PlayedService, endpoint: str, request: Request) -> Response: ...

    def company(self, service: PlayedService, request: Request) -> str | None:
        """Whose call it is, None for nobody's."""
        ...

    def access(self, service: PlayedService, company: str) -> dict[str, str]:
        """What the company's people would paste, by field."""
        ...


def given(request: Request) -> dict[str, str]:
    """The fields of a form or JSON body."""
    if request.mimetype == "application/json":
        body = request.get_json(silent=True)
        return {str(name): str(value) for name, value in body.items()} if isinstance(body, dict) else {}
    return request.form.to_dict()


def made_key(slug: str, company: str, name: str, shape: str = "{}") -> str:
    """The same key for the same company and field, for ever; ``shape`` is what the vendor's look like, like ``ck_{}``."""
    return shape.format(hashlib.sha256(f"{slug} {company} {name}".encode()).hexdigest()[:40])


def refusal(refused: Refused) -> Response:
    status = 401 if refused.code == "invalid_client" else 400
    return answer({"error": refused.code, "error_description": refused.description}, status)


@dataclass(frozen=True, kw_only=True)
class OAuthDoor:
    """Authorisation code with refresh. ``callback(company)`` adds to the query the browser returns with and ``sign`` to the
    whole of it; ``told(company, grant)`` adds to the token answer. ``ends``: an answer tells ``expires_in``, ``expires_at``
    or nothing. ``present`` takes the token from a call.
    """

    authorize: str
    token: str
    revoke: str = ""
    title: str = "Connect"
    callback: Callable[[str], dict[str, str]] = field(default=lambda _company: {})
    sign: Callable[[dict[str, str]], dict[str, str]] = field(default=lambda query: query)
    told: Callable[[str, Grant], dict[str, Any]] = field(default=lambda _company, _grant: {})
    ends: str = "expires_in"
    client_key: str = "client_id"
    code_key: str = "code"
    present: Callable[[Request], str] = bearer

    def rules(self) -> list[Rule]:
        rules = [
            Rule(self.authorize, endpoint="door:authorize", methods=["GET", "POST"]),
            Rule(self.token, endpoint="door:token", methods=["POST"]),
        ]
        return [*rules, Rule(self.revoke, endpoint="door:revoke", methods=["POST"])] if self.revoke else rules

    def handle(self, service: PlayedService, endpoint: str, request: Request) -> Response:
        if endpoint == "door:authorize":
            keys = (self.client_key, self.code_key)
            return consent(service.desk, request, self.title, service.companies, self.callback, keys, self.sign)
        fields = given(request)
        named = (fields.get("client_id", ""), fields.get("client_secret", ""))
        try:
            service.desk.check_client(*(named if any(named) else basic(request)))
            if endpoint == "door:revoke":
                service.desk.revoke(fields.get("token", ""))
                return answer({})
            if fields.get("grant_type") == "refresh_token":
                grant = service.desk.refresh(fields.get("refresh_token", ""))
            else:
                grant = service.desk.redeem(fields.get("code", ""), None, fields.get("code_verifier", ""))
        except Refused as refused:
            return refusal(refused)
        return answer(self._tokens(service, grant))

    def _tokens(self, service: PlayedService, grant: Grant) -> dict[str, Any]:
        found = {"access_token": grant.access_token, "token_type": "bearer", **service.ends_of(grant, self.ends)}
        if grant.refresh_token:
            found["refresh_token"] = grant.refresh_token
        if grant.scope:
            found["scope"] = grant.scope
        return found | self.told(grant.company, grant)

    def company(self, service: PlayedService, request: Request) -> str | None:
        return service.holder(self.present(request))

    def access(self, _service: PlayedService, _company: str) -> dict[str, str]:
        return {}


@dataclass(frozen=True, kw_only=True)
class KeysDoor:
    """Keys the company's people made. ``shapes`` are field → what the key looks like; ``present`` takes them from a call."""

    shapes: dict[str, str]
    present: Callable[[Request], dict[str, str]]

    def rules(self) -> list[Rule]:
        return []

    def handle(self, service: PlayedService, _endpoint: str, _request: Request) -> Response:
        return service.failure(404)

    def company(self, service: PlayedService, request: Request) -> str | None:
        shown = self.present(request)
        for company in service.companies:
            known = self.access(service, company)
            if known and all(
                secrets.compare_digest(shown.get(name, "").encode(), known[name].encode()) for name in known
            ):
                return None if company in service.revoked else company
        return None

    def access(self, service: PlayedService, company: str) -> dict[str, str]:
        return {name: made_key(service.slug, company, name, shape) for name, shape in self.shapes.items()}


@dataclass(frozen=True, kw_only=True)
class TokenDoor:
    """Tokens for an id and a secret: a company's own (``shapes``: the fields of id and secret), or the app's (no shapes)."""

    token: str
    shapes: dict[str, str] = field(default_factory=dict)
    grant_type: str = "client_credentials"
    told: Callable[[str, Grant], dict[str, Any]] = field(default=lambda _company, _grant: {})
    present: Callable[[Request], str] = bearer

    def rules(self) -> list[Rule]:
        return [Rule(self.token, endpoint="door:token", methods=["POST"])]

    def handle(self, service: PlayedService, _endpoint: str, request: Request) -> Response:
        fields = given(request)
        named = (fields.get("client_id", ""), fields.get("client_secret", ""))
        shown = named if any(named) else basic(request)
        if fields.get("grant_type") != self.grant_type:
            return refusal(Refused("unsupported_grant_type", "The grant type is not supported."))
        company = self._whose(service, shown)
        if company is None:
            return refusal(Refused("invalid_client", "Client authentication failed."))
        grant = service.desk.open_grant(company, fields.get("scope", ""))
        found = {"access_token": grant.access_token, "token_type": "Bearer", **service.ends_of(grant, "expires_in")}
        return answer(found | self.told(company, grant))

    def _whose(self, service: PlayedService, shown: tuple[str, str]) -> str | None:
        if not self.shapes:
            return "" if shown == service.app else None
        for company in service.companies:
            if tuple(self.access(service, company).values())[:2] == shown and company not in service.revoked:
                return company
        return None

    def company(self, service: PlayedService, request: Request) -> str | None:
        return service.holder(self.present(request))

    def access(self, service: PlayedService, company: str) -> dict[str, str]:
        return {name: made_key(service.slug, company, name, shape) for name, shape in self.shapes.items()}


@dataclass(frozen=True, kw_only=True)
class SessionDoor:
    """A login that gives a session. ``login_answer(session, company)`` is its body, ``present`` takes the session from a call."""

    login: str
    shapes: dict[str, str]
    login_answer: Callable[[str, str], Any]
    present: Callable[[Request], str]
    logout: str = ""

    def rules(self) -> list[Rule]:
        rules = [Rule(self.login, endpoint="door:login", methods=["POST"])]
        return [*rules, Rule(self.logout, endpoint="door:logout", methods=["POST"])] if self.logout else rules

    def handle(self, service: PlayedService, endpoint: str, request: Request) -> Response:
        if endpoint == "door:logout":
            return answer({}) if service.desk.revoke(self.present(request)) else service.failure(401)
        shown = given(request)
        for company in service.companies:
            known = self.access(service, company)
            if company not in service.revoked and all(shown.get(name) == value for name, value in known.items()):
                return answer(self.login_answer(service.desk.open_grant(company, "").access_token, company))
        return service.failure(401)

    def company(self, service: PlayedService, request: Request) -> str | None:
        return service.holder(self.present(request))

    def access(self, service: PlayedService, company: str) -> dict[str, str]:
        return {name: made_key(service.slug, company, name, shape) for name, shape in self.shapes.items()}


@dataclass(frozen=True, kw_only=True)
class PostedDoor:
    """A page of the company's own server that posts keys to the application before it sends the browser back.

    ``body(reference, keys)`` is what is posted, ``returns(reference)`` the query the browser returns with.
    """

    authorize: str
    shapes: dict[str, str]
    body: Callable[[str, dict[str, str]], dict[str, Any]]
    present: Callable[[Request], dict[str, str]]
    returns: Callable[[str], dict[str, str]] = field(default=lambda reference: {"success": "1", "user_id": reference})
    title: str = "Connect"

    def rules(self) -> list[Rule]:
        return [Rule(self.authorize, endpoint="door:authorize", methods=["GET", "POST"])]

    def handle(self, service: PlayedService, _endpoint: str, request: Request) -> Response:
        asked = request.form if request.method == "POST" else request.args
        back, hook, reference = (asked.get(name, "") for name in ("return_url", "callback_url", "user_id"))
        if not is_local(back) or not is_loopback(hook) or not reference:
            return page(self.title, "<p>The addresses of the application are not allowed.</p>", 400)
        company = asked.get("company", "")
        if request.method != "POST":
            return page(self.title, _choice(asked.to_dict(), service.companies, company))
        joint = "&" if "?" in back else "?"
        if asked.get("decision") != "approve" or company not in service.companies:
            return redirect(f"{back}{joint}{urlencode({'success': '0', 'user_id': reference})}", 302)
        service.restore(company)
        posted = requests.post(hook, json=self.body(reference, self.access(service, company)), timeout=DELIVERY_SECONDS)
        if not posted.ok:
            return page(self.title, "<p>The application did not take the keys.</p>", 502)
        return redirect(f"{back}{joint}{urlencode(self.returns(reference))}", 302)

    def company(self, service: PlayedService, request: Request) -> str | None:
        return KeysDoor(shapes=self.shapes, present=self.present).company(service, request)

    def access(self, service: PlayedService, company: str) -> dict[str, str]:
        return {name: made_key(service.slug, company, name, shape) for name, shape in self.shapes.items()}


def _choice(asked: dict[str, str], companies: dict[str, str], chosen: str) -> str:
    """A form that keeps what was asked, with the companies to choose among."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in asked.items() if k != "company"
    )
    first = chosen if chosen in companies else next(iter(companies), "")
    choices = "".join(
        f'<p><label><input type="radio" name="company" value="{slug}"{" checked" if slug == first else ""}> '
        f"{escape(name)}</label></p>"
        for slug, name in companies.items()
    )
    buttons = "".join(
        f'<button type="submit" name="decision" value="{value}">{label}</button> '
        for value, label in (("approve", "Approve"), ("deny", "Deny"))
    )
    return f'<form method="post">{hidden}<fieldset>{choices}</fieldset><p>{buttons}</p></form>'
