"""Square's endpoints: https://developer.squareup.com/reference/square. Lists default to the main location and the last year."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

from integrations.sandbox.doors import OAuthDoor
from integrations.sandbox.oauth import Policy, Refused
from integrations.sandbox.played import PlayedService
from integrations.sandbox.service import Signed, answer, bearer, dumps
from integrations.sandbox.square import shapes
from integrations.sandbox.square.plan import PLACES
from integrations.sandbox.square.till import Till
from integrations.sandbox.world.calendar import STORY_NOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.oauth import Grant
    from integrations.sandbox.service import Setting, Values
    from integrations.sandbox.square.shapes import Shape

MAIN = PLACES[0].id
YEAR = timedelta(days=365)
_CODES = {
    401: ("AUTHENTICATION_ERROR", "UNAUTHORIZED"),
    403: ("AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES"),
    404: ("INVALID_REQUEST_ERROR", "NOT_FOUND"),
    405: ("INVALID_REQUEST_ERROR", "METHOD_NOT_ALLOWED"),
    429: ("RATE_LIMIT_ERROR", "RATE_LIMITED"),
    503: ("API_ERROR", "SERVICE_UNAVAILABLE"),
}
_PAGING = {"cursor", "limit"}
_CHANGED = {"begin_time", "end_time", "updated_at_begin_time", "updated_at_end_time", "sort_field", "sort_order"}
#: Endpoint → (parameters it takes, page size it gives at most, key of the list in its answer).
LISTS = {
    "payments": (_PAGING | _CHANGED | {"location_id"}, 100, "payments"),
    "refunds": (_PAGING | _CHANGED | {"location_id", "status", "source_type"}, 100, "refunds"),
    "payouts": (_PAGING | {"location_id", "status", "begin_time", "end_time", "sort_order"}, 100, "payouts"),
    "entries": (_PAGING | {"sort_order"}, 100, "payout_entries"),
    "disputes": ({"cursor", "states", "location_id"}, 50, "disputes"),
    "shifts": (_PAGING | {"location_id", "begin_time", "end_time", "sort_order"}, 1000, "cash_drawer_shifts"),
    "events": (_PAGING | {"location_id"}, 1000, "cash_drawer_shift_events"),
    "activities": (
        _PAGING | {"gift_card_id", "type", "location_id", "begin_time", "end_time", "sort_order"},
        100,
        "gift_card_activities",
    ),
    "cards": (_PAGING | {"type", "state", "customer_id"}, 50, "gift_cards"),
}


class Wrong(Exception):  # noqa: N818  # an answer to the caller, status 400
    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field


def problem(status: int, category: str, code: str, field: str = "") -> Response:
    """https://developer.squareup.com/docs/build-basics/general-considerations/handling-errors"""
    error = {"category": category, "code": code, "detail": "The request could not be served."}
    return answer({"errors": [error | ({"field": field} if field else {})]}, status)


