"""ADP's endpoints that tell of payroll. https://developers.adp.com/build/api-explorer

What real calls show by a client certificate is not asked here: the sandbox speaks plain HTTP on loopback.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from integrations.sandbox.adp import shapes
from integrations.sandbox.adp.story import SLUG
from integrations.sandbox.doors import TokenDoor
from integrations.sandbox.oauth import Policy
from integrations.sandbox.played import PlayedService
from integrations.sandbox.service import answer

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from integrations.sandbox.service import Setting, Values
    from integrations.sandbox.world.payroll import Payroll, Run

MOST = 5
_TEXTS = {401: "unauthorized", 403: "no consent", 404: "not found", 429: "too many requests"}


@cache
def certificate_of(company: str) -> tuple[str, str]:
    """A self-signed certificate and its key as a company would get them, PEM; in force for a year."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{company} payroll project")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return made.public_bytes(serialization.Encoding.PEM).decode(), key.private_bytes(*form).decode()


class AdpService(PlayedService):
    slug = SLUG
    policy = Policy(
        access_seconds=3600, refresh_seconds=0, rotation="none", access_prefix="adp_", refresh_prefix="none_"
    )
    limit = (300, 60)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        shapes_of_keys = {"client_id": "c{}", "client_secret": "s{}"}
        self.doors = (TokenDoor(token="/auth/oauth/v2/token", shapes=shapes_of_keys),)  # noqa: S106  # a path
        self._taken: dict[str, int] = {}

    def access(self, company: str) -> dict[str, str]:
        certificate, key = certificate_of(company)
        cast = self.setting.world.company(company).cast
        return {
            **super().access(company),
            "company": shapes.company_code(cast),
            "region": "us",
            "certificate": certificate,
            "certificate_key": key,
        }

    def api_rules(self) -> list[Rule]:
        base = "/payroll/v2/payroll-output"
        paths = {
            base: "outputs",
            f"{base}/<id>": "one",
            f"{base}/<id>/associate-payment-summary/<part>": "summary",
            f"{base}/<id>/associate-payment-allocations/<part>": "allocations",
            "/core/v1/event-notification-messages": "next",
        }
        rules = [Rule(path, endpoint=name, methods=["GET"]) for path, name in paths.items()]
        return [*rules, Rule("/core/v1/event-notification-messages/<id>", endpoint="taken", methods=["DELETE"])]

    def failure(self, status: int) -> Response:
        """https://developers.adp.com/learn/articles/error-handling"""
        message = {
            "processMessageID": {"idValue": f"WSGW_{status}"},
            "messageTypeCode": {"codeValue": "error"},
            "userMessage": {"messageTxt": _TEXTS.get(status, "the request failed")},
        }
        return answer({"confirmMessage": {"processMessages": [message]}}, status)

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        world = self.setting.world.company(company)
        payroll: Payroll = world.told[SLUG].payroll
        if endpoint == "next":
            return self._next(company, payroll)
        if endpoint == "taken":
            return self._take(company, payroll, values["id"])
        if endpoint == "outputs":
            return self._page(request, shapes.outputs(world.cast, payroll))
        run = next((run for run in payroll.runs if run.uuid == values["id"]), None)
        if run is None or values.get("part", "earnings") not in shapes.PARTS:
            return self.failure(404)
        if endpoint == "one":
            return answer({"payrollOutputs": [shapes.head(world.cast, run)]})
        told = shapes.part(world.cast, run, values["part"], by_centre=endpoint == "allocations")
        return answer({"payrollOutputs": [told]})

    def _page(self, request: Request, found: list[dict[str, Any]]) -> Response:
        """``$top`` is capped and the count is not told; beyond the end there is no body."""
        skip, top = request.args.get("$skip", "0"), request.args.get("$top", str(MOST))
        if not (skip.isdecimal() and top.isdecimal()):
            return self.failure(400)
        page = found[int(skip) : int(skip) + min(int(top), MOST)]
        return answer({"payrollOutputs": page}) if page else Response(status=204)

    # -- the queue: one message until it is deleted ---------------------------------------------------------------

    def _messages(self, payroll: Payroll) -> list[tuple[str, Run]]:
        return [(f"msg-{run.uuid[:8]}", run) for run in payroll.runs]

    def _next(self, company: str, payroll: Payroll) -> Response:
        waiting = self._messages(payroll)[self._taken.get(company, 0) :]
        if not waiting:
            return Response(status=204)
        name, run = waiting[0]
        link = {"href": f"/payroll/v2/payroll-output/{run.uuid}", "rel": "related", "method": "GET"}
        event = {
            "eventID": f"event-{run.uuid[:8]}",
            "eventNameCode": {"codeValue": "payrollOutput.complete"},
            "creationDateTime": run.processed_at.isoformat(),
            "links": [link],
        }
        return answer({"events": [event]}, headers={"adp-msg-msgid": name})

    def _take(self, company: str, payroll: Payroll, name: str) -> Response:
        place = self._taken.get(company, 0)
        if [known for known, _ in self._messages(payroll)][place : place + 1] != [name]:
            return self.failure(404)
        self._taken[company] = place + 1
        return Response(status=200)

    def reset(self) -> None:
        super().reset()
        self._taken.clear()


SERVICE = AdpService
