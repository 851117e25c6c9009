"""Shopify's endpoints: https://shopify.dev/docs/api/admin-graphql. One GraphQL endpoint, limited by what queries cost."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

from integrations.sandbox.doors import KeysDoor, OAuthDoor
from integrations.sandbox.oauth import Policy
from integrations.sandbox.played import PlayedService
from integrations.sandbox.service import Signed, answer, dumps
from integrations.sandbox.shopify import graphql, shapes
from integrations.sandbox.shopify.story import Shop
from integrations.sandbox.signing import hmac_base64
from integrations.sandbox.world.calendar import STORY_NOW

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.oauth import Grant
    from integrations.sandbox.service import Setting, Values

VERSION = "2026-10"
BUCKET, RESTORES, MOST_COST = 2000, 100, 1000
REFRESH_SECONDS = 90 * 86400
_FIRST = re.compile(r"\bfirst: *\$?(\w+)")
_MESSAGES = {401: "[API] Invalid API key or access token (unrecognized login or wrong password)", 404: "Not Found"}


def domain_of(company: str) -> str:
    return f"{company}.myshopify.com"


def _shown(request: Request) -> str:
    return request.headers.get("X-Shopify-Access-Token", "")


class ShopifyService(PlayedService):
    slug = "shopify"
    app = ("5f1c0de5a11ce0ddba11tieout", "shpss_tieoutsandboxsecret")
    policy = Policy(
        access_seconds=3600,
        refresh_seconds=REFRESH_SECONDS,
        rotation="rolling",
        access_prefix="shpat_",
        refresh_prefix="shprt_",
    )
    limit = (20, 1)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.doors = (
            OAuthDoor(
                authorize="/admin/oauth/authorize",
                token="/admin/oauth/access_token",  # noqa: S106  # a path
                title="Install app",
                callback=self._called_back,
                sign=self._signed,
                told=self._told,
                present=_shown,
            ),
            KeysDoor(shapes={"token": "shpat_{}"}, present=lambda request: {"token": _shown(request)}),
        )
        self._roots: dict[str, Any] = {}

    def _called_back(self, company: str) -> dict[str, str]:
        return {"shop": domain_of(company), "timestamp": str(int(STORY_NOW.timestamp())), "host": "YWRtaW4"}

    def _signed(self, query: dict[str, str]) -> dict[str, str]:
        """https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant"""
        told = "&".join(sorted(f"{name}={value}" for name, value in query.items()))
        digest = hmac.new(self.app[1].encode(), told.encode(), hashlib.sha256).hexdigest()
        return {**query, "hmac": digest}

    def _told(self, _company: str, _grant: Grant) -> dict[str, Any]:
        return {"refresh_token_expires_in": REFRESH_SECONDS}

    def access(self, company: str) -> dict[str, str]:
        return {"shop": domain_of(company), **super().access(company)}

    # -- endpoints ------------------------------------------------------------------------------------------------

    def api_rules(self) -> list[Rule]:
        return [
            Rule("/admin/api/<version>/graphql.json", endpoint="graphql", methods=["POST"]),
            Rule("/admin/api_permissions/current.json", endpoint="uninstall", methods=["DELETE"]),
        ]

    def failure(self, status: int) -> Response:
        return answer({"errors": _MESSAGES.get(status, "Something went wrong")}, status)

    def too_many(self, wait: int) -> Response:
        """Throttled with status 200. https://shopify.dev/docs/api/usage/limits"""
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        return answer({"errors": [error], "extensions": _cost(MOST_COST, max(MOST_COST - wait * RESTORES, 0))})

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        del values
        if endpoint == "uninstall":
            if not self.desk.revoke(_shown(request)):
                self.revoked.add(company)
            return answer({})
        return self._queried(request, company)

    def _queried(self, request: Request, company: str) -> Response:
        """A living version answers; an expired one is answered by the oldest that lives, which the header tells."""
        body = request.get_json(silent=True)
        given = body if isinstance(body, dict) else {}
        variables = given.get("variables") or {}
        headers = {"X-Shopify-API-Version": VERSION, "X-Request-Id": secrets.token_hex(8)}
        try:
            cost = _price(str(given.get("query", "")), variables)
            data = graphql.run(str(given.get("query", "")), variables, self._root(company))
        except graphql.Bad as bad:
            error = {"message": str(bad), "extensions": {"code": bad.code}}
            return answer({"errors": [error]}, headers=headers)
        return answer({"data": data, "extensions": _cost(cost, BUCKET - cost)}, headers=headers)

    def _root(self, company: str) -> Any:
        if company not in self._roots:
            world = self.setting.world.company(company)
            told = world.told.get("shopify")
            shop = told.data if told is not None else Shop((), (), (), ())
            assert isinstance(shop, Shop)
            self._roots[company] = shapes.root(shop, world.cast.name, domain_of(company))
        return self._roots[company]

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """The latest order or dispute in the REST API's shape. https://shopify.dev/docs/apps/build/webhooks/subscribe/https"""
        data = self.setting.world.company(company).told["shopify"].data
        assert isinstance(data, Shop)
        last = max(data.purchases, key=lambda purchase: purchase.updated)
        told = {
            "orders/updated": {"id": last.id, "line_items": [], "financial_status": "paid"},
            "refunds/create": {"id": last.deals[-1].id, "order_id": last.id, "refund_line_items": []},
            "disputes/update": {"id": data.quarrels[-1].id, "order_id": last.id, "evidence_due_by": None},
            "app/uninstalled": {"id": 690933842, "myshopify_domain": domain_of(company)},
        }
        body = dumps(told[event])
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": event,
            "X-Shopify-Hmac-Sha256": hmac_base64(secret, body),
            "X-Shopify-Shop-Domain": domain_of(company),
            "X-Shopify-API-Version": VERSION,
            "X-Shopify-Webhook-Id": secrets.token_hex(16),
        }
        return Signed(body, headers)


def _price(query: str, variables: dict[str, Any]) -> int:
    """What a query costs: the sum of its page sizes, near enough. Raises Bad beyond what one query may."""
    sizes = (variables.get(name, name) for name in _FIRST.findall(query))
    cost = sum(int(size) for size in sizes if str(size).isdigit()) + 1
    if cost > MOST_COST:
        raise graphql.Bad("MAX_COST_EXCEEDED", f"Query cost is {cost}, which exceeds the single query max cost limit")
    return cost


def _cost(asked: int, left: int) -> dict[str, Any]:
    status = {"maximumAvailable": BUCKET, "currentlyAvailable": left, "restoreRate": RESTORES}
    return {"cost": {"requestedQueryCost": asked, "actualQueryCost": asked, "throttleStatus": status}}


SERVICE = ShopifyService
