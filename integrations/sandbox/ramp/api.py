"""Ramp's endpoints: https://docs.ramp.com/developer-api/v1. Lists give 20 unless asked for more, and leave much out unasked."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from integrations.sandbox.doors import OAuthDoor, TokenDoor
from integrations.sandbox.oauth import Policy
from integrations.sandbox.played import PlayedService
from integrations.sandbox.ramp import shapes
from integrations.sandbox.ramp.plan import Spending
from integrations.sandbox.service import Signed, answer, basic, dumps
from integrations.sandbox.world.calendar import STORY_NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Request

    from integrations.sandbox.ramp.shapes import Shape
    from integrations.sandbox.service import Setting, Values

V1 = "/developer/v1"
FEWEST, MOST, USUAL = 2, 100, 20
_TOKEN = f"{V1}/token"
_CODES = {
    401: "DEVELOPER_7100",
    403: "DEVELOPER_7101",
    404: "DEVELOPER_7003",
    422: "DEVELOPER_7001",
    429: "DEVELOPER_7099",
}
#: List → filter → (field, whether a row of this value stays for what was asked).


def _after(has: str, said: str) -> bool:
    return has != "" and _moment(has) >= _moment(said)


def _before(has: str, said: str) -> bool:
    return has != "" and _moment(has) <= _moment(said)


def _same(has: str, said: str) -> bool:
    return has == said


_CREATED = {"from_date": ("created_at", _after), "to_date": ("created_at", _before)}
FILTERS: dict[str, dict[str, tuple[str, Callable[[str, str], bool]]]] = {
    "transactions": {
        "from_date": ("user_transaction_time", _after),
        "to_date": ("user_transaction_time", _before),
        "statement_id": ("statement_id", _same),
        "entity_id": ("entity_id", _same),
        "sync_status": ("sync_status", _same),
    },
    "bills": {
        "payment_status": ("status", _same),
        "approval_status": ("approval_status", _same),
        "payment_method": ("payment.payment_method", _same),
        "from_created_at": ("created_at", _after),
        "from_paid_at": ("paid_at", _after),
        "entity_id": ("entity_id", _same),
    },
    "reimbursements": {
        "updated_after": ("updated_at", _after),
        "from_date": ("created_at", _after),
        "entity_id": ("entity_id", _same),
    },
    "cashbacks": {**_CREATED, "entity_id": ("entity_id", _same)},
    "transfers": {**_CREATED, "entity_id": ("entity_id", _same), "status": ("status", _same)},
    "statements": {"from_date": ("end_date", _after), "to_date": ("end_date", _before)},
    "receipts": {"created_after": ("created_at", _after), "transaction_id": ("transaction_id", _same)},
}
#: Filters that are not of a field: what is left out unless they are given.
_SHOWS = {"transactions": ("state",), "bills": ("is_archived",), "reimbursements": ("direction",)}


def _moment(written: str) -> datetime:
    found = datetime.fromisoformat(written)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def problem(status: int, message: str, info: Mapping[str, list[str]] | None = None) -> Response:
    """Two errors side by side. https://docs.ramp.com/developer-api/v1/error-handling"""
    told = {"error_code": _CODES.get(status, "DEVELOPER_7000"), "message": message, "additional_info": info or {}}
    response = answer({"error_v2": {**told, "notes": ""}, "error": info or {"message": message}}, status)
    response.headers["x-trace-id"] = shapes.made("trace", message)
    return response


