"""Plaid's endpoints, all POST with JSON: https://plaid.com/docs/api. Errors: https://plaid.com/docs/errors."""

from __future__ import annotations

import secrets
from datetime import date
from typing import TYPE_CHECKING, Any

import requests
from werkzeug.routing import Rule

from integrations.sandbox.consent import is_loopback
from integrations.sandbox.limits import Window
from integrations.sandbox.plaid import feed, shapes
from integrations.sandbox.plaid.items import INSTITUTION, Items
from integrations.sandbox.plaid.link import DEFAULT_DAYS, MOST_DAYS, Link
from integrations.sandbox.service import Signed, answer, dumps
from integrations.sandbox.signing import body_token, public_numbers, signing_key

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.plaid.items import Item
    from integrations.sandbox.service import Setting, Values
    from integrations.sandbox.state import Record

Body = dict[str, Any]
SYNCS_A_MINUTE = 50  # per item, https://plaid.com/docs/errors/rate-limit-exceeded/
MOST_COUNT = 500
_PATHS = (
    "/link/token/create",
    "/link/token/get",
    "/item/public_token/exchange",
    "/item/get",
    "/item/remove",
    "/item/webhook/update",
    "/item/access_token/invalidate",
    "/accounts/get",
    "/accounts/balance/get",
    "/transactions/sync",
    "/transactions/get",
    "/transactions/refresh",
    "/webhook_verification_key/get",
    "/institutions/get_by_id",
    "/sandbox/item/fire_webhook",
    "/sandbox/item/reset_login",
    "/sandbox/public_token/create",
)


