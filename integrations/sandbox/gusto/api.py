"""Gusto's endpoints: https://docs.gusto.com/app-integrations/reference."""

from __future__ import annotations

import re
import secrets
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

from integrations.sandbox.consent import consent
from integrations.sandbox.gusto import shapes
from integrations.sandbox.gusto.report import AGGREGATIONS, general_ledger
from integrations.sandbox.gusto.shapes import Ids
from integrations.sandbox.gusto.subscriptions import Subscriptions
from integrations.sandbox.limits import Window
from integrations.sandbox.oauth import Desk, Policy, Refused
from integrations.sandbox.service import Signed, answer, bearer, dumps
from integrations.sandbox.signing import hmac_hex
from integrations.sandbox.world.calendar import HORIZON
from integrations.sandbox.world.chance import uuid_from

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.oauth import Grant
    from integrations.sandbox.service import Setting, Values
    from integrations.sandbox.state import Record
    from integrations.sandbox.world import CompanyWorld
    from integrations.sandbox.world.payroll import Run

REQUESTS_A_MINUTE = 200  # per grant, rolling
DEFAULT_VERSION = "2025-06-15"
LONGEST_WINDOW = timedelta(days=366)
DEFAULT_WINDOW = timedelta(days=182)
MOST_A_PAGE = 100
REPORT_SECONDS = 600
SYSTEM = ""  # whose an access of the application itself is
_POLICY = Policy(access_seconds=7200, refresh_seconds=0, rotation="strict", access_prefix="", refresh_prefix="")
_COMPANY = "/v1/companies/<company_id>"
_RULES = (
    ("/oauth/authorize", "authorize", ("GET", "POST")),
    ("/oauth/token", "token", ("POST",)),
    ("/files/reports/<request_uuid>/<proof>.json", "report_file", ("GET",)),
    ("/v1/token_info", "token_info", ("GET",)),
    (_COMPANY, "company", ("GET",)),
    (f"{_COMPANY}/departments", "departments", ("GET",)),
    (f"{_COMPANY}/employees", "employees", ("GET",)),
    (f"{_COMPANY}/contractors", "contractors", ("GET",)),
    (f"{_COMPANY}/payrolls", "payrolls", ("GET",)),
    (f"{_COMPANY}/payrolls/<payroll_id>", "payroll", ("GET",)),
    (f"{_COMPANY}/payroll_reversals", "payroll_reversals", ("GET",)),
    (f"{_COMPANY}/contractor_payments", "contractor_payments", ("GET",)),
    (f"{_COMPANY}/contractor_payments/<payment_id>", "contractor_payment", ("GET",)),
    ("/v1/payrolls/<payroll_id>/reports/general_ledger", "general_ledger", ("POST",)),
    ("/v1/reports/<request_uuid>", "report", ("GET",)),
    ("/v1/webhook_subscriptions", "subscribe", ("POST",)),
    ("/v1/webhook_subscriptions/<uuid>/verify", "verify", ("PUT",)),
)
_EVENTS = frozenset({"payroll.created", "payroll.submitted", "payroll.processed", "payroll.reversed"})
_MESSAGES = {
    401: ("invalid_access_token", "The access token is invalid or has expired."),
    403: ("missing_oauth_scopes", "The access token does not carry the scope this endpoint needs."),
    404: ("not_found", "The requested resource was not found."),
    405: ("not_found", "The requested resource was not found."),
    406: ("invalid_api_version", "The requested API version does not exist."),
    429: ("rate_limit_exceeded", "You have exceeded the rate limit. Please try again later."),
}


class GustoError(Exception):
    """An answer in Gusto's error shape."""

    def __init__(self, status: int, category: str = "", message: str = "", key: str = "request") -> None:
        usual = _MESSAGES.get(status, ("server_error", "Something went wrong on our side."))
        super().__init__(message or usual[1])
        self.status = status
        self.category = category or usual[0]
        self.key = key

    def response(self) -> Response:
        error = {"error_key": self.key, "category": self.category, "message": str(self)}
        return answer({"errors": [error]}, self.status)


def invalid(key: str, message: str) -> GustoError:
    return GustoError(422, "invalid_attribute_value", message, key)


def _day(request: Request, name: str) -> date | None:
    value = request.args.get(name)
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise invalid(name, f"{name} must be a date of the form YYYY-MM-DD.") from error


