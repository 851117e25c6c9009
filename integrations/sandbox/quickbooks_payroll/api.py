"""The payroll service: one GraphQL endpoint behind Intuit's sign-in.

https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-payroll/develop-payroll
"""

from __future__ import annotations

import base64
import binascii
from datetime import date
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

from integrations.sandbox.doors import OAuthDoor
from integrations.sandbox.oauth import Policy
from integrations.sandbox.played import PlayedService
from integrations.sandbox.quickbooks_payroll.story import SLUG
from integrations.sandbox.service import Signed, answer, dumps
from integrations.sandbox.signing import hmac_base64
from integrations.sandbox.world.documents import dollars

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.service import Setting, Values
    from integrations.sandbox.world.payroll import Pay, Run

REFRESH_SECONDS = 8726400
MOST = 100
_CODES = {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 404: "NOT_FOUND", 429: "THROTTLED", 503: "SERVICE_UNAVAILABLE"}
Node = dict[str, Any]


def problem(code: str, status: int = 200) -> Response:
    """GraphQL tells what went wrong in the body, with status 200 once the token is accepted."""
    said = {"message": "The query could not be answered.", "path": [], "extensions": {"code": code}}
    return answer({"data": None, "errors": [said]}, status)


class PayrollService(PlayedService):
    slug = SLUG
    app = ("ABtieoutpayroll", "sandbox-secret-quickbooks-payroll")
    policy = Policy(
        access_seconds=3600,
        refresh_seconds=REFRESH_SECONDS,
        rotation="rolling",
        access_prefix="eyJqbp",
        refresh_prefix="ABqbp",
    )
    limit = (500, 60)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.doors = (
            OAuthDoor(
                authorize="/connect/oauth2",
                token="/oauth2/v1/tokens/bearer",  # noqa: S106  # a path
                revoke="/v2/oauth2/tokens/revoke",
                title="Connect with Intuit",
                callback=lambda company: {"realmId": setting.world.company(company).cast.realm},
                told=lambda _company, _grant: {"x_refresh_token_expires_in": REFRESH_SECONDS},
            ),
        )

    def api_rules(self) -> list[Rule]:
        return [Rule("/graphql", endpoint="graphql", methods=["POST"])]

    def failure(self, status: int) -> Response:
        return problem(_CODES.get(status, "INTERNAL_SERVER_ERROR"), status)

    def api(self, _endpoint: str, request: Request, company: str, _values: Values) -> Response:
        asked = request.get_json(silent=True)
        query = str(asked.get("query", "")) if isinstance(asked, dict) else ""
        variables = asked.get("variables") or {} if isinstance(asked, dict) else {}
        if "payrollEmployerInfo" in query:
            name = {"legalName": self.setting.world.company(company).cast.legal_name}
            return answer({"data": {"payrollEmployerInfo": {"businessInfo": {"name": name}}}})
        if "payrollPayslips" in query:
            return self._payslips(company, variables)
        return problem("GRAPHQL_VALIDATION_FAILED")

    def _payslips(self, company: str, variables: dict[str, Any]) -> Response:
        """A page by cursor, oldest first, of the payslips paid from a day on."""
        try:
            since = date.fromisoformat(variables.get("from") or "1970-01-01")
            start = int(base64.b64decode(variables.get("after") or "MA==", validate=True))
            first = min(int(variables.get("first") or MOST), MOST)
        except (ValueError, TypeError, binascii.Error):
            return problem("BAD_USER_INPUT")
        runs = self.setting.world.company(company).told[SLUG].payroll.runs
        nodes = [
            _node(run, place, pay) for run in runs if run.check_date >= since for place, pay in enumerate(run.pays)
        ]
        edges = [
            {"cursor": _cursor(index), "node": node}
            for index, node in enumerate(nodes[start : start + first], start + 1)
        ]
        info: Node = {"hasNextPage": start + first < len(nodes), "endCursor": edges[-1]["cursor"] if edges else None}
        return answer({"data": {"payrollPayslips": {"edges": edges, "pageInfo": info}}})

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """``payslip.created``: one notice for each payslip of the last run."""
        if event != "payslip.created":
            raise KeyError(event)
        world = self.setting.world.company(company)
        run = world.told[SLUG].payroll.runs[-1]
        entities = [
            {
                "name": "Payslips",
                "id": _payslip_id(run, place),
                "operation": "Create",
                "lastUpdated": run.processed_at.isoformat(),
            }
            for place, _pay in enumerate(run.pays)
        ]
        notice = {"realmId": world.cast.realm, "dataChangeEvent": {"entities": entities}}
        body = dumps({"eventNotifications": [notice]})
        return Signed(body, {"intuit-signature": hmac_base64(secret, body)})


def _cursor(index: int) -> str:
    return base64.b64encode(str(index).encode()).decode()


def _payslip_id(run: Run, place: int) -> str:
    return str(int(run.uuid[:7], 16) * 100 + place)


def _text(cents: int) -> str:
    return str(dollars(cents))


def _node(run: Run, place: int, pay: Pay) -> Node:
    """A payslip as the service tells it: no net pay, no taxes, money as text."""
    paid = (
        ("Regular Pay", pay.regular_minor, pay.regular_hours_hundredths),
        ("Overtime Pay", pay.overtime_minor, pay.overtime_hours_hundredths),
        ("Bonus", pay.bonus_minor, 0),
    )
    return {
        "id": _payslip_id(run, place),
        "payDate": run.check_date.isoformat(),
        "payPeriod": {"beginDate": run.period_start.isoformat(), "endDate": run.period_end.isoformat()},
        "grossPay": {"currentAmount": _text(pay.gross_minor)},
        "compensations": [
            {"description": name, "hours": _text(hours), "amount": {"currentAmount": _text(cents)}}
            for name, cents, hours in paid
            if cents
        ],
        "deductions": [
            {
                "employeeDeduction": {
                    "deductionPolicy": {
                        "id": f"P{index}",
                        "name": item.name,
                        "statutoryType": {"value": item.kind.upper()},
                    }
                },
                "employeeContributionAccumulationAmount": {"currentAmount": _money(item.employee_minor)},
                "employerContributionAccumulationAmount": {"currentAmount": _money(item.company_minor)},
            }
            for index, item in enumerate(pay.deductions, 1)
        ],
    }


def _money(cents: int) -> Node:
    return {"value": _text(cents), "currency": "USD"}


SERVICE = PayrollService
