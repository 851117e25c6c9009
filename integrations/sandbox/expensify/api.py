"""Expensify's Integration Server: one address, jobs in a form field, errors with status 200.

https://integrations.expensify.com/Integration-Server/doc/
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from integrations.sandbox.doors import KeysDoor, made_key
from integrations.sandbox.expensify import shapes
from integrations.sandbox.expensify.freemarker import TemplateError, fill_in
from integrations.sandbox.expensify.story import Workspace
from integrations.sandbox.played import PlayedService
from integrations.sandbox.service import answer

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from integrations.sandbox.expensify.shapes import Shape
    from integrations.sandbox.service import Setting, Values

#: States a job asks for → what a report's status is called.
STATES = {
    "OPEN": "Open",
    "SUBMITTED": "Processing",
    "APPROVED": "Approved",
    "REIMBURSED": "Reimbursed",
    "ARCHIVED": "Closed",
}
FILES_KEPT = 50
_SAYS = {
    401: "Authentication error",
    403: "Not authorized to access this policy",
    404: "File not found",
    429: "You have been rate-limited. Please try again later.",
}


class JobError(Exception):
    """A job that is refused: ``code`` and text as the answer's body says them."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def _job(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(request.form.get("requestJobDescription", ""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _credentials(request: Request) -> dict[str, str]:
    shown = _job(request).get("credentials")
    given = shown if isinstance(shown, dict) else {}
    return {
        "partner_user_id": str(given.get("partnerUserID", "")),
        "partner_user_secret": str(given.get("partnerUserSecret", "")),
    }


class ExpensifyService(PlayedService):
    slug = "expensify"
    limit = (20, 60)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        keys = {"partner_user_id": "aa_books_{}", "partner_user_secret": "{}"}
        self.doors = (KeysDoor(shapes=keys, present=_credentials),)
        self.files: dict[tuple[str, str], str] = {}
        self.labels: set[tuple[str, str, str]] = set()

    def workspace(self, company: str) -> str:
        return made_key(self.slug, company, "policy")[:16].upper()

    def access(self, company: str) -> dict[str, str]:
        return {"policy_id": self.workspace(company), "label": "Tieout", **super().access(company)}

    def reset(self) -> None:
        super().reset()
        self.files.clear()
        self.labels.clear()

    def api_rules(self) -> list[Rule]:
        return [Rule("/Integration-Server/ExpensifyIntegrations", endpoint="job", methods=["POST"])]

    def open_rules(self) -> list[Rule]:
        """Pictures lie under names nobody can guess."""
        return [Rule("/receipts/w_<int:mark>.pdf", endpoint="receipt", methods=["GET"])]

    def open(self, endpoint: str, request: Request, values: Values) -> Response:
        del endpoint, request
        return Response(f"%PDF-1.4 receipt {values['mark']}", content_type="application/pdf")

    def failure(self, status: int) -> Response:
        """Errors are in the body."""
        return answer({"responseCode": status, "responseMessage": _SAYS.get(status, "An error occurred")})

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        del endpoint, values
        job = _job(request)
        try:
            return self._do(job, request.form.get("template", ""), company)
        except (JobError, TemplateError) as refused:
            code = refused.code if isinstance(refused, JobError) else 500
            return answer({"responseCode": code, "responseMessage": str(refused)})

    def _do(self, job: dict[str, Any], template: str, company: str) -> Response:
        if job.get("type") == "file":
            return Response(self._write(job, template, company), content_type="text/plain; charset=utf-8")
        if job.get("type") == "download":
            content = self.files.get((company, str(job.get("fileName", ""))))
            if content is None:
                raise JobError(404, _SAYS[404])
            return Response(content, content_type="application/json")
        if job.get("type") == "get" and job.get("inputSettings", {}).get("type") == "policyList":
            return answer({"policyList": [self._shown(company)], "responseCode": 200})
        raise JobError(410, "The job description is not understood")

    def _shown(self, company: str) -> Shape:
        shown = {"id": self.workspace(company), "name": self.companies[company], "outputCurrency": "USD"}
        return shown | {"owner": f"books@{company}.example", "role": "admin", "type": "corporate"}

    def _write(self, job: dict[str, Any], template: str, company: str) -> str:
        """The name of a new file with the reports of the job, each of them labelled where the job says so."""
        if not template:
            raise JobError(410, "No template submitted")
        chosen = self._chosen(job.get("inputSettings", {}), company)
        name = f"export{made_key(self.slug, company, str(len(self.files) + len(self.labels)) + template)[:32]}.json"
        self.files[company, name] = fill_in(template, reports=chosen)
        for old in list(self.files)[:-FILES_KEPT]:
            del self.files[old]
        for action in job.get("onFinish", ()):
            if action.get("actionName") == "markAsExported" and job.get("test") != "true":
                self.labels |= {(company, report["reportID"], action["label"]) for report in chosen}
        return name

    def _chosen(self, settings: dict[str, Any], company: str) -> list[Shape]:
        filters = settings.get("filters", {})
        if not any(name in filters for name in ("reportIDList", "startDate", "approvedAfter")):
            raise JobError(410, "One of reportIDList, startDate or approvedAfter is needed")
        year_ago = datetime.fromtimestamp(self.setting.clock.now(), UTC).date() - timedelta(days=365)
        starts = [date.fromisoformat(filters[name]) for name in ("startDate", "approvedAfter") if name in filters]
        if any(start < year_ago for start in starts) and "endDate" not in filters:
            raise JobError(410, "endDate is needed for a start of more than a year ago")
        states = [STATES.get(state, "") for state in settings.get("reportState", ",".join(STATES)).split(",")]
        return [
            shape
            for shape in self.reports(company)
            if shape["status"] in states and self._passes(shape, filters, company)
        ]

    def reports(self, company: str) -> list[Shape]:
        known = self.setting.world.company(company).told[self.slug].data
        assert isinstance(known, Workspace)
        policy, name = self.workspace(company), self.companies[company]
        receipts = f"{self.setting.base_url}/{self.slug}/receipts"
        return [shapes.report(one, policy, name, receipts) for one in known.reports]

    def _passes(self, shape: Shape, filters: dict[str, str], company: str) -> bool:
        """``startDate`` looks at the later of handing in and making, ``approvedAfter`` at approved reports alone."""
        began = (shape["submitted"] or shape["created"])[:10]
        label = filters.get("markedAsExported")
        return (
            ("reportIDList" not in filters or shape["reportID"] in filters["reportIDList"].split(","))
            and ("policyIDList" not in filters or shape["policyID"] in filters["policyIDList"].split(","))
            and filters.get("startDate", "") <= began <= filters.get("endDate", "9999")
            and (not shape["approved"] or shape["approved"][:10] > filters.get("approvedAfter", ""))
            and (company, shape["reportID"], label) not in self.labels
        )


SERVICE = ExpensifyService
