"""`/_control`: truth, statement files, faults, log, clock, actions on a company, webhooks. For tests and the demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from integrations.sandbox.consent import is_loopback
from integrations.sandbox.service import answer
from integrations.sandbox.statements import statements_of
from integrations.sandbox.world.told import exports_of
from integrations.sandbox.world.truth import truth_of

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from integrations.sandbox.app import SandboxApp
    from integrations.sandbox.service import Signed
    from integrations.sandbox.world import CompanyWorld

DELIVERY_SECONDS = 10
_RULES = [
    Rule("/", endpoint="index", methods=["GET"]),
    Rule("/truth/<slug>", endpoint="truth", methods=["GET"]),
    Rule("/statements/<slug>", endpoint="statements", methods=["GET"]),
    Rule("/statements/<slug>/<filename>", endpoint="statement", methods=["GET"]),
    Rule("/exports/<slug>/<provider>", endpoint="exports", methods=["GET"]),
    Rule("/exports/<slug>/<provider>/<filename>", endpoint="export", methods=["GET"]),
    Rule("/access/<slug>/<provider>", endpoint="access", methods=["GET"]),
    Rule("/faults", endpoint="faults", methods=["GET", "POST", "DELETE"]),
    Rule("/log", endpoint="log", methods=["GET", "DELETE"]),
    Rule("/clock", endpoint="clock", methods=["GET", "POST"]),
    Rule("/companies/<slug>/<action>", endpoint="act", methods=["POST"]),
    Rule("/webhooks", endpoint="webhooks", methods=["POST"]),
]


class Refusal(Exception):  # noqa: N818  # an answer to the tester, status 400 or 404
    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Control:
    def __init__(self, app: SandboxApp) -> None:
        self._app = app
        self._routes = Map(_copies(), strict_slashes=False)
        self._truths: dict[str, dict[str, Any]] = {}

    def handle(self, request: Request, rest: str) -> Response:
        try:
            endpoint, values = self._routes.bind("sandbox").match(f"/{rest}", request.method)
            return getattr(self, f"_{endpoint}")(request, **values)  # type: ignore[no-any-return]
        except NotFound:
            return answer({"error": "no such control"}, 404)
        except MethodNotAllowed:
            return answer({"error": "wrong method"}, 405)
        except Refusal as refusal:
            return answer({"error": str(refusal)}, refusal.status)

    def _company(self, slug: str) -> CompanyWorld:
        found = self._app.setting.world.companies.get(slug)
        if found is None:
            raise Refusal(f"no company {slug}", 404)
        return found

    def _index(self, _request: Request) -> Response:
        setting = self._app.setting
        companies = {
            slug: {"name": world.cast.name, "realm": world.cast.realm, "stripe_account": world.cast.stripe_account}
            for slug, world in setting.world.companies.items()
        }
        ids = {slug: pair[0] for slug, pair in setting.client_ids.items()}
        return answer({"seed": setting.world.seed, "companies": companies, "client_ids": ids})

    def _truth(self, _request: Request, slug: str) -> Response:
        company = self._company(slug)
        if slug not in self._truths:
            self._truths[slug] = truth_of(company)
        return answer(self._truths[slug])

    def _statements(self, _request: Request, slug: str) -> Response:
        """What the bank's paper statements say, and the name of the file each comes as."""
        return answer({"statements": [statement.facts for statement in statements_of(self._company(slug))]})

    def _statement(self, _request: Request, slug: str, filename: str) -> Response:
        found = {statement.filename: statement for statement in statements_of(self._company(slug))}
        if filename not in found:
            raise Refusal(f"no statement {filename}", 404)
        return Response(found[filename].content, content_type="application/octet-stream")

    def _exports(self, _request: Request, slug: str, provider: str) -> Response:
        """The names of the export files a person gets from a system."""
        return answer({"files": sorted(exports_of(self._company(slug), provider))})

    def _export(self, _request: Request, slug: str, provider: str, filename: str) -> Response:
        found = exports_of(self._company(slug), provider)
        if filename not in found:
            raise Refusal(f"no export {filename}", 404)
        return Response(found[filename], content_type="application/octet-stream")

    def _access(self, _request: Request, slug: str, provider: str) -> Response:
        """What the company's own people know of their account: where it is, and the keys they made for us."""
        self._company(slug)
        known = getattr(self._app.services.get(provider), "access", None)
        return answer(known(slug) if known else {})

    def _faults(self, request: Request) -> Response:
        box = self._app.faults
        if request.method == "POST":
            try:
                box.arm(_json(request))
            except (ValueError, TypeError) as error:
                raise Refusal(str(error)) from error
        elif request.method == "DELETE":
            box.clear()
        return answer({"armed": box.listing()})

    def _log(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._app.log.clear()
        return answer({"requests": list(self._app.log)})

    def _clock(self, request: Request) -> Response:
        clock = self._app.setting.clock
        if request.method == "POST":
            clock.advance(int(_json(request)["seconds"]))
        return answer({"now": clock.now()})

    def _act(self, request: Request, slug: str, action: str) -> Response:
        if slug not in self._app.setting.world.companies:
            raise Refusal(f"no company {slug}", 404)
        if action == "reset":
            return self._reset()
        chosen = request.args.get("provider") or _json(request).get("provider")
        outcome: dict[str, Any] = {}
        for name, service in self._app.services.items():
            if chosen in {None, name}:
                try:
                    outcome[name] = service.act(slug, action)
                except KeyError:
                    continue
        if not outcome:
            raise Refusal(f"no provider knows {action}", 404)
        return answer(outcome)

    def _reset(self) -> Response:
        self._app.setting.log.forget()
        self._app.faults.clear()
        for service in self._app.services.values():
            service.reset()
        return answer({"reset": sorted(self._app.services)})

    def _webhooks(self, request: Request) -> Response:
        """Body: provider, slug, event, url and, where the scheme has a secret of its own, secret."""
        facts = _json(request)
        service = self._app.services.get(str(facts.get("provider")))
        if service is None or facts.get("slug") not in self._app.setting.world.companies:
            raise Refusal("provider and slug must name a provider and a company", 404)
        url = str(facts.get("url", ""))
        if not is_loopback(url):
            raise Refusal("webhooks are delivered on this machine only")
        try:
            signed = service.webhook(facts["slug"], str(facts.get("event", "")), str(facts.get("secret", "")))
        except KeyError as error:
            raise Refusal(f"no event {error}", 404) from error
        return _delivered(url, signed)


def _delivered(url: str, signed: Signed) -> Response:
    try:
        got = requests.post(
            url, data=signed.body, headers=signed.headers, timeout=DELIVERY_SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        return answer({"delivered": False, "error": type(error).__name__}, 502)
    return answer({"delivered": got.ok, "status": got.status_code, "bytes": len(signed.body)})


def _copies() -> list[Rule]:
    """A rule belongs to one map; each application binds its own."""
    return [rule.empty() for rule in _RULES]


def _json(request: Request) -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}
