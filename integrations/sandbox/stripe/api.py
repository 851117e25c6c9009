"""Stripe's endpoints: https://docs.stripe.com/api and https://docs.stripe.com/connect/oauth-reference."""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

from integrations.sandbox.consent import consent
from integrations.sandbox.limits import Window
from integrations.sandbox.oauth import Desk, Policy, Refused
from integrations.sandbox.service import Signed, answer, basic, bearer, dumps
from integrations.sandbox.signing import timestamped
from integrations.sandbox.stripe import listing
from integrations.sandbox.stripe.listing import BadParameter
from integrations.sandbox.stripe.shapes import API_VERSION, account_shape
from integrations.sandbox.stripe.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.service import Setting, Values
    from integrations.sandbox.state import Record

LISTS = {
    "balance_transactions": "balance_transaction",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "payouts": "payout",
    "events": "event",
}
REQUESTS_A_SECOND = 25  # per endpoint and account, https://docs.stripe.com/rate-limits
_POLICY = Policy(access_seconds=0, refresh_seconds=0, rotation="none", access_prefix="sk_test_", refresh_prefix="rt_")
_TYPES = {401: "invalid_request_error", 429: "rate_limit_error", 500: "api_error", 502: "api_error", 503: "api_error"}


def problem(status: int, message: str, *, code: str = "", param: str = "", kind: str = "") -> Response:
    """https://docs.stripe.com/api/errors"""
    error: dict[str, Any] = {"message": message, "type": kind or _TYPES.get(status, "invalid_request_error")}
    if code:
        error |= {"code": code, "doc_url": f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}"}
    if param:
        error["param"] = param
    return answer({"error": error}, status)


