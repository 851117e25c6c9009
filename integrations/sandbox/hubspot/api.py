"""HubSpot's endpoints: https://developers.hubspot.com/docs/api-reference. Properties are text or null, and only those asked for."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from werkzeug.routing import Rule

from integrations.sandbox.doors import OAuthDoor
from integrations.sandbox.hubspot import shapes
from integrations.sandbox.hubspot.story import Sales
from integrations.sandbox.oauth import Policy
from integrations.sandbox.played import PlayedService
from integrations.sandbox.service import Signed, answer, dumps
from integrations.sandbox.signing import hmac_base64

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.datastructures import MultiDict
    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.hubspot.shapes import Shape
    from integrations.sandbox.service import Setting, Values

MOST_LISTED, MOST_SEARCHED, MOST_FOUND, USUAL = 100, 200, 10_000, 10
_CATEGORIES = {401: "INVALID_AUTHENTICATION", 403: "MISSING_SCOPES", 404: "OBJECT_NOT_FOUND", 429: "RATE_LIMITS"}
_TYPES = {"invoice": "0-53", "payment": "0-101", "deal": "0-3"}
_DOES: dict[str, Callable[[int, int], bool]] = {
    "EQ": lambda has, said: has == said,
    "GT": lambda has, said: has > said,
    "GTE": lambda has, said: has >= said,
    "LT": lambda has, said: has < said,
    "LTE": lambda has, said: has <= said,
}


class HubSpotService(PlayedService):
    slug = "hubspot"
    app = ("5f2d6c1e-tieout-sandbox", "sandbox-secret-hubspot")
    policy = Policy(access_seconds=1800, refresh_seconds=0, rotation="none", access_prefix="CN", refresh_prefix="na1-")
    limit = (110, 10)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.doors = (
            OAuthDoor(
                authorize="/oauth/authorize",
                token="/oauth/2026-03/token",  # noqa: S106  # a path
                revoke="/oauth/2026-03/token/revoke",
                title="Connect with HubSpot",
                told=lambda company, _grant: {"hub_id": portal_of(company)},
            ),
        )

    def api_rules(self) -> list[Rule]:
        rules = [Rule("/account-info/v3/details", endpoint="details", methods=["GET"])]
        for start in ("/crm/objects/2026-03", "/crm/v3/objects"):
            rules += [
                Rule(f"{start}/<kind>", endpoint="list", methods=["GET"]),
                Rule(f"{start}/<kind>/<id>", endpoint="one", methods=["GET"]),
                Rule(f"{start}/<kind>/search", endpoint="search", methods=["POST"]),
                Rule(f"{start}/<kind>/batch/read", endpoint="batch", methods=["POST"]),
            ]
        links = Rule("/crm/v4/objects/<kind>/<id>/associations/<to>", endpoint="links", methods=["GET"])
        return [*rules, links]

    def failure(self, status: int) -> Response:
        """https://developers.hubspot.com/docs/api-reference/error-handling"""
        said = {"status": "error", "message": "The request could not be served.", "correlationId": "aeb5f871-7f07"}
        said["category"] = _CATEGORIES.get(status, "VALIDATION_ERROR" if status < 500 else "INTERNAL_ERROR")
        return answer(said | ({"policyName": "TEN_SECONDLY_ROLLING"} if status == 429 else {}), status)

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        if endpoint == "details":
            return answer({"portalId": portal_of(company), "timeZone": "US/Pacific", "companyCurrency": "USD"})
        rows = shapes.objects(self._known(company), values["kind"])
        if endpoint in ("one", "links"):
            return self._of_one([row for row in rows if row["id"] == values["id"]], request.args, values)
        if endpoint == "list":
            return self._list([] if request.args.get("archived") == "true" else rows, request.args)
        return (self._search if endpoint == "search" else _batch)(rows, request.get_json(silent=True) or {})

    def _known(self, company: str) -> Sales:
        known = self.setting.world.company(company).told[self.slug].data
        assert isinstance(known, Sales)
        return known

    def _of_one(self, rows: list[Shape], args: MultiDict[str, str], values: Values) -> Response:
        if not rows:
            return self.failure(404)
        return _links(rows[0], values["to"]) if "to" in values else answer(_one(rows[0], args))

    def _list(self, rows: list[Shape], args: MultiDict[str, str]) -> Response:
        size, start = int(args.get("limit", USUAL)), int(args.get("after", "0"))
        if not 0 < size <= MOST_LISTED:
            return self.failure(400)
        return answer(_page(rows, start, size, _named(args)))

    def _search(self, rows: list[Shape], body: Shape) -> Response:
        size, start = int(body.get("limit", USUAL)), int(body.get("after", "0"))
        if not 0 < size <= MOST_SEARCHED or start + size > MOST_FOUND:
            return self.failure(400)
        groups = [group["filters"] for group in body.get("filterGroups", [])]
        found = [row for row in rows if not groups or any(all(_fits(row, one) for one in group) for group in groups)]
        found.sort(key=lambda row: _number(row, (body.get("sorts") or ["hs_createdate"])[0]))
        return answer({"total": len(found), **_page(found, start, size, body.get("properties", []))})

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """A change of a status, as ``invoice.propertyChange``. ``secret`` is the app's and, after a blank, the address.

        https://developers.hubspot.com/docs/api-reference/latest/webhooks/guide
        """
        kind, _, action = event.partition(".")
        if kind not in _TYPES or not action:
            raise KeyError(event)
        key, _, url = secret.partition(" ")
        at = self.setting.clock.now() * 1000
        known = self._known(company)
        mark = known.deals[-1].id if kind == "deal" else known.invoices[-1].id
        notice = {"eventId": 1, "subscriptionId": 2, "portalId": portal_of(company), "appId": 3, "occurredAt": at}
        said = {"subscriptionType": f"object.{action}", "objectTypeId": _TYPES[kind], "objectId": int(mark)}
        body = dumps([notice | said | {"attemptNumber": 0}])
        signature = hmac_base64(key, f"POST{url}".encode() + body + str(at).encode())
        headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": str(at)}
        return Signed(body, {"Content-Type": "application/json", **headers})


