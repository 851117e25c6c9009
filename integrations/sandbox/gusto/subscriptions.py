"""Webhook subscriptions: the token is posted to the subscriber, and counts once it was brought back by the application.

https://docs.gusto.com/embedded-payroll/docs/webhooks
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from integrations.sandbox.consent import is_loopback
from integrations.sandbox.service import answer
from integrations.sandbox.world.chance import uuid_from

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.service import Setting

DELIVERY_SECONDS = 10


@dataclass(slots=True)
class Subscription:
    uuid: str
    url: str
    types: list[str]
    token: str
    status: str = "pending"

    def shape(self) -> dict[str, Any]:
        return {"uuid": self.uuid, "url": self.url, "status": self.status, "subscription_types": self.types}


class Subscriptions:
    """Those of the application; they are forgotten when the sandbox ends."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._kept: dict[str, Subscription] = {}

    def create(self, request: Request) -> Response | None:
        """The subscription, after its token was posted to it; None for an address this machine may not call."""
        body = request.get_json(silent=True)
        url = str(body.get("url", "")) if isinstance(body, dict) else ""
        if not isinstance(body, dict) or not is_loopback(url):
            return None
        uuid = uuid_from(self._setting.world.seed, "subscription", url, str(len(self._kept)))
        made = Subscription(uuid, url, list(body.get("subscription_types") or []), secrets.token_urlsafe(24))
        self._kept[uuid] = made
        told = {"verification_token": made.token, "webhook_subscription_uuid": uuid}
        try:
            requests.post(url, json=told, timeout=DELIVERY_SECONDS, allow_redirects=False)
        except requests.RequestException:
            made.status = "unreachable"
        return answer(made.shape(), 201)

    def verify(self, request: Request, uuid: str) -> Response | None:
        """The verified subscription; None for another token or an unknown subscription."""
        body, found = request.get_json(silent=True), self._kept.get(uuid)
        token = str(body.get("verification_token", "")) if isinstance(body, dict) else ""
        if found is None or not secrets.compare_digest(found.token.encode(), token.encode()):
            return None
        found.status = "verified"
        return answer(found.shape())

    def reset(self) -> None:
        self._kept.clear()