class RampService(PlayedService):
    slug = "ramp"
    app = ("ramp_id_tieoutsandbox", "ramp_sec_tieoutsandbox")
    policy = Policy(
        access_seconds=864000,
        refresh_seconds=0,
        rotation="none",
        access_prefix="ramp_tok_",
        refresh_prefix="ramp_tok_r",
    )
    limit = (200, 10)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.doors = (
            OAuthDoor(authorize="/v1/authorize", token=_TOKEN, title="Connect with Ramp"),
            TokenDoor(token=_TOKEN, shapes={"client_id": "ramp_id_{}", "client_secret": "ramp_sec_{}"}),
        )

    def api_rules(self) -> list[Rule]:
        rules = [Rule(f"{V1}/business", endpoint="business", methods=["GET"])]
        for name in FILTERS:
            rules.append(Rule(f"{V1}/{name}", endpoint=name, methods=["GET"]))
            rules.append(Rule(f"{V1}/{name}/<id>", endpoint=name, methods=["GET"]))
        return rules

    def open_rules(self) -> list[Rule]:
        revoke = Rule(f"{V1}/token/revoke", endpoint="revoke", methods=["POST"])
        return [revoke, Rule("/files/<name>", endpoint="file", methods=["GET"])]

    def open(self, endpoint: str, request: Request, values: Values) -> Response:
        """A token handed back by the app it is of, and files at addresses that are signed."""
        if endpoint == "file":
            signed = hmac.compare_digest(request.args.get("signature", ""), _signature(values["name"]))
            body = f"%PDF-1.4 receipt {values['name']}".encode()
            return Response(body, content_type="application/pdf") if signed else Response("Expired", status=403)
        shown = basic(request)
        keys = [tuple(self.access(company).values()) for company in self.companies]
        if shown != self.app and shown not in keys:
            return answer({"error": "invalid_client", "error_description": "Client authentication failed."}, 401)
        self.desk.revoke(request.form.get("token", ""))
        return Response(status=200)

    def failure(self, status: int) -> Response:
        return problem(status, "The request could not be served.")

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        if endpoint == "business":
            return answer(shapes.business(self.setting.world.company(company).cast.legal_name))
        rows = self.rows(company, endpoint, request.host_url)
        if "id" in values:
            found = next((row for row in rows if row["id"] == values["id"]), None)
            return self.failure(404) if found is None else answer(found)
        return _listed(endpoint, rows, request)

    def rows(self, company: str, endpoint: str, host: str = "") -> list[Shape]:
        known = self.setting.world.company(company).told[self.slug].data
        assert isinstance(known, Spending)
        bought = [one for one in known.purchases if one.has_receipt]
        made: dict[str, Callable[[], list[Shape]]] = {
            "transactions": lambda: [shapes.transaction(known, one) for one in known.purchases],
            "bills": lambda: [
                shapes.bill(known, one, self._file(host, shapes.made("invoice", one.id))) for one in known.bills
            ],
            "reimbursements": lambda: [shapes.reimbursement(one) for one in known.claims],
            "statements": lambda: [shapes.statement(known, one, self._file(host, one.id)) for one in known.statements],
            "receipts": lambda: [shapes.receipt(one, self._file(host, shapes.receipt_id(one))) for one in bought],
            "cashbacks": lambda: [shapes.cashback(one) for one in known.cashbacks],
            "transfers": lambda: [shapes.transfer(one) for one in known.transfers],
        }
        return made[endpoint]()

    def _file(self, host: str, name: str) -> str:
        return f"{host}{self.slug}/files/{name}?{urlencode({'signature': _signature(name)})}"

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """The first thing of this kind; ``webhooks.verification`` is the challenge of a new subscription."""
        kind = event.partition(".")[0]
        told = {"id": shapes.made(event, company), "type": event, "created_at": shapes.stamp(STORY_NOW)}
        if event == "webhooks.verification":
            body = dumps({**told, "challenge": shapes.made("challenge", company)})
        elif kind in FILTERS:
            first = self.rows(company, kind)[0]
            body = dumps({**told, "business_id": shapes.BUSINESS, "object": {"id": first["id"]}})
        else:
            raise KeyError(event)
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return Signed(body, {"Content-Type": "application/json", "X-Ramp-Webhook-Signature": signature})


def _signature(name: str) -> str:
    return hashlib.sha256(f"file {name}".encode()).hexdigest()[:32]


# ---- lists -----------------------------------------------------------------------------------------------------------------


def _listed(endpoint: str, rows: list[Shape], request: Request) -> Response:
    """A page by keyset. https://docs.ramp.com/developer-api/v1/pagination"""
    args, known = request.args, FILTERS[endpoint]
    size = args.get("page_size", str(USUAL))
    if not size.isdigit() or not FEWEST <= int(size) <= MOST:
        said = f"Value must be between {FEWEST} and {MOST}"
        return problem(422, said, {"page_size": [said]})
    unknown = [name for name in args if name not in (*known, *_SHOWS.get(endpoint, ()), "start", "page_size")]
    if unknown:
        return problem(422, "Unknown field.", {name: ["Unknown field."] for name in unknown})
    rows = [row for row in rows if _is_shown(endpoint, row, args)]
    for name, (field, fits) in known.items():
        if name in args:
            rows = [row for row in rows if fits(_value(row, field), args[name])]
    ids = [row["id"] for row in rows]
    begin = ids.index(args["start"]) + 1 if args.get("start") in ids else 0
    page = rows[begin : begin + int(size)]
    following = None
    if begin + int(size) < len(rows):
        following = f"{request.base_url}?{urlencode({**args.to_dict(), 'start': page[-1]['id']})}"
    return answer({"data": page, "page": {"next": following}})


def _is_shown(endpoint: str, row: Shape, args: Mapping[str, str]) -> bool:
    """Declined purchases, archived bills and repayments are shown to who asks for them alone."""
    if endpoint == "transactions":
        state = args.get("state", "")
        return state == "ALL" or (row["state"] == state if state else row["state"] != "DECLINED")
    if endpoint == "bills":
        return (row["archived_at"] is not None) == (args.get("is_archived", "false") == "true")
    if endpoint == "reimbursements":
        return bool(row["direction"] == args.get("direction", "BUSINESS_TO_USER"))
    return True


def _value(row: Shape, field: str) -> str:
    outer, _, inner = field.partition(".")
    found = row.get(outer)
    if inner:
        found = found.get(inner) if isinstance(found, dict) else None
    return "" if found is None else str(found)


SERVICE = RampService