class SquareService(PlayedService):
    slug = "square"
    app = ("sq0idp-tieoutsandbox", "sq0csp-tieoutsandboxsecret")
    policy = Policy(
        access_seconds=30 * 86400, refresh_seconds=0, rotation="none", access_prefix="EAAA", refresh_prefix="EQAA"
    )
    limit = (10, 1)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.doors = (
            OAuthDoor(
                authorize="/oauth2/authorize",
                token="/oauth2/token",  # noqa: S106  # a path
                title="Connect with Square",
                ends="expires_at",
                told=self._told,
            ),
        )
        self._tills: dict[str, Till] = {}

    def _told(self, company: str, _grant: Grant) -> dict[str, Any]:
        return {"merchant_id": shapes.merchant_id(self.setting.world.company(company).cast), "short_lived": False}

    def till(self, company: str) -> Till:
        if company not in self._tills:
            self._tills[company] = Till(self.setting.world.company(company))
        return self._tills[company]

    # -- endpoints ------------------------------------------------------------------------------------------------

    def api_rules(self) -> list[Rule]:
        paths = {
            "/v2/merchants": "merchants",
            "/v2/locations": "locations",
            "/v2/payments": "payments",
            "/v2/refunds": "refunds",
            "/v2/payouts": "payouts",
            "/v2/payouts/<id>/payout-entries": "entries",
            "/v2/disputes": "disputes",
            "/v2/cash-drawers/shifts": "shifts",
            "/v2/cash-drawers/shifts/<id>/events": "events",
            "/v2/gift-cards": "cards",
            "/v2/gift-cards/activities": "activities",
        }
        rules = [Rule(path, endpoint=name, methods=["GET"]) for path, name in paths.items()]
        return [
            *rules,
            Rule("/v2/orders/search", endpoint="search", methods=["POST"]),
            Rule("/v2/orders/batch-retrieve", endpoint="batch", methods=["POST"]),
            Rule("/oauth2/token/status", endpoint="status", methods=["POST"]),
        ]

    def open_rules(self) -> list[Rule]:
        return [Rule("/oauth2/revoke", endpoint="revoke", methods=["POST"])]

    def open(self, _endpoint: str, request: Request, _values: Values) -> Response:
        """Signed by the app's secret; every token of the merchant ends. https://developer.squareup.com/docs/oauth-api/revoke-token"""
        asked = request.get_json(silent=True) or {}
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        try:
            self.desk.check_client(str(asked.get("client_id", "")), secret if kind == "Client" else "")
        except Refused:
            return self.failure(401)
        for company in self.companies:
            if shapes.merchant_id(self.setting.world.company(company).cast) == asked.get("merchant_id"):
                return answer({"success": True}) if self.desk.revoke_company(company) else self.failure(404)
        return self.failure(404)

    def failure(self, status: int) -> Response:
        category, code = _CODES.get(status, ("API_ERROR", "INTERNAL_SERVER_ERROR"))
        return problem(status, category, code)

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        till = self.till(company)
        try:
            response = self._answer(till, endpoint, request, values)
        except Wrong as wrong:
            response = problem(400, "INVALID_REQUEST_ERROR", wrong.code, wrong.field)
        response.headers["Square-Version"] = request.headers.get("Square-Version", "2025-08-20")
        return response

    def _answer(self, till: Till, endpoint: str, request: Request, values: Values) -> Response:
        if endpoint == "merchants":
            return answer({"merchant": [shapes.merchant(till.cast)]})
        if endpoint == "locations":
            return answer({"locations": shapes.locations(till.cast)})
        if endpoint == "status":
            return answer(self._status(till, bearer(request)))
        if endpoint in ("search", "batch"):
            body = request.get_json(silent=True)
            if not isinstance(body, dict):
                raise Wrong("EXPECTED_JSON_BODY")
            return answer(_search(till, body) if endpoint == "search" else _batch(till, body))
        return answer(_list(till, endpoint, request.args, values))

    def _status(self, till: Till, token: str) -> dict[str, Any]:
        grant = self.desk.authenticate(token)
        scopes = grant.scope.split(" ") if grant is not None and grant.scope else []
        ends = self.ends_of(grant, "expires_at") if grant is not None else {}
        return {"scopes": scopes, **ends, "client_id": self.app[0], "merchant_id": shapes.merchant_id(till.cast)}

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """The latest thing of this kind, as a notice. ``secret`` is the subscription's key and, after a blank, the URL it has."""
        key, _, url = secret.partition(" ")
        kind = event.partition(".")[0]
        found = self.till(company).latest(kind)
        body = dumps(
            {
                "merchant_id": shapes.merchant_id(self.setting.world.company(company).cast),
                "type": event,
                "event_id": secrets.token_hex(16),
                "created_at": shapes.stamp(STORY_NOW),
                "data": {"type": kind, "id": found["id"], "object": {kind: found}},
            }
        )
        signature = base64.b64encode(hmac.new(key.encode(), url.encode() + body, hashlib.sha256).digest()).decode()
        return Signed(body, {"Content-Type": "application/json", "x-square-hmacsha256-signature": signature})


# ---- lists -----------------------------------------------------------------------------------------------------------------


def _list(till: Till, endpoint: str, args: Mapping[str, str], values: Values) -> dict[str, Any]:
    known, most, key = LISTS[endpoint]
    for name in args:
        if name not in known:
            raise Wrong("UNKNOWN_QUERY_PARAMETER", name)
    if endpoint in ("shifts", "events") and not args.get("location_id"):
        raise Wrong("MISSING_REQUIRED_PARAMETER", "location_id")
    rows = till.rows(endpoint, values.get("id", ""))
    # Payments and payouts are of the main location unless another is named; the others of all.
    place = args.get("location_id") or (MAIN if endpoint in ("payments", "payouts") else "")
    if place and place not in {one.id for one in PLACES}:
        raise Wrong("INVALID_VALUE", "location_id")
    wanted = [row for row in rows if not place or row.get("location_id", place) == place]
    wanted = [row for row in wanted if _is_within(endpoint, row, args)]
    field = "updated_at" if args.get("sort_field") == "UPDATED_AT" else _dated(endpoint)
    wanted.sort(key=lambda row: (row.get(field, ""), row["id"]), reverse=args.get("sort_order", "DESC") == "DESC")
    return _page(
        wanted, key, {name: value for name, value in args.items() if name != "cursor"}, args.get("cursor", ""), most
    )


