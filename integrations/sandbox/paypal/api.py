"""PayPal's endpoints: https://developer.paypal.com/docs/api/transaction-search/v1/ and /customer-disputes/v1/."""

from __future__ import annotations

import base64
import secrets
import zlib
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from integrations.sandbox.doors import TokenDoor, given
from integrations.sandbox.oauth import Policy
from integrations.sandbox.paypal import shapes
from integrations.sandbox.paypal.story import AGAINST, RESERVE, Wallet
from integrations.sandbox.played import PlayedService
from integrations.sandbox.service import Signed, answer, basic, dumps
from integrations.sandbox.world.calendar import STORY_NOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

    from integrations.sandbox.oauth import Grant
    from integrations.sandbox.service import Setting, Values
    from integrations.sandbox.world.cast import Cast

#: The most rows a query may have, and the widest span it may be of.
MOST_ROWS, SPAN = 10_000, timedelta(days=31)
SCOPES = (
    "https://uri.paypal.com/services/reporting/search/read https://uri.paypal.com/services/reporting/balances/read "
    "https://uri.paypal.com/services/disputes/read-seller"
)
_WORDS = {
    400: ("INVALID_REQUEST", "Request is not well-formed, syntactically incorrect, or violates schema."),
    401: (
        "AUTHENTICATION_FAILURE",
        "Authentication failed due to missing authorization header, or invalid authentication credentials.",
    ),
    403: ("NOT_AUTHORIZED", "Authorization failed due to insufficient permissions."),
    404: ("RESOURCE_NOT_FOUND", "The specified resource does not exist."),
    429: ("RATE_LIMIT_REACHED", "Too many requests. Blocked due to rate limiting."),
    503: ("SERVICE_UNAVAILABLE", "Service Unavailable."),
}
_SEARCH = {"start_date", "end_date", "fields", "balance_affecting_records_only", "page_size", "page"}
_EVENTS = {"PAYMENT.CAPTURE.COMPLETED": "capture", "CUSTOMER.DISPUTE.CREATED": "dispute"}


class Wrong(Exception):  # noqa: N818  # an answer to the caller, status 400
    def __init__(self, field: str, issue: str, name: str = "INVALID_REQUEST") -> None:
        super().__init__(issue)
        self.field = field
        self.issue = issue
        self.name = name


class NotYet(Exception):  # noqa: N818  # an answer to the caller, status 400
    """The reports do not reach the day. PayPal says so in its message alone: github.com/paypal/PayPal-node-SDK/issues/452"""


def problem(status: int, name: str, message: str, details: list[dict[str, str]] | None = None) -> Response:
    """https://developer.paypal.com/api/rest/responses/"""
    trace = secrets.token_hex(7)[:13]
    body = {"name": name, "message": message, "debug_id": trace, "details": details or [], "links": []}
    return answer(body, status, {"Paypal-Debug-Id": trace})