def _words(request: Request, name: str, default: str = "") -> frozenset[str]:
    return frozenset(word for word in request.args.get(name, default).split(",") if word)


def _positive(request: Request, name: str, default: int) -> int:
    value = request.args.get(name, str(default))
    if not re.fullmatch(r"[1-9]\d{0,6}", value):
        raise invalid(name, f"{name} must be a positive number.")
    return int(value)


def _paged(request: Request, items: list[Any], *, forced: int = 0) -> tuple[list[Any], dict[str, str]]:
    """A page of the items and its headers; without `page`/`per` everything, unless the endpoint forces pages."""
    if not forced and not {"page", "per"} & set(request.args):
        return items, {}
    page, per = _positive(request, "page", 1), min(_positive(request, "per", forced or 25), MOST_A_PAGE)
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(per),
        "X-Total-Count": str(len(items)),
        "X-Total-Pages": str(max(1, -(-len(items) // per))),
    }
    return items[(page - 1) * per : page * per], headers


class GustoService:
    slug = "gusto"
    app = ("tieout-sandbox-gusto", "sandbox-secret-gusto")

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.desk = Desk(self.slug, setting, _POLICY)
        self._window = Window(setting.clock, REQUESTS_A_MINUTE, 60)
        self._employers = setting.world.using("gusto")
        self._ids = {slug: Ids(world) for slug, world in self._employers.items()}
        self._reports: dict[str, tuple[Run, str, str, int]] = {}
        self.subscriptions = Subscriptions(setting)

    def rules(self) -> list[Rule]:
        return [Rule(path, endpoint=endpoint, methods=list(methods)) for path, endpoint, methods in _RULES]

    def handle(self, endpoint: str, request: Request, values: Values) -> Response:
        if endpoint == "authorize":
            names = {slug: world.cast.name for slug, world in self._employers.items()}
            return consent(self.desk, request, "Sign in with Gusto", names, lambda _: {})
        try:
            if endpoint == "token":
                return self._token(request)
            if endpoint == "report_file":
                return self._report_file(**values)
            if endpoint in {"subscribe", "verify"}:
                return self._subscription(endpoint, request, **values)
            return self._read(endpoint, request, values)
        except GustoError as error:
            return error.response()

    def failure(self, status: int) -> Response:
        response = GustoError(status).response()
        if status == 429:
            response.headers["Retry-After"] = "30"
        return response

    # -- tokens -------------------------------------------------------------------------------------------------

    def _token(self, request: Request) -> Response:
        body = request.get_json(silent=True)
        given = body if isinstance(body, dict) else request.form.to_dict()
        try:
            self.desk.check_client(given.get("client_id", ""), given.get("client_secret", ""))
            if given.get("grant_type") == "authorization_code":
                grant = self.desk.redeem(given.get("code", ""), given.get("redirect_uri", ""))
            elif given.get("grant_type") == "refresh_token":
                grant = self.desk.refresh(given.get("refresh_token", ""))
            elif given.get("grant_type") == "system_access":
                grant = self.desk.open_grant(SYSTEM, "")
            else:
                return answer({"error": "unsupported_grant_type"}, 400)
        except Refused as refused:
            status = 401 if refused.code == "invalid_client" else 400
            return answer({"error": refused.code, "error_description": refused.description}, status)
        return answer(
            {
                "access_token": grant.access_token,
                "created_at": self._setting.clock.now(),
                "expires_in": _POLICY.access_seconds,
                "refresh_token": grant.refresh_token,
                "scope": "public",
                "token_type": "bearer",
            }
        )

    def _subscription(self, endpoint: str, request: Request, uuid: str = "") -> Response:
        """Of the application, by its own access only."""
        grant = self.desk.authenticate(bearer(request))
        if grant is None or grant.company != SYSTEM:
            raise GustoError(401)
        created = endpoint == "subscribe"
        response = self.subscriptions.create(request) if created else self.subscriptions.verify(request, uuid)
        if response is None:
            raise invalid("url", "url is not valid.") if created else GustoError(404)
        return response

    # -- reading ------------------------------------------------------------------------------------------------

    def _read(self, endpoint: str, request: Request, values: Values) -> Response:
        grant = self.desk.authenticate(bearer(request))
        if grant is None or grant.company == SYSTEM:
            raise GustoError(401)
        limit = self._limited(grant)
        if "Retry-After" in limit:
            refused = GustoError(429).response()
            refused.headers.extend(limit)
            return refused
        version = request.headers.get("X-Gusto-API-Version", DEFAULT_VERSION)
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", version):
            raise GustoError(406)
        company, ids = self._employers[grant.company], self._ids[grant.company]
        if values.pop("company_id", ids.company) != ids.company:
            raise GustoError(404)
        response: Response = getattr(self, f"_{endpoint}")(company, ids, request, **values)
        response.headers.extend({**limit, "X-Gusto-API-Version": version})
        return response

    def _limited(self, grant: Grant) -> dict[str, str]:
        wait = self._window.hit(grant.id) if self._setting.limits else 0
        headers = {
            "X-RateLimit-Limit": str(REQUESTS_A_MINUTE),
            "X-RateLimit-Remaining": str(max(0, self._window.remaining(grant.id))),
            "X-RateLimit-Reset": str(self._setting.clock.now() + (wait or 60)),
        }
        return {**headers, "Retry-After": str(wait)} if wait else headers

    def _token_info(self, _company: CompanyWorld, ids: Ids, _request: Request) -> Response:
        owner = {"type": "CompanyAdmin", "uuid": ids.admin}
        scope = "public companies:read payrolls:read employees:read contractors:read company_reports:write"
        return answer({"scope": scope, "resource": {"type": "Company", "uuid": ids.company}, "resource_owner": owner})

    def _company(self, company: CompanyWorld, ids: Ids, _request: Request) -> Response:
        return answer(shapes.company_shape(company, ids))

    def _departments(self, company: CompanyWorld, ids: Ids, _request: Request) -> Response:
        return answer([shapes.department_shape(company, title, ids) for title in company.cast.departments])

    def _employees(self, company: CompanyWorld, ids: Ids, request: Request) -> Response:
        people = [shapes.employee_shape(person, ids) for person in company.cast.employees]
        page, headers = _paged(request, people, forced=25)
        return answer(page, headers=headers)

    def _contractors(self, company: CompanyWorld, ids: Ids, request: Request) -> Response:
        contractor = company.cast.contractor
        found = [shapes.contractor_shape(contractor, ids)] if contractor else []
        page, headers = _paged(request, found)
        return answer(page, headers=headers)

    def _payrolls(self, company: CompanyWorld, ids: Ids, request: Request) -> Response:
        """Regular ones of the last six months unless asked otherwise; no window beyond a year."""
        end = _day(request, "end_date") or HORIZON
        start = _day(request, "start_date") or end - DEFAULT_WINDOW
        if end - start > LONGEST_WINDOW:
            raise invalid("start_date", "The range between start_date and end_date must not exceed one year.")
        types, statuses = (
            _words(request, "payroll_types", "regular"),
            _words(request, "processing_statuses", "processed"),
        )
        unknown = (types - {"regular", "off_cycle", "external"}) | (statuses - {"processed", "unprocessed"})
        if unknown:
            raise invalid("payroll_types", f"Unknown value: {min(unknown)}.")
        by_check_date = request.args.get("date_filter_by") == "check_date"
        include = _words(request, "include")
        runs = []
        for run in company.payroll.runs:
            kind = "off_cycle" if run.off_cycle else "regular"
            first = run.check_date if by_check_date and not run.off_cycle else run.period_start
            last = run.check_date if by_check_date and not run.off_cycle else run.period_end
            if kind in types and "processed" in statuses and start <= first and last <= end:
                runs.append(run)
        if request.args.get("sort_order") == "desc":
            runs.reverse()
        page, headers = _paged(request, runs)
        return answer([shapes.payroll_shape(run, ids, include) for run in page], headers=headers)

    def _run(self, company: CompanyWorld, payroll_id: str) -> Run:
        for run in company.payroll.runs:
            if run.uuid == payroll_id:
                return run
        raise GustoError(404)

    def _payroll(self, company: CompanyWorld, ids: Ids, request: Request, payroll_id: str) -> Response:
        run, include = self._run(company, payroll_id), _words(request, "include")
        pays = list(run.pays)
        if (sort := request.args.get("sort_by")) in {"first_name", "last_name"}:
            pays.sort(key=lambda pay: pay.employee.first if sort == "first_name" else pay.employee.last)
        page, headers = _paged(request, pays, forced=MOST_A_PAGE)
        shape = shapes.payroll_shape(run, ids, include | {"totals"})
        shape["employee_compensations"] = [shapes.compensation_shape(run, pay, ids, include) for pay in page]
        return answer(shape, headers=headers)

    def _payroll_reversals(self, _company: CompanyWorld, _ids: Ids, request: Request) -> Response:
        page, headers = _paged(request, [])
        return answer(page, headers=headers)

    def _contractor_payments(self, company: CompanyWorld, _ids: Ids, request: Request) -> Response:
        start, end = _day(request, "start_date"), _day(request, "end_date")
        if start is None or end is None:
            raise invalid("start_date", "start_date and end_date are required.")
        wanted = request.args.get("contractor_uuid")
        found = [
            paid
            for paid in company.payroll.contractor_payments
            if start <= paid.paid_on <= end and wanted in {None, paid.contractor_uuid}
        ]
        total = shapes.text(sum(paid.amount_minor for paid in found))
        groups = []
        for contractor in dict.fromkeys(paid.contractor_uuid for paid in found):
            payments = [shapes.contractor_payment_shape(paid) for paid in found if paid.contractor_uuid == contractor]
            groups.append(
                {
                    "contractor_uuid": contractor,
                    "reimbursement_total": "0.00",
                    "wage_total": total,
                    "payments": payments,
                }
            )
        return answer({"total": {"reimbursements": "0.00", "wages": total}, "contractor_payments": groups})

    def _contractor_payment(self, company: CompanyWorld, _ids: Ids, _request: Request, payment_id: str) -> Response:
        for paid in company.payroll.contractor_payments:
            if paid.uuid == payment_id:
                return answer(shapes.contractor_payment_shape(paid))
        raise GustoError(404)

    # -- reports ------------------------------------------------------------------------------------------------

    def _general_ledger(self, company: CompanyWorld, ids: Ids, request: Request, payroll_id: str) -> Response:
        run = self._run(company, payroll_id)
        body = request.get_json(silent=True)
        aggregation = body.get("aggregation") if isinstance(body, dict) else None
        if aggregation not in AGGREGATIONS:
            raise invalid("aggregation", "aggregation must be default, job, department or integration.")
        request_uuid = ids.of("report", run.uuid, aggregation)
        ends = self._setting.clock.now() + REPORT_SECONDS
        self._reports[request_uuid] = run, aggregation, secrets.token_urlsafe(12), ends
        kind = body.get("integration_type") if isinstance(body, dict) else None
        facts = {"payroll_uuid": run.uuid, "aggregation": aggregation, "integration_type": kind}
        return answer({**facts, "request_uuid": request_uuid})

    def _report(self, _company: CompanyWorld, _ids: Ids, _request: Request, request_uuid: str) -> Response:
        found = self._reports.get(request_uuid)
        if found is None:
            raise GustoError(404)
        url = f"{self._setting.base_url}/gusto/files/reports/{request_uuid}/{found[2]}.json"
        return answer({"request_uuid": request_uuid, "status": "succeeded", "report_urls": [url]})

    def _report_file(self, request_uuid: str, proof: str) -> Response:
        run, aggregation, expected, ends = self._reports.get(request_uuid, (None, "", "", 0))
        if run is None or not secrets.compare_digest(proof, expected) or ends < self._setting.clock.now():
            raise GustoError(403)
        return answer(general_ledger(run, aggregation))

    # -- control ------------------------------------------------------------------------------------------------

    def replay(self, record: Record) -> None:
        self.desk.replay(record)

    def reset(self) -> None:
        self.desk.reset()
        self._reports.clear()
        self.subscriptions.reset()

    def act(self, company: str, action: str) -> dict[str, Any]:
        actions = {"expire-token": self.desk.expire_access, "revoke": self.desk.revoke_company}
        return {"grants": actions[action](company)}

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """About the company's newest payroll. The secret is the subscription's verification token."""
        if event not in _EVENTS or company not in self._employers:
            raise KeyError(event)
        run, ids = self._employers[company].payroll.runs[-1], self._ids[company]
        now = self._setting.clock.now()
        facts = {
            "uuid": uuid_from(self._setting.world.seed, company, event, run.uuid),
            "event_type": event,
            "resource_type": "Company",
            "resource_uuid": ids.company,
            "entity_type": "Payroll",
            "entity_uuid": run.uuid,
            "timestamp": now,
        }
        body = dumps(facts)
        headers = {"Content-Type": "application/json", "X-Gusto-Signature": hmac_hex(secret, body)}
        return Signed(body, headers)


SERVICE = GustoService