class StripeService:
    slug = "stripe"
    app = ("ca_tieoutsandbox", "sk_test_tieoutsandboxplatform")

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.desk = Desk(self.slug, setting, _POLICY)
        self._window = Window(setting.clock, REQUESTS_A_SECOND, 1)
        self._shops: dict[str, Shop] = {}

    def rules(self) -> list[Rule]:
        rules = [
            Rule("/oauth/authorize", endpoint="authorize", methods=["GET", "POST"]),
            Rule("/oauth/token", endpoint="token", methods=["POST"]),
            Rule("/oauth/deauthorize", endpoint="deauthorize", methods=["POST"]),
            Rule("/v1/account", endpoint="account", methods=["GET"]),
            Rule("/v1/accounts/<id>", endpoint="account", methods=["GET"]),
            Rule("/v1/balance", endpoint="balance", methods=["GET"]),
            Rule("/v1/charges/<charge>/refunds", endpoint="list:refund", methods=["GET"]),
        ]
        for path, kind in LISTS.items():
            rules.append(Rule(f"/v1/{path}", endpoint=f"list:{kind}", methods=["GET"]))
            rules.append(Rule(f"/v1/{path}/<id>", endpoint=f"show:{kind}", methods=["GET"]))
        return rules

    def handle(self, endpoint: str, request: Request, values: Values) -> Response:
        if endpoint in {"authorize", "token", "deauthorize"}:
            response = getattr(self, f"_{endpoint}")(request)
        else:
            response = self._read(endpoint, request, values)
        response.headers.setdefault("Request-Id", f"req_{secrets.token_hex(7)}")
        response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
        return response  # type: ignore[no-any-return]

    def failure(self, status: int) -> Response:
        texts = {
            401: "Invalid API Key provided: sk_test_****",
            403: "The provided key does not have the required permissions for this endpoint.",
            404: "Unrecognized request URL. Please see https://docs.stripe.com or contact support.",
            429: "Request rate limit exceeded. Learn more: https://docs.stripe.com/rate-limits",
        }
        code = {429: "rate_limit", 403: "more_permissions_required"}.get(status, "")
        response = problem(status, texts.get(status, "An error occurred with our servers."), code=code)
        if status == 429:
            response.headers["Stripe-Rate-Limited-Reason"] = "endpoint-rate"
        return response

    # -- reading ------------------------------------------------------------------------------------------------

    def _read(self, endpoint: str, request: Request, values: Values) -> Response:
        company = self._company(request)
        if company is None:
            return self.failure(401)
        name = f"{company}:{request.method}:{endpoint}"
        if self._setting.limits and self._window.hit(name):
            return self.failure(429)
        shop = self._shop(company)
        try:
            return self._answer(shop, endpoint, request, values)
        except BadParameter as bad:
            return problem(400, str(bad), code=bad.code, param=bad.param)

    def _answer(self, shop: Shop, endpoint: str, request: Request, values: Values) -> Response:
        action, _, kind = endpoint.partition(":")
        if action == "list":
            return self._list(shop, kind, request, values)
        if action == "show":
            return self._show(shop, kind, request, values["id"])
        listing.check_names(request.args, frozenset({"expand"}))
        if endpoint == "balance":
            return answer(shop.balance())
        if values.get("id", shop.cast.stripe_account) != shop.cast.stripe_account:
            return problem(403, "The provided key does not have access to that account.", code="account_invalid")
        return answer(account_shape(shop.cast))

    def _list(self, shop: Shop, kind: str, request: Request, values: Values) -> Response:
        args = request.args
        listing.check_names(args, listing.PAGING | listing.FILTERS[kind])
        shelf = shop.newest(kind)
        if payout := args.get("payout"):
            composed = shop.composition(payout)
            if composed is None:
                raise BadParameter(f"No such payout: '{payout}'", "payout", "resource_missing")
            shelf = composed
        page, more = shelf.page(args, self._admits(shop, kind, request, values))
        shapes = [shop.shape(kind, item) for item in page]
        for path in listing.wanted_paths(args):
            if not path.startswith("data."):
                raise BadParameter(f"This property cannot be expanded ({path}).", "expand[]")
            for shape in shapes:
                listing.expand(shop, shape, path.removeprefix("data."))
        return answer(
            {"object": "list", "data": shapes, "has_more": more, "url": request.path.removeprefix(f"/{self.slug}")}
        )

    def _admits(self, shop: Shop, kind: str, request: Request, values: Values) -> Callable[[Any], bool]:
        """The filters of a list as one test of an object."""
        args = request.args
        if kind == "event":
            types = {value for key in args if key.startswith("types") for value in args.getlist(key)}
            types |= {args["type"]} if "type" in args else set()
            return lambda event: not types or event["type"] in types
        wanted = {name: args[name] for name in ("type", "source", "payment_intent", "status") if name in args}
        if charge := values.get("charge") or args.get("charge"):
            wanted["charge"] = charge
        arrival = listing.span_of(args, "arrival_date") if kind == "payout" else None
        if not wanted and (arrival is None or not any(key.startswith("arrival_date") for key in args)):
            return lambda _: True

        def admits(item: Any) -> bool:
            shape = shop.shape(kind, item)
            right = all(shape.get(name) == value for name, value in wanted.items())
            return right and (arrival is None or arrival.holds(shape["arrival_date"]))

        return admits

    def _show(self, shop: Shop, kind: str, request: Request, identifier: str) -> Response:
        listing.check_names(request.args, frozenset({"expand"}))
        item = shop.find(kind, identifier)
        if item is None:
            words = kind.replace("_", " ")
            return problem(404, f"No such {words}: '{identifier}'", code="resource_missing", param="id")
        shape = shop.shape(kind, item)
        for path in listing.wanted_paths(request.args):
            listing.expand(shop, shape, path)
        return answer(shape)

    def _shop(self, company: str) -> Shop:
        if company not in self._shops:
            self._shops[company] = Shop(self._setting.world.company(company))
        return self._shops[company]

    @cached_property
    def _accounts(self) -> dict[str, str]:
        return {world.cast.stripe_account: slug for slug, world in self._setting.world.using("stripe").items()}

    def _company(self, request: Request) -> str | None:
        """Who asks: a Connect token, a restricted key `rk_test_<company>`, or the platform key with Stripe-Account."""
        key = bearer(request) or basic(request)[0]
        account = self._accounts.get(request.headers.get("Stripe-Account", ""))
        if key == self._setting.client_ids[self.slug][1]:
            connected = account is not None and self.desk.grants_of(account)
            return account if connected else None
        if key.startswith("rk_test_") and key.removeprefix("rk_test_") in self._setting.world.using("stripe"):
            return key.removeprefix("rk_test_")
        grant = self.desk.authenticate(key)
        return grant.company if grant else None

    # -- Connect ------------------------------------------------------------------------------------------------

    def _authorize(self, request: Request) -> Response:
        names = {slug: world.cast.name for slug, world in self._setting.world.using("stripe").items()}
        return consent(self.desk, request, "Connect with Stripe", names, lambda _: {"scope": "read_only"})

    def _token(self, request: Request) -> Response:
        form = request.form
        secret = form.get("client_secret") or bearer(request) or basic(request)[0]
        try:
            self.desk.check_client(form.get("client_id") or self._setting.client_ids[self.slug][0], secret)
            if form.get("grant_type") == "refresh_token":
                grant = self.desk.refresh(form.get("refresh_token", ""))
            else:
                grant = self.desk.redeem(form.get("code", ""), None)
        except Refused as refused:
            status = 401 if refused.code == "invalid_client" else 400
            return answer({"error": refused.code, "error_description": refused.description}, status)
        return answer(
            {
                "access_token": grant.access_token,
                "livemode": False,
                "refresh_token": grant.refresh_token,
                "scope": "read_only",
                "stripe_publishable_key": f"pk_test_{grant.id}",
                "stripe_user_id": self._setting.world.company(grant.company).cast.stripe_account,
                "token_type": "bearer",
            }
        )

    def _deauthorize(self, request: Request) -> Response:
        secret = bearer(request) or basic(request)[0] or request.form.get("client_secret", "")
        account = request.form.get("stripe_user_id", "")
        company = self._accounts.get(account, "")
        try:
            self.desk.check_client(request.form.get("client_id", ""), secret)
        except Refused as refused:
            return answer({"error": refused.code, "error_description": refused.description}, 401)
        if not self.desk.revoke_company(company):
            text = f"This application is not connected to stripe account {account}, or that account does not exist."
            return answer({"error": "invalid_client", "error_description": text}, 401)
        return answer({"stripe_user_id": account})

    # -- control ------------------------------------------------------------------------------------------------

    def replay(self, record: Record) -> None:
        self.desk.replay(record)

    def reset(self) -> None:
        self.desk.reset()

    def act(self, company: str, action: str) -> dict[str, Any]:
        actions = {"expire-token": self.desk.expire_access, "revoke": self.desk.revoke_company}
        return {"grants": actions[action](company)}

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        found = self._shop(company).latest_event(event)
        if found is None:
            raise KeyError(event)
        body = dumps(found)
        signature = timestamped(secret, body, self._setting.clock.now())
        return Signed(body, {"Content-Type": "application/json", "Stripe-Signature": signature})


SERVICE = StripeService
