"""Salesforce's endpoints: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest. Errors are a list."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

from integrations.sandbox.doors import OAuthDoor
from integrations.sandbox.oauth import Policy
from integrations.sandbox.played import PlayedService
from integrations.sandbox.salesforce import shapes, soql
from integrations.sandbox.salesforce.story import Org
from integrations.sandbox.service import answer

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.salesforce.shapes import Row
    from integrations.sandbox.service import Setting, Values

MOST, A_DAY, DAY_SECONDS = 200, 15_000, 86_400
_CODES = {401: "INVALID_SESSION_ID", 403: "REQUEST_LIMIT_EXCEEDED", 404: "NOT_FOUND", 503: "SERVER_UNAVAILABLE"}


def host_of(company: str) -> str:
    """The company's My Domain."""
    return f"{company}.my.salesforce.com"


class SalesforceService(PlayedService):
    slug = "salesforce"
    app = ("3MVG9.tieout.sandbox", "sandbox-secret-salesforce")
    # A session ends when the org's policy says; no answer tells when. Refresh tokens rotate where the org wants them to.
    policy = Policy(
        access_seconds=7200, refresh_seconds=0, rotation="strict", access_prefix="00D!", refresh_prefix="5Aep"
    )
    limit = (A_DAY, DAY_SECONDS)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.doors = (
            OAuthDoor(
                authorize="/services/oauth2/authorize",
                token="/services/oauth2/token",  # noqa: S106  # a path
                revoke="/services/oauth2/revoke",
                title="Allow access?",
                ends="",
                told=lambda company, _grant: {
                    "instance_url": f"https://{host_of(company)}",
                    "id": f"https://login.salesforce.com/id/{shapes.id_of('00D', _org_of(company))}/{shapes.id_of('005', 1)}",
                    "issued_at": str(self.setting.clock.now() * 1000),
                },
            ),
        )
        self._held: dict[str, dict[str, list[Row]]] = {}
        self._rest: dict[str, list[Row]] = {}
        self._used: dict[str, int] = {}

    def access(self, company: str) -> dict[str, str]:
        return {"host": host_of(company), **super().access(company)}

    def api_rules(self) -> list[Rule]:
        start = "/services/data/<version>"
        return [
            Rule(f"{start}/query/", endpoint="query", methods=["GET"], strict_slashes=False),
            Rule(f"{start}/queryAll/", endpoint="all", methods=["GET"], strict_slashes=False),
            Rule(f"{start}/query/<locator>", endpoint="more", methods=["GET"]),
            Rule(f"{start}/sobjects/<name>/describe", endpoint="describe", methods=["GET"]),
            Rule(f"{start}/sobjects/<name>/<id>", endpoint="one", methods=["GET"]),
            Rule(f"{start}/limits", endpoint="limits", methods=["GET"]),
        ]

    def failure(self, status: int) -> Response:
        return _refused(status, _CODES.get(status, "UNKNOWN_EXCEPTION"))

    def too_many(self, wait: int) -> Response:
        """The org's day is used up. https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm"""
        del wait
        return self.failure(403)

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        self._used[company] = self._used.get(company, 0) + 1
        found = self._answered(endpoint, request, company, values)
        found.headers["Sforce-Limit-Info"] = f"api-usage={self._used[company]}/{A_DAY}"
        return found

    def _answered(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        held = self._objects(company)
        if endpoint == "limits":
            return answer({"DailyApiRequests": {"Max": A_DAY, "Remaining": A_DAY - self._used[company]}})
        if endpoint in ("describe", "one"):
            rows = held.get(values["name"], [])
            found = [row for row in rows if values.get("id", row["Id"]) == row["Id"]]
            return (
                (answer(shapes.described(rows) if endpoint == "describe" else found[0])) if found else self.failure(404)
            )
        if endpoint == "more":
            return self._page(self._rest.pop(values["locator"], None), values["version"])
        try:
            found = soql.run(request.args.get("q", ""), held, deleted=endpoint == "all")
        except soql.Bad as bad:
            return _refused(400, bad.code)
        if soql.COUNT in request.args["q"]:
            return answer({"totalSize": len(found), "done": True, "records": []})
        return self._page(found, values["version"])

    def _page(self, rows: list[Row] | None, version: str) -> Response:
        """The next rows; the rest is kept under a locator that works once."""
        if rows is None:
            return _refused(400, "INVALID_QUERY_LOCATOR")
        told: dict[str, Any] = {"totalSize": len(rows), "done": len(rows) <= MOST, "records": rows[:MOST]}
        if rows[MOST:]:
            locator = f"0r8{secrets.token_hex(7)}-{MOST}"
            self._rest[locator] = rows[MOST:]
            told["nextRecordsUrl"] = f"/services/data/{version}/query/{locator}"
        return answer(told)

    def _objects(self, company: str) -> dict[str, list[Row]]:
        if company not in self._held:
            world = self.setting.world.company(company)
            told = world.told.get(self.slug)
            known = told.data if told is not None else Org((), (), (), ())
            assert isinstance(known, Org)
            self._held[company] = shapes.objects(known, _org_of(company), world.cast.name)
        return self._held[company]


SERVICE = SalesforceService


def _org_of(company: str) -> str:
    """The org's own part of its id, the same for ever."""
    return hashlib.sha256(company.encode()).hexdigest()[:10]


def _refused(status: int, code: str) -> Response:
    return answer([{"message": "The request could not be served.", "errorCode": code}], status)