SERVICE = HubSpotService


def portal_of(company: str) -> int:
    """The account's number, the same for ever."""
    return 20_000_000 + int(hashlib.sha256(company.encode()).hexdigest()[:6], 16)


def _page(rows: list[Shape], start: int, size: int, properties: list[str]) -> Shape:
    found: Shape = {"results": [_shown(row, properties) for row in rows[start : start + size]]}
    following = {"paging": {"next": {"after": str(start + size)}}} if start + size < len(rows) else {}
    return found | following


def _batch(rows: list[Shape], body: Shape) -> Response:
    wanted = {str(one["id"]) for one in body["inputs"]}
    found = [_shown(row, body["properties"]) for row in rows if row["id"] in wanted]
    return answer({"status": "COMPLETE", "results": found})


def _links(row: Shape, to: str) -> Response:
    kind = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": None}
    found = row["links"].get(to, [])
    return answer({"results": [{"toObjectId": int(mark), "associationTypes": [kind]} for mark in found]})


def _shown(row: Shape, properties: list[str]) -> Shape:
    """An object without what belongs to it, with the properties asked for and three that always come."""
    told = row["properties"]
    names = ["hs_createdate", "hs_lastmodifieddate", "hs_object_id", *filter(None, properties)]
    kept = {name: row[name] for name in ("id", "createdAt", "updatedAt", "archived")}
    return kept | {"properties": {name: told.get(name) for name in names}}


def _named(args: MultiDict[str, str]) -> list[str]:
    """Properties with commas between them, or each as a parameter of its own, as HubSpot's package sends them."""
    return [name for text in args.getlist("properties") for name in text.split(",")]


def _one(row: Shape, args: MultiDict[str, str]) -> Shape:
    shown, name = _shown(row, _named(args)), args.get("propertiesWithHistory", "")
    return shown | ({"propertiesWithHistory": {name: row["history"].get(name, [])}} if name else {})


def _fits(row: Shape, said: Shape) -> bool:
    return _DOES[said["operator"]](_number(row, said["propertyName"]), int(said["value"]))


def _number(row: Shape, name: str) -> int:
    """A property as it is compared: a time in milliseconds."""
    value = str(row["properties"][name])
    return int(datetime.fromisoformat(value).timestamp() * 1000) if "T" in value else int(value)