class PlaidError(Exception):
    """An answer in Plaid's error shape."""

    def __init__(self, kind: str, code: str, message: str, status: int = 400, display: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.status = status
        self.display = display

    def response(self) -> Response:
        body = {
            "display_message": self.display,
            "documentation_url": f"https://plaid.com/docs/?ref=error#{self.kind.lower()}",
            "error_code": self.code,
            "error_message": str(self),
            "error_type": self.kind,
            "request_id": request_id(),
            "suggested_action": None,
        }
        return answer(body, self.status)


def request_id() -> str:
    return secrets.token_urlsafe(11)


class PlaidService:
    slug = "plaid"
    app = ("5f0tieoutsandboxplaid", "sandbox-secret-plaid")

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.items = Items(setting)
        self.link = Link(setting, self.items)
        self._window = Window(setting.clock, SYNCS_A_MINUTE, 60)
        self._key = signing_key(setting.world.seed)
        self._key_id = f"tieout-sandbox-{setting.world.seed}"

    def rules(self) -> list[Rule]:
        rules = [Rule(path, endpoint=path.strip("/").replace("/", "_"), methods=["POST"]) for path in _PATHS]
        return [*rules, Rule("/link", endpoint="link", methods=["GET", "POST"])]

    def handle(self, endpoint: str, request: Request, values: Values) -> Response:
        if endpoint == "link":
            return self.link.show(request)
        del values
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            return PlaidError("INVALID_REQUEST", "INVALID_BODY", "body could not be parsed as JSON").response()
        try:
            self._check_keys(request, body)
            found: Body = getattr(self, f"_{endpoint}")(body)
        except PlaidError as error:
            return error.response()
        return answer({**found, "request_id": request_id()})

    def failure(self, status: int) -> Response:
        kinds = {
            401: ("INVALID_INPUT", "UNAUTHORIZED", "unauthorized"),
            403: ("INVALID_INPUT", "UNAUTHORIZED", "client is not authorized to access this product"),
            404: ("INVALID_REQUEST", "NOT_FOUND", "not found"),
            405: ("INVALID_REQUEST", "NOT_FOUND", "not found"),
            429: ("RATE_LIMIT_EXCEEDED", "RATE_LIMIT", "rate limit exceeded"),
        }
        default = ("API_ERROR", "INTERNAL_SERVER_ERROR", "an unexpected error occurred")
        kind, code, text = kinds.get(status, default)
        return PlaidError(kind, code, text, status).response()

    # -- who asks -----------------------------------------------------------------------------------------------

    def _check_keys(self, request: Request, body: Body) -> None:
        client = body.get("client_id") or request.headers.get("PLAID-CLIENT-ID")
        secret = body.get("secret") or request.headers.get("PLAID-SECRET")
        if (client, secret) != self._setting.client_ids[self.slug]:
            raise PlaidError("INVALID_INPUT", "INVALID_API_KEYS", "invalid client_id or secret provided")

    def _item(self, body: Body) -> Item:
        token = body.get("access_token")
        if not isinstance(token, str) or not token:
            text = "the following required fields are missing: access_token"
            raise PlaidError("INVALID_REQUEST", "MISSING_FIELDS", text)
        item = self.items.by_access_token(token)
        if item is None:
            raise PlaidError("INVALID_INPUT", "INVALID_ACCESS_TOKEN", "could not find matching access token")
        if item.removed:
            text = "The Item you requested cannot be found. This Item does not exist, has been previously removed"
            raise PlaidError("ITEM_ERROR", "ITEM_NOT_FOUND", text)
        return item

    def _healthy_item(self, body: Body) -> Item:
        item = self._item(body)
        if item.login_required:
            error = shapes.login_error()
            raise PlaidError(
                "ITEM_ERROR", error["error_code"], error["error_message"], display=error["display_message"]
            )
        return item

    def _accounts(self, item: Item, body: Body) -> list[Body]:
        company = self._setting.world.company(item.company)
        accounts = [shapes.account_shape(item, company, name) for name in shapes.ACCOUNTS]
        wanted = (body.get("options") or {}).get("account_ids")
        return [account for account in accounts if not wanted or account["account_id"] in wanted]

    # -- Link and items -----------------------------------------------------------------------------------------

    def _link_token_create(self, body: Body) -> Body:
        missing = [name for name in ("client_name", "language", "country_codes", "user") if not body.get(name)]
        if missing:
            text = f"the following required fields are missing: {', '.join(missing)}"
            raise PlaidError("INVALID_REQUEST", "MISSING_FIELDS", text)
        updates = self._item(body) if body.get("access_token") else None
        if updates is None and not body.get("products"):
            raise PlaidError("INVALID_REQUEST", "MISSING_FIELDS", "products must be set when access_token is not")
        days = (body.get("transactions") or {}).get("days_requested", DEFAULT_DAYS)
        if not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
            text = "transactions.days_requested must be between 1 and 730"
            raise PlaidError("INVALID_REQUEST", "INVALID_FIELD", text)
        return self.link.create(body, updates)

    def _link_token_get(self, body: Body) -> Body:
        found = self.link.find(str(body.get("link_token") or ""))
        if found is None:
            raise PlaidError("INVALID_INPUT", "INVALID_LINK_TOKEN", "could not find matching link token")
        return self.link.describe(found)

    def _item_public_token_exchange(self, body: Body) -> Body:
        item = self.items.redeem(str(body.get("public_token") or ""))
        if item is None:
            text = "could not find matching public token, or it has expired"
            raise PlaidError("INVALID_INPUT", "INVALID_PUBLIC_TOKEN", text)
        return {"access_token": item.access_token, "item_id": item.id}

    def _item_get(self, body: Body) -> Body:
        item = self._item(body)
        updated = {"last_successful_update": f"{item.visible_through}T18:00:00Z", "last_failed_update": None}
        status = {"transactions": updated, "investments": None, "last_webhook": None}
        return {"item": shapes.item_shape(item), "status": status}

    def _item_remove(self, body: Body) -> Body:
        item = self._item(body)
        item.removed = True
        self.items.remember(item)
        return {}

    def _item_webhook_update(self, body: Body) -> Body:
        item = self._item(body)
        item.webhook = str(body.get("webhook") or "")
        self.items.remember(item)
        return {"item": shapes.item_shape(item)}

    def _item_access_token_invalidate(self, body: Body) -> Body:
        return {"new_access_token": self.items.rotate(self._item(body))}

    def _institutions_get_by_id(self, body: Body) -> Body:
        if body.get("institution_id") != INSTITUTION:
            raise PlaidError("INVALID_INPUT", "INVALID_INSTITUTION", "invalid institution_id provided")
        return {"institution": shapes.institution_shape()}

    # -- data ---------------------------------------------------------------------------------------------------

    def _accounts_get(self, body: Body) -> Body:
        item = self._item(body)
        return {"accounts": self._accounts(item, body), "item": shapes.item_shape(item)}

    def _accounts_balance_get(self, body: Body) -> Body:
        item = self._healthy_item(body)
        return {"accounts": self._accounts(item, body), "item": shapes.item_shape(item)}

    def _transactions_sync(self, body: Body) -> Body:
        item = self._healthy_item(body)
        if self._setting.limits and self._window.hit(item.id):
            text = "rate limit exceeded for attempts to access this item. please try again later"
            raise PlaidError("RATE_LIMIT_EXCEEDED", "TRANSACTIONS_SYNC_LIMIT", text, 429)
        count = body.get("count", 100)
        if not isinstance(count, int) or not 1 <= count <= MOST_COUNT:
            raise PlaidError("INVALID_REQUEST", "INVALID_FIELD", "count must be between 1 and 500")
        lines = self._setting.world.company(item.company).movements
        try:
            page = feed.sync(item, lines, str(body.get("cursor") or ""), count)
        except feed.BadCursor as error:
            raise PlaidError("INVALID_INPUT", "INVALID_CURSOR", "cursor not associated with access_token") from error
        except feed.Mutated as error:
            text = "Underlying transaction data changed since last page was fetched. Please restart pagination from last update."
            code = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
            raise PlaidError("TRANSACTIONS_ERROR", code, text) from error
        page["accounts"] = self._accounts(item, {})
        page["transactions_update_status"] = "HISTORICAL_UPDATE_COMPLETE"
        return page

    def _transactions_get(self, body: Body) -> Body:
        """https://plaid.com/docs/api/products/transactions/#transactionsget"""
        item = self._healthy_item(body)
        options = body.get("options") or {}
        count, offset = options.get("count", 100), options.get("offset", 0)
        try:
            first, last = (date.fromisoformat(str(body.get(name))) for name in ("start_date", "end_date"))
        except ValueError as error:
            raise PlaidError("INVALID_REQUEST", "INVALID_FIELD", "start_date must be YYYY-MM-DD") from error
        if not isinstance(count, int) or not 1 <= count <= MOST_COUNT:
            raise PlaidError("INVALID_REQUEST", "INVALID_FIELD", "count must be between 1 and 500")
        lines = feed.standing(item, self._setting.world.company(item.company).movements)
        found = [line for line in lines if first <= date.fromisoformat(line["date"]) <= last]
        page = {"transactions": found[offset : offset + count], "total_transactions": len(found)}
        return {"accounts": self._accounts(item, {}), **page, "item": shapes.item_shape(item)}

    def _transactions_refresh(self, body: Body) -> Body:
        self._healthy_item(body)
        return {}

    def _webhook_verification_key_get(self, body: Body) -> Body:
        if body.get("key_id") != self._key_id:
            text = "invalid key_id provided. note that key_ids are specific to Plaid environments"
            raise PlaidError("INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID", text)
        x, y = public_numbers(self._key)
        key = {"alg": "ES256", "crv": "P-256", "kid": self._key_id, "kty": "EC", "use": "sig", "x": x, "y": y}
        return {"key": {**key, "created_at": 1735689600, "expired_at": None}}

    # -- sandbox ------------------------------------------------------------------------------------------------

    def _sandbox_public_token_create(self, body: Body) -> Body:
        """`options.override_username` names the company of the story."""
        options = body.get("options") or {}
        company = str(options.get("override_username") or "")
        if company not in self._setting.world.using("plaid"):
            raise PlaidError("INVALID_INPUT", "INVALID_CREDENTIALS", "options.override_username must name a company")
        days = int((options.get("transactions") or {}).get("days_requested") or DEFAULT_DAYS)
        item = self.link.attach(company, days, str(options.get("webhook") or ""))
        return {"public_token": self.items.issue_public_token(item)}

    def _sandbox_item_reset_login(self, body: Body) -> Body:
        item = self._item(body)
        item.login_required = True
        self.items.remember(item)
        return {"reset_login": True}

    def _sandbox_item_fire_webhook(self, body: Body) -> Body:
        item = self._item(body)
        code = str(body.get("webhook_code") or "")
        if not item.webhook or not is_loopback(item.webhook):
            raise PlaidError("SANDBOX_ERROR", "SANDBOX_WEBHOOK_INVALID", "the Item has no webhook on this machine")
        try:
            signed = self._signed(item, code)
        except KeyError as error:
            raise PlaidError("SANDBOX_ERROR", "SANDBOX_WEBHOOK_INVALID", "webhook code is invalid") from error
        got = requests.post(item.webhook, data=signed.body, headers=signed.headers, timeout=10, allow_redirects=False)
        return {"webhook_fired": got.ok}

    def _signed(self, item: Item, code: str) -> Signed:
        facts: Body = {"webhook_code": code, "item_id": item.id, "environment": "sandbox"}
        if code == "SYNC_UPDATES_AVAILABLE":
            facts |= {
                "webhook_type": "TRANSACTIONS",
                "initial_update_complete": True,
                "historical_update_complete": True,
            }
        elif code in {"ERROR", "ITEM_LOGIN_REQUIRED"}:
            facts |= {"webhook_type": "ITEM", "webhook_code": "ERROR", "error": shapes.login_error()}
        elif code in {"NEW_ACCOUNTS_AVAILABLE", "USER_PERMISSION_REVOKED", "LOGIN_REPAIRED", "PENDING_DISCONNECT"}:
            facts["webhook_type"] = "ITEM"
        else:
            raise KeyError(code)
        body = dumps(facts)
        token = body_token(self._key, self._key_id, body, self._setting.clock.now())
        return Signed(body, {"Content-Type": "application/json", "Plaid-Verification": token})

    # -- control ------------------------------------------------------------------------------------------------

    def replay(self, record: Record) -> None:
        self.items.replay(record)

    def reset(self) -> None:
        self.items.reset()

    def act(self, company: str, action: str) -> dict[str, Any]:
        """`expire-login`, `restore-login` (as walking Link's update mode), `mutate-pages`, `revoke`."""
        found = self.items.of_company(company)
        for item in found:
            if action == "expire-login":
                item.login_required = True
            elif action == "restore-login":
                self.items.repair(item)
            elif action == "mutate-pages":
                item.generation += 1
            elif action == "revoke":
                item.removed = True
            else:
                raise KeyError(action)
            self.items.remember(item)
        if action not in {"expire-login", "restore-login", "mutate-pages", "revoke"}:
            raise KeyError(action)
        return {"items": len(found)}

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """The newest item of the company speaks. The scheme has no shared secret."""
        del secret
        items = self.items.of_company(company)
        if not items:
            raise KeyError(f"{company} has no item")
        return self._signed(items[-1], event)


SERVICE = PlaidService