def _dated(endpoint: str) -> str:
    return {"shifts": "opened_at", "entries": "effective_at"}.get(endpoint, "created_at")


def _is_within(endpoint: str, row: Shape, args: Mapping[str, str]) -> bool:
    if endpoint in ("entries", "disputes", "events", "cards"):
        return True
    begin, end = _moment(args, "begin_time", STORY_NOW - YEAR), _moment(args, "end_time", STORY_NOW)
    if not begin <= datetime.fromisoformat(row[_dated(endpoint)]) <= end:
        return False
    if "updated_at_begin_time" not in args and "updated_at_end_time" not in args:
        return True
    first, last = _moment(args, "updated_at_begin_time", begin), _moment(args, "updated_at_end_time", end)
    return first <= datetime.fromisoformat(row["updated_at"]) <= last


def _moment(args: Mapping[str, Any], name: str, default: datetime) -> datetime:
    if name not in args:
        return default
    try:
        found = datetime.fromisoformat(str(args[name]))
    except ValueError as error:
        raise Wrong("INVALID_TIME", name) from error
    if found.tzinfo is None:
        raise Wrong("INVALID_TIME", name)
    return found


def _page(rows: list[Shape], key: str, said: Mapping[str, Any], cursor: str, most: int) -> dict[str, Any]:
    """A page; the cursor stands for a place within exactly these parameters. https://developer.squareup.com/docs/build-basics/common-api-patterns/pagination"""
    told = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
    start = 0
    if cursor:
        mark, _, place = cursor.partition("-")
        if mark != told or not place.isdigit():
            raise Wrong("INVALID_CURSOR", "cursor")
        start = int(place)
    try:
        count = min(int(said.get("limit") or most), most)
    except ValueError as error:
        raise Wrong("EXPECTED_INTEGER", "limit") from error
    if count < 1:
        raise Wrong("VALUE_TOO_LOW", "limit")
    page = {key: rows[start : start + count]} if rows else {}
    return page | ({"cursor": f"{told}-{start + count}"} if start + count < len(rows) else {})


# ---- orders ----------------------------------------------------------------------------------------------------------------

_FIELDS = {"created_at": "CREATED_AT", "updated_at": "UPDATED_AT", "closed_at": "CLOSED_AT"}


def _search(till: Till, body: dict[str, Any]) -> dict[str, Any]:
    """The time filtered by must be the one sorted by, or it is an error. https://developer.squareup.com/reference/square/orders-api/search-orders"""
    places = body.get("location_ids") or []
    if not places or len(places) > 10:
        raise Wrong("ARRAY_EMPTY" if not places else "ARRAY_LENGTH_TOO_LONG", "location_ids")
    query = body.get("query") or {}
    chosen = query.get("filter") or {}
    times = chosen.get("date_time_filter") or {}
    sort = (query.get("sort") or {}).get("sort_field", "CREATED_AT")
    if len(times) > 1 or any(_FIELDS.get(name) != sort for name in times):
        raise Wrong("BAD_REQUEST", "query.sort.sort_field")
    states = (chosen.get("state_filter") or {}).get("states")
    field = next(name for name, told in _FIELDS.items() if told == sort)
    rows = [row for row in till.orders if row["location_id"] in places and (not states or row["state"] in states)]
    for name, span in times.items():
        first, last = _moment(span, "start_at", STORY_NOW - 3 * YEAR), _moment(span, "end_at", STORY_NOW)
        rows = [row for row in rows if name in row and first <= datetime.fromisoformat(row[name]) <= last]
    is_down = (query.get("sort") or {}).get("sort_order", "DESC") == "DESC"
    rows.sort(key=lambda row: (row.get(field, ""), row["id"]), reverse=is_down)
    if body.get("return_entries"):
        rows = [{"order_id": row["id"], "version": row["version"], "location_id": row["location_id"]} for row in rows]
    said = {name: value for name, value in body.items() if name != "cursor"}
    return _page(rows, "order_entries" if body.get("return_entries") else "orders", said, body.get("cursor", ""), 1000)


def _batch(till: Till, body: dict[str, Any]) -> dict[str, Any]:
    ids = body.get("order_ids") or []
    if not ids or len(ids) > 100:
        raise Wrong("ARRAY_EMPTY" if not ids else "ARRAY_LENGTH_TOO_LONG", "order_ids")
    found = [till.order(str(one)) for one in ids]
    return {"orders": [one for one in found if one is not None]}


SERVICE = SquareService
