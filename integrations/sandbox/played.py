"""A provider the sandbox plays, but for its own API: doors, whose call it is, limits, memory, and what a tester can do to it.

A folder ``integrations/sandbox/<folder>/`` with ``api.py`` and ``SERVICE = <class>`` in it is played; nothing else is edited.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from integrations.sandbox.doors import given
from integrations.sandbox.limits import Window
from integrations.sandbox.oauth import NEVER, Desk, Policy
from integrations.sandbox.service import answer

if TYPE_CHECKING:
    from werkzeug.routing import Rule
    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.doors import Door
    from integrations.sandbox.oauth import Grant
    from integrations.sandbox.service import Setting, Signed, Values
    from integrations.sandbox.state import Record


class PlayedService:
    """Set ``slug``, ``doors``, ``app`` (id and secret of our app there), ``policy`` and ``limit``; write the API itself.

    ``api_rules`` are the authorised endpoints, answered by ``api``; ``open_rules`` those without authorisation, by ``open``.
    """

    slug: ClassVar[str]
    doors: tuple[Door, ...]
    #: What an application registered with the provider holds: (client id, client secret).
    app: ClassVar[tuple[str, str]] = ("", "")
    policy: ClassVar[Policy] = Policy(
        access_seconds=3600, refresh_seconds=0, rotation="none", access_prefix="at_", refresh_prefix="rt_"
    )
    #: Requests a company may make in so many seconds.
    limit: ClassVar[tuple[int, int]] = (600, 60)

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.desk = Desk(self.slug, setting, self.policy)
        self.revoked: set[str] = set()
        self._window = Window(setting.clock, *self.limit)

    # -- for the provider to write --------------------------------------------------------------------------------

    def api_rules(self) -> list[Rule]:
        """The authorised endpoints."""
        return []

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        """Answer an authorised call of a company."""
        del endpoint, request, company, values
        return self.failure(404)

    def open_rules(self) -> list[Rule]:
        """Endpoints that need no authorisation (a presigned file, a revocation by the app's secret)."""
        return []

    def open(self, endpoint: str, request: Request, values: Values) -> Response:
        del endpoint, request, values
        return self.failure(404)

    def failure(self, status: int) -> Response:
        """The provider's own error body for a bare status."""
        return answer({"error": f"status {status}"}, status)

    def too_many(self, wait: int) -> Response:
        """What the provider answers beyond its limit."""
        response = self.failure(429)
        response.headers["Retry-After"] = str(wait)
        return response

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """Raises KeyError for an event the sandbox cannot build."""
        del company, secret
        raise KeyError(event)

    def access(self, company: str) -> dict[str, str]:
        """What the company's people know: where their account is (add the provider's ``asks``), and the keys they made."""
        found: dict[str, str] = {}
        for door in self.doors:
            found |= door.access(self, company)
        return found

    # -- what every provider has ----------------------------------------------------------------------------------

    @cached_property
    def companies(self) -> dict[str, str]:
        """Who uses it, by slug: their names; everybody where nobody is said to."""
        world = self.setting.world
        using = {slug: company.cast.name for slug, company in world.using(self.slug).items()}
        return using or {slug: company.cast.name for slug, company in world.companies.items()}

    def rules(self) -> list[Rule]:
        return [rule for door in self.doors for rule in door.rules()] + self.open_rules() + self.api_rules()

    @cached_property
    def _open(self) -> frozenset[str]:
        return frozenset(str(rule.endpoint) for rule in self.open_rules())

    def handle(self, endpoint: str, request: Request, values: Values) -> Response:
        if endpoint.startswith("door:"):
            return self._door(endpoint, request).handle(self, endpoint, request)
        if endpoint in self._open:
            return self.open(endpoint, request, values)
        company = next((found for door in self.doors if (found := door.company(self, request)) is not None), None)
        if company is None:
            return self.failure(401)
        if self.setting.limits and (wait := self._window.hit(company)):
            return self.too_many(wait)
        return self.api(endpoint, request, company, values)

    def _door(self, endpoint: str, request: Request) -> Door:
        path = request.path.removeprefix(f"/{self.slug}")
        mine = [
            door for door in self.doors if any((rule.endpoint, rule.rule) == (endpoint, path) for rule in door.rules())
        ]
        # Two doors may share a token endpoint: the kind of grant says which is meant.
        wanted = given(request).get("grant_type", "") if len(mine) > 1 else ""
        exact = [door for door in mine if getattr(door, "grant_type", None) == wanted]
        others = [door for door in mine if not hasattr(door, "grant_type")]
        return next(iter([*exact, *others, *mine]))

    def holder(self, token: str) -> str | None:
        """The company of a living token."""
        grant = self.desk.authenticate(token)
        return grant.company if grant is not None else None

    def ends_of(self, grant: Grant, how: str) -> dict[str, Any]:
        """When an access ends, as the provider tells it: ``expires_in``, ``expires_at`` (ISO), or nothing."""
        if grant.access_ends == NEVER or how not in {"expires_in", "expires_at"}:
            return {}
        if how == "expires_at":
            return {how: datetime.fromtimestamp(grant.access_ends, UTC).isoformat().replace("+00:00", "Z")}
        return {how: grant.access_ends - self.setting.clock.now()}

    def replay(self, record: Record) -> None:
        if record["kind"] == "revoked":
            self.revoked.add(record["company"])
        elif record["kind"] == "restored":
            self.revoked.discard(record["company"])
        else:
            self.desk.replay(record)

    def reset(self) -> None:
        self.desk.reset()
        self.revoked.clear()

    def act(self, company: str, action: str) -> dict[str, Any]:
        """``expire-token``: every access ends now; ``revoke``: grants and keys are taken back; ``restore-keys``."""
        if action == "expire-token":
            return {"grants": self.desk.expire_access(company)}
        if action == "restore-keys":
            return {"restored": self.restore(company)}
        if action != "revoke":
            raise KeyError(action)
        self.revoked.add(company)
        self.setting.log.append(self.slug, "revoked", company=company)
        return {"grants": self.desk.revoke_company(company)}

    def restore(self, company: str) -> bool:
        """Let keys that were taken back work again; whether they had been."""
        was = company in self.revoked
        self.revoked.discard(company)
        if was:
            self.setting.log.append(self.slug, "restored", company=company)
        return was
