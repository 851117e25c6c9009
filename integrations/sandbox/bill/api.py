"""BILL's endpoints: https://developer.bill.com/reference. Lists give 20 unless asked for more, and nothing archived."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

from integrations.sandbox.bill import shapes
from integrations.sandbox.bill.plan import Payables
from integrations.sandbox.doors import SessionDoor, given, made_key
from integrations.sandbox.oauth import Policy
from integrations.sandbox.played import PlayedService
from integrations.sandbox.service import Signed, answer, dumps
from integrations.sandbox.world.calendar import STORY_NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.bill.shapes import Shape
    from integrations.sandbox.service import Setting, Values

MOST, USUAL = 100, 20
_CODES = {
    401: ("BDC_1109", "Session is invalid.  Please log in."),
    403: ("BDC_1107", "The user may not do this."),
    404: ("BDC_1121", "API not supported."),
    429: ("BDC_1144", "Max number of allowed requests per hour reached: 20000."),
}
_FILTER = re.compile(r'(\w+):(eq|ne|gt|gte|lt|lte):("[^"]*"|[^,"]*)')
_DOES: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda has, said: has == said,
    "ne": lambda has, said: has != said,
    "gt": lambda has, said: has > said,
    "gte": lambda has, said: has >= said,
    "lt": lambda has, said: has < said,
    "lte": lambda has, said: has <= said,
}
_SESSION = "session"


def problem(status: int, code: str, message: str) -> Response:
    """An array at the top. https://developer.bill.com/docs/common-api-error-codes"""
    said = {"timestamp": shapes.stamp(STORY_NOW), "code": code, "severity": "ERROR", "category": "DOWNSTREAM"}
    return answer([{**said, "message": message}], status)


class Login(SessionDoor):
    """The sign-in, which also needs the developer key of the app."""

    def handle(self, service: PlayedService, endpoint: str, request: Request) -> Response:
        if endpoint == "door:logout":
            return super().handle(service, endpoint, request)
        shown = given(request)
        if shown.get("devKey") != service.app[1]:
            return problem(401, "BDC_1102", "Developer key is invalid.")
        shown["organization_id"] = shown.get("organizationId", "")
        for company in service.companies:
            known = service.access(company)
            if company not in service.revoked and all(shown.get(name) == value for name, value in known.items()):
                return answer(self.login_answer(service.desk.open_grant(company, "").access_token, company))
        return problem(401, "BDC_1101", "User name and/or password do not match our records.")


class BillService(PlayedService):
    slug = "bill"
    app = ("", "sandbox-developer-key-of-tieout")
    #: Thirty-five idle minutes.
    policy = Policy(
        access_seconds=2100, refresh_seconds=0, rotation="none", access_prefix="sess_", refresh_prefix="none_"
    )
    limit = (20000, 3600)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        door = Login(
            login="/v3/login",
            shapes={"username": "sync-{}@bill.example", "password": "Pw{}"},
            login_answer=self._signed_in,
            present=self._session,
            logout="/v3/logout",
        )
        self.doors = (door,)

    def _session(self, request: Request) -> str:
        has_key = request.headers.get("devKey", "") == self.app[1]
        return request.headers.get("sessionId", "") if has_key else ""

    def _signed_in(self, session: str, company: str) -> Shape:
        return {"sessionId": session, "organizationId": self._organization(company), "userId": shapes.USER}

    def _organization(self, company: str) -> str:
        return made_key(self.slug, company, "organization", "008{}")

    def access(self, company: str) -> dict[str, str]:
        return {"organization_id": self._organization(company), **super().access(company)}

    def api_rules(self) -> list[Rule]:
        paths = {
            "/v3/login/session": _SESSION,
            "/v3/bills": "bills",
            "/v3/bills/<id>": "bills",
            "/v3/vendor-credits": "credits",
            "/v3/payments": "payments",
            "/v3/payments/<id>": "payments",
            "/v3/classifications/<kind>": "lists",
        }
        return [Rule(path, endpoint=name, methods=["GET"]) for path, name in paths.items()]

    def failure(self, status: int) -> Response:
        return problem(status, *_CODES.get(status, ("BDC_1001", "System error occurred.")))

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        if endpoint == _SESSION:
            return answer({"organizationId": self._organization(company), "userId": shapes.USER})
        if endpoint == "lists":
            rows = shapes.lists().get(values["kind"])
            return self.failure(404) if rows is None else _listed(rows, request.args)
        rows = self.rows(company, endpoint)
        if "id" not in values:
            return _listed(rows, request.args)
        found = next((row for row in rows if row["id"] == values["id"]), None)
        return self.failure(404) if found is None else answer(found)

    def rows(self, company: str, endpoint: str) -> list[Shape]:
        known = self.setting.world.company(company).told[self.slug].data
        assert isinstance(known, Payables)
        if endpoint == "bills":
            return [shapes.bill(known, one) for one in known.bills]
        if endpoint == "credits":
            return [shapes.credit(one) for one in known.credits]
        return [shapes.payment(one) for one in known.payments]

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """The latest thing of this kind. Notices of payments come as a JSON text that holds the JSON."""
        kind = event.partition(".")[0]
        if kind not in {"bill", "payment"}:
            raise KeyError(event)
        latest = max(self.rows(company, f"{kind}s"), key=lambda row: str(row["updatedTime"]))
        metadata = {
            "eventId": f"evt-{event}-{latest['id']}",
            "subscriptionId": "sub-1",
            "organizationId": self._organization(company),
            "eventType": event,
            "version": "1",
        }
        body = dumps({"metadata": metadata, kind: latest})
        body = dumps(body.decode()) if kind == "payment" else body
        signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        return Signed(body, {"Content-Type": "application/json", "x-bill-sha-signature": signature})


# ---- lists -----------------------------------------------------------------------------------------------------------------


def _listed(rows: list[Shape], args: Mapping[str, str]) -> Response:
    """A page by token. https://developer.bill.com/docs/list-operations"""
    most = args.get("max", str(USUAL))
    if not most.isdigit() or not 1 <= int(most) <= MOST:
        return problem(400, "BDC_1171", "Page size must be from 1 to 100.")
    filters = args.get("filters", "")
    wanted = _FILTER.findall(filters)
    if ",".join(f"{name}:{op}:{value}" for name, op, value in wanted) != filters:
        return problem(400, "BDC_1172", "The filter cannot be read.")
    if not any(name == "archived" for name, _, _ in wanted):
        wanted.append(("archived", "eq", "false"))
    rows = [row for row in rows if all(_fits(row, *one) for one in wanted)]
    field, _, order = args.get("sort", "createdTime:desc").partition(":")
    rows.sort(key=lambda row: (str(row.get(field, "")), row["id"]), reverse=order == "desc")
    start = int(args.get("page", "p0")[1:])
    page: Shape = {"results": rows[start : start + int(most)]}
    if start + int(most) < len(rows):
        page["nextPage"] = f"p{start + int(most)}"
    return answer(page)


def _fits(row: Shape, name: str, op: str, said: str) -> bool:
    has: Any = row.get(name, False if name == "archived" else "")
    said = said.strip('"')
    if isinstance(has, bool):
        return _DOES[op](str(has).lower(), said)
    if name.endswith("Time"):
        return _DOES[op](str(datetime.fromisoformat(has).timestamp()), str(datetime.fromisoformat(said).timestamp()))
    return _DOES[op](str(has), said)


SERVICE = BillService