class PayPalService(PlayedService):
    slug = "paypal"
    policy = Policy(access_seconds=32400, refresh_seconds=0, rotation="none", access_prefix="A21AA", refresh_prefix="R")
    limit = (50, 60)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        shapes_of_keys = {"client_id": "AT{}", "client_secret": "EL{}"}
        self.doors = (TokenDoor(token="/v1/oauth2/token", shapes=shapes_of_keys, told=self._told),)  # noqa: S106  # a path

    def _told(self, company: str, _grant: Grant) -> dict[str, Any]:
        return {"scope": SCOPES, "app_id": "APP-80W284485P519543T", "nonce": f"{company}-{secrets.token_hex(8)}"}

    def _cast(self, company: str) -> Cast:
        return self.setting.world.company(company).cast

    def wallet(self, company: str) -> Wallet:
        data = self.setting.world.company(company).told["paypal"].data
        assert isinstance(data, Wallet)
        return data

    @property
    def base(self) -> str:
        return f"{self.setting.base_url}/{self.slug}"

    # -- endpoints ------------------------------------------------------------------------------------------------

    def api_rules(self) -> list[Rule]:
        paths = {
            "/v1/reporting/transactions": "transactions",
            "/v1/reporting/balances": "balances",
            "/v1/customer/disputes": "disputes",
            "/v1/customer/disputes/<id>": "dispute",
        }
        return [Rule(path, endpoint=name, methods=["GET"]) for path, name in paths.items()]

    def open_rules(self) -> list[Rule]:
        return [
            Rule("/v1/oauth2/token/terminate", endpoint="terminate", methods=["POST"]),
            Rule("/v1/notifications/certs/<name>", endpoint="certificate", methods=["GET"]),
        ]

    def open(self, endpoint: str, request: Request, _values: Values) -> Response:
        if endpoint == "certificate":
            return Response(self._signer[1], content_type="application/x-pem-file")
        token = given(request).get("token", "")
        holder = self.holder(token)
        if holder is None or tuple(self.doors[0].access(self, holder).values())[:2] != basic(request):
            return self.failure(401)
        self.desk.revoke(token)
        return Response(status=204)

    def failure(self, status: int) -> Response:
        name, message = _WORDS.get(status, ("INTERNAL_SERVER_ERROR", "An internal server error occurred."))
        return problem(status, name, message)

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        try:
            if endpoint == "transactions":
                return answer(self._search(company, request.args))
            if endpoint == "balances":
                return answer(self._balances(company))
            if endpoint == "disputes":
                return answer(self._disputes(company, request.args))
            found = next((one for one in self.wallet(company).quarrels if one.id == values["id"]), None)
            return answer(shapes.dispute(found, STORY_NOW, self.base, whole=True)) if found else self.failure(404)
        except NotYet:
            return problem(400, "INVALID_REQUEST", "Data for the given start date is not available.")
        except Wrong as wrong:
            location = {"field": wrong.field, "location": "query", "issue": wrong.issue}
            return problem(400, wrong.name, _WORDS[400][1], [location])

    def _search(self, company: str, args: Mapping[str, str]) -> dict[str, Any]:
        begin, end = _moment(args, "start_date"), _moment(args, "end_date")
        if end < begin or end - begin > SPAN:
            raise Wrong("end_date", "The date range is greater than 31 days")
        if begin > STORY_NOW:
            raise NotYet
        for name in args:
            if name not in _SEARCH:
                raise Wrong(name, "INVALID_PARAMETER")
        rows = [row for row in self.wallet(company).rows if begin <= row.at <= min(end, STORY_NOW)]
        if len(rows) > MOST_ROWS:
            raise Wrong("", "Result set size is greater than the maximum limit.", "RESULTSET_TOO_LARGE")
        size, page = _whole(args, "page_size", 100, 500), _whole(args, "page", 1, 2**31 - 1)
        wanted = ["transaction_info"] if args.get("fields", "transaction_info") == "transaction_info" else None
        details = [shapes.detail(row) for row in rows[(page - 1) * size : page * size]]
        if wanted:
            details = [{name: one[name] for name in wanted} for one in details]
        return {
            **({"transaction_details": details} if details else {}),
            "account_number": shapes.account_id(self._cast(company)),
            "start_date": shapes.stamp(begin),
            "end_date": shapes.stamp(min(end, STORY_NOW)),
            "last_refreshed_datetime": shapes.stamp(STORY_NOW),
            "page": page,
            "total_items": len(rows),
            "total_pages": -(-len(rows) // size),
            "links": [{"href": f"{self.base}/v1/reporting/transactions?page={page}", "rel": "self", "method": "GET"}],
        }

    def _balances(self, company: str) -> dict[str, Any]:
        rows = [row for row in self.wallet(company).rows if row.at <= STORY_NOW]
        withheld = -sum(row.net_minor for row in rows if AGAINST.get(row.code) == RESERVE)
        return shapes.balances(self._cast(company), STORY_NOW, sum(row.net_minor for row in rows), withheld)

    def _disputes(self, company: str, args: Mapping[str, str]) -> dict[str, Any]:
        since = _moment(args, "update_time_after") if "update_time_after" in args else STORY_NOW - timedelta(days=180)
        size, start = _whole(args, "page_size", 10, 50), _whole(args, "next_page_token", 0, 10**6)
        told = [shapes.dispute(one, STORY_NOW, self.base, whole=False) for one in self.wallet(company).quarrels]
        found = [one for one in told if since <= datetime.fromisoformat(one["update_time"])]
        found = sorted(
            (one for one in found if one["create_time"] <= shapes.milli(STORY_NOW)), key=_newest, reverse=True
        )
        path = f"{self.base}/v1/customer/disputes?page_size={size}"
        links = [{"href": path, "rel": "self", "method": "GET"}]
        if start + size < len(found):
            links.append({"href": f"{path}&next_page_token={start + size}", "rel": "next", "method": "GET"})
        return {"items": found[start : start + size], "links": links}

    # -- notices --------------------------------------------------------------------------------------------------

    def access(self, company: str) -> dict[str, str]:
        return {**super().access(company), "webhook_id": self.webhook_id(company)}

    def webhook_id(self, company: str) -> str:
        return f"8W{shapes.account_id(self._cast(company))}"

    @cached_property
    def _signer(self) -> tuple[rsa.RSAPrivateKey, bytes]:
        """A key, and its certificate as PayPal names the signer of its notices."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "messageverificationcerts.paypal.com")])
        now = datetime.fromtimestamp(self.setting.clock.now(), STORY_NOW.tzinfo)
        made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=400)).not_valid_after(now + timedelta(days=400))
        return key, made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """A notice of the latest thing; ``secret`` is another webhook id than the company's own."""
        kind = _EVENTS[event]
        wallet = self.wallet(company)
        about = {"id": wallet.rows[-1].id} if kind == "capture" else {"dispute_id": wallet.quarrels[-1].id}
        when = f"{datetime.fromtimestamp(self.setting.clock.now(), STORY_NOW.tzinfo):%Y-%m-%dT%H:%M:%SZ}"
        name = f"WH-{secrets.token_hex(8).upper()}-{secrets.token_hex(8).upper()}"
        body = dumps({"id": name, "event_type": event, "create_time": when, "resource_type": kind, "resource": about})
        transmission = secrets.token_hex(16)
        signed = f"{transmission}|{when}|{secret or self.webhook_id(company)}|{zlib.crc32(body)}".encode()
        key, pem = self._signer
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        headers = {
            "PAYPAL-TRANSMISSION-ID": transmission,
            "PAYPAL-TRANSMISSION-TIME": when,
            "PAYPAL-TRANSMISSION-SIG": base64.b64encode(signature).decode(),
            "PAYPAL-CERT-URL": f"{self.base}/v1/notifications/certs/CERT-{zlib.crc32(pem):08x}",
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
            "Content-Type": "application/json",
        }
        return Signed(body, headers)


def _newest(shape: dict[str, Any]) -> str:
    return str(shape["create_time"])


def _moment(args: Mapping[str, str], name: str) -> datetime:
    """Seconds and an offset are required."""
    try:
        found = datetime.fromisoformat(args.get(name, "").replace(" ", "+"))
    except ValueError as error:
        raise Wrong(name, "INVALID_PARAMETER_SYNTAX") from error
    if found.tzinfo is None or len(args[name]) < 20:
        raise Wrong(name, "INVALID_PARAMETER_SYNTAX")
    return found


def _whole(args: Mapping[str, str], name: str, default: int, most: int) -> int:
    given_text = args.get(name, str(default))
    if not given_text.isdigit() or int(given_text) > most:
        raise Wrong(name, "INVALID_PARAMETER_VALUE")
    return int(given_text)


SERVICE = PayPalService
