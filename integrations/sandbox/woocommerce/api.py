"""A store's endpoints: https://woocommerce.github.io/woocommerce-rest-api-docs/. Pages by number, their count in headers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

from integrations.sandbox.doors import PostedDoor
from integrations.sandbox.played import PlayedService
from integrations.sandbox.service import Signed, answer, basic, dumps
from integrations.sandbox.signing import hmac_base64
from integrations.sandbox.woocommerce.story import RATES, SLUG, Store
from integrations.sandbox.world.calendar import HOME_ZONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.service import Setting, Values
    from integrations.sandbox.woocommerce.story import Back, Sold

Shape = dict[str, Any]
MOST = 100
_ERRORS = {
    401: ("woocommerce_rest_cannot_view", "Sorry, you cannot list resources."),
    404: ("rest_no_route", "No route was found matching the URL and request method."),
}
_STATUS = re.compile(r"[a-z-]+")


def _shown(request: Request) -> dict[str, str]:
    """Basic authentication, or both as parameters where the host takes the header away."""
    key, secret = basic(request)
    return {
        "consumer_key": key or request.args.get("consumer_key", ""),
        "consumer_secret": secret or request.args.get("consumer_secret", ""),
    }


def _posted(reference: str, keys: dict[str, str]) -> Shape:
    return {"key_id": 1, "user_id": reference, **keys, "key_permissions": "read"}


class Wrong(Exception):  # noqa: N818  # an answer to the caller, status 400
    pass


class WooCommerceService(PlayedService):
    slug = SLUG
    limit = (50, 1)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        shapes = {"consumer_key": "ck_{}", "consumer_secret": "cs_{}"}
        self.doors = (PostedDoor(authorize="/wc-auth/v1/authorize", shapes=shapes, body=_posted, present=_shown),)

    def access(self, company: str) -> dict[str, str]:
        return {"store": f"https://{company}.example/shop", **super().access(company)}

    def api_rules(self) -> list[Rule]:
        base = "/wp-json/wc/v3/orders"
        return [
            Rule(base, endpoint="orders", methods=["GET"]),
            Rule(f"{base}/<int:id>/refunds", endpoint="refunds", methods=["GET"]),
        ]

    def failure(self, status: int) -> Response:
        code, message = _ERRORS.get(status, ("internal_server_error", "There has been a critical error."))
        return answer({"code": code, "message": message, "data": {"status": status}}, status)

    def too_many(self, wait: int) -> Response:
        """A store has no limit: its host answers, in HTML."""
        response = answer(None, 429, {"Retry-After": str(wait)})
        response.set_data("<html><body><h1>429 Too Many Requests</h1></body></html>")
        response.content_type = "text/html"
        return response

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        orders = self._store(company).orders
        places = 4 if request.args.get("dp") == "4" else 2
        try:
            if endpoint == "refunds":
                found = [one for one in orders if one.id == values["id"]]
                if not found:
                    return self.failure(404)
                return _page([_refund(back, places) for back in found[0].backs], request.args)
            wanted = [one for one in orders if _is_within(one, request.args)]
            return _page([_order(one, places) for one in sorted(wanted, key=lambda one: one.id)], request.args)
        except (Wrong, ValueError):
            body = {"code": "rest_invalid_param", "message": "Invalid parameter(s)", "data": {"status": 400}}
            return answer(body, 400)

    def _store(self, company: str) -> Store:
        told = self.setting.world.company(company).told.get(SLUG)
        data = told.data if told is not None else Store(())
        assert isinstance(data, Store)
        return data

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """The latest order as a notice, or the first ping. https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks"""
        if event == "ping":
            return Signed(b"webhook_id=142", {"Content-Type": "application/x-www-form-urlencoded"})
        if event not in ("order.created", "order.updated", "order.deleted"):
            raise KeyError(event)
        last = max(self._store(company).orders, key=lambda one: one.modified)
        body = dumps({"id": last.id} if event == "order.deleted" else _order(last, 2))
        headers = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Topic": event,
            "X-WC-Webhook-Delivery-ID": "1",
            "X-WC-Webhook-Signature": hmac_base64(secret, body),
        }
        return Signed(body, headers)


SERVICE = WooCommerceService


# ---- lists ---------------------------------------------------------------------------------------------------------------


def _is_within(sold: Sold, args: Mapping[str, str]) -> bool:
    statuses = _STATUS.findall(args.get("status", "any"))
    if sold.status not in statuses and not ("any" in statuses and sold.status != "trash"):
        return False
    after, before = (_moment(args, name) for name in ("modified_after", "modified_before"))
    if not ((after is None or sold.modified > after) and (before is None or sold.modified < before)):
        return False
    after, before = (_moment(args, name) for name in ("after", "before"))
    return (after is None or sold.at > after) and (before is None or sold.at < before)


def _moment(args: Mapping[str, str], name: str) -> datetime | None:
    """Times of a query are the site's own unless ``dates_are_gmt`` says otherwise."""
    if name not in args:
        return None
    zone = UTC if args.get("dates_are_gmt") == "true" else HOME_ZONE
    found = datetime.fromisoformat(args[name])
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _page(rows: list[Shape], args: Mapping[str, str]) -> Response:
    number, size = int(args.get("page", "1")), int(args.get("per_page", "10"))
    if number < 1 or not 0 < size <= MOST:
        raise Wrong
    pages = -(-len(rows) // size)
    some = rows[(number - 1) * size : number * size]
    if args.get("_fields"):
        some = [{name: row[name] for name in args["_fields"].split(",") if name in row} for row in some]
    return answer(some, headers={"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)})


# ---- shapes --------------------------------------------------------------------------------------------------------------


def _money(minor: int, places: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}{'0' * (places - 2)}"


def _times(name: str, moment: datetime | None) -> Shape:
    """The site's own time without a zone, and UTC, without one either."""
    if moment is None:
        return {name: None, f"{name}_gmt": None}
    local, utc = (moment.astimezone(zone).replace(tzinfo=None).isoformat() for zone in (HOME_ZONE, UTC))
    return {name: local, f"{name}_gmt": utc}


def _order(sold: Sold, places: int) -> Shape:
    tax = sum(amount for _, amount in sold.taxes)
    net = sold.goods_minor - sold.discount_minor
    line = _line(sold.id + 2, sold.goods_minor, net, tax, places)
    return {
        "id": sold.id,
        "parent_id": 0,
        "number": str(sold.id),
        "order_key": f"wc_order_{sold.id}",
        "created_via": "checkout",
        "version": "9.8.1",
        "status": sold.status,
        "currency": "USD",
        **_times("date_created", sold.at),
        **_times("date_modified", sold.modified),
        "discount_total": _money(sold.discount_minor, places),
        "shipping_total": _money(sold.shipping_minor, places),
        "total": _money(sold.total_minor, places),
        "total_tax": _money(tax, places),
        "prices_include_tax": False,
        "customer_id": 0,
        "payment_method": sold.method,
        "payment_method_title": sold.method.upper(),
        "transaction_id": "",
        **_times("date_paid", sold.paid),
        **_times("date_completed", sold.paid if sold.status == "completed" else None),
        "meta_data": [],
        "line_items": [line],
        "tax_lines": [_tax_line(*pair, places) for pair in sold.taxes],
        "shipping_lines": _named(
            sold.id + 4, sold.shipping_minor, places, {"method_title": "Flat rate", "method_id": "flat_rate"}
        ),
        "fee_lines": _named(sold.id + 5, sold.fee_minor, places, {"name": "Gift wrap", "tax_status": "none"}),
        "coupon_lines": [],
        "refunds": [{"id": back.id, "reason": "", "total": _money(-back.amount_minor, places)} for back in sold.backs],
    }


def _line(identity: int, before: int, total: int, tax: int, places: int) -> Shape:
    return {
        "id": identity,
        "name": "Harbor blend, case",
        "product_id": 41,
        "variation_id": 0,
        "quantity": 1 if total >= 0 else -1,
        "tax_class": "",
        "subtotal": _money(before, places),
        "subtotal_tax": _money(tax, places),
        "total": _money(total, places),
        "total_tax": _money(tax, places),
        "taxes": [],
        "meta_data": [],
        "sku": "HB-12",
        "price": abs(total) // 100,
    }


def _tax_line(label: str, amount: int, places: int) -> Shape:
    number = [name for name, _ in RATES].index(label) + 1
    return {
        "id": number,
        "rate_code": f"US-CA-{number}",
        "rate_id": number,
        "label": label,
        "compound": False,
        "tax_total": _money(amount, places),
        "shipping_tax_total": _money(0, places),
        "meta_data": [],
    }


def _named(identity: int, amount: int, places: int, more: Shape) -> list[Shape]:
    line = {
        "id": identity,
        **more,
        "total": _money(amount, places),
        "total_tax": _money(0, places),
        "taxes": [],
        "meta_data": [],
    }
    return [line] if amount else []


def _refund(back: Back, places: int) -> Shape:
    lines = (
        []
        if back.whole
        else [_line(back.id + 5, -back.goods_minor, -back.goods_minor, -sum(t for _, t in back.taxes), places)]
    )
    labels = [] if back.whole else [_tax_line(name, -tax, places) for name, tax in back.taxes]
    return {
        "id": back.id,
        **_times("date_created", back.at),
        "amount": _money(back.amount_minor, places),
        "reason": "",
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": lines,
        "shipping_lines": [],
        "tax_lines": labels,
        "fee_lines": [],
    }
