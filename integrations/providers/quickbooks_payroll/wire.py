"""The payroll service's one endpoint, its errors and its notices.

https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-payroll/develop-payroll
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import header, retry_after, safe_code
from integrations.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.provider import Api

PATH = "/graphql"
COMPANY = "query Company { payrollEmployerInfo { businessInfo { name { legalName } } } }"
#: Current amounts only: the year to date stands beside each, and is no money of this payslip.
PAYSLIPS = """
query Payslips($first: Int, $after: String, $from: Date) {
  payrollPayslips(first: $first, after: $after, filter: {payDateFrom: $from}) {
    edges { cursor node {
      id payDate
      payPeriod { beginDate endDate }
      grossPay { currentAmount }
      compensations { description hours amount { currentAmount } }
      deductions {
        employeeDeduction { deductionPolicy { id name statutoryType { value } } }
        employeeContributionAccumulationAmount { currentAmount { value currency } }
        employerContributionAccumulationAmount { currentAmount { value currency } }
      }
    } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_BUSY = frozenset(["THROTTLED", "TOO_MANY_REQUESTS", "INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"])
_OVER = frozenset(["UNAUTHENTICATED", "AUTHENTICATION_FAILED", "INVALID_TOKEN"])
_LACKING = frozenset(["FORBIDDEN", "UNAUTHORIZED", "ACCESS_DENIED"])


def ask(api: Api, query: str, variables: Mapping[str, Any] | None = None) -> Payload:
    """The ``data`` of one query; a POST that only reads."""
    answer = api.query(PATH, {"query": query, "variables": dict(variables or {})})
    return Payload.of(answer).object("data")


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error an answer stands for. GraphQL fails with 200 and ``errors``: any of them fails the whole answer.

    Messages of the service can name people, so ours carry codes only.
    """
    errors = body.get("errors") if isinstance(body, dict) else None
    if status < 400 and not errors:
        return None
    code, trace = _code(errors), header(headers, "intuit_tid")
    said = code or str(status)
    if status == 429 or status >= 500 or code in _BUSY:
        return RetryLater(
            f"QuickBooks Payroll is busy ({said})", retry_after=retry_after(headers, default=60), trace=trace
        )
    if status == 401 or code in _OVER:
        return Reconnect(f"QuickBooks Payroll no longer accepts the grant ({said})")
    if status == 403 or code in _LACKING:
        return Forbidden(f"QuickBooks Payroll refuses this with the scopes granted ({said})")
    return Refused(f"QuickBooks Payroll refused the query ({said})", code=code, trace=trace)


def _code(errors: Any) -> str:
    """The code of the first error: beside its message, or under ``extensions``."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    inside = first.get("extensions")
    further = inside if isinstance(inside, dict) else {}
    return safe_code(further.get("code")) or safe_code(further.get("errorCode")) or safe_code(first.get("code"))


def events(notice: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(event id, company, streams): one notice for each payslip, so one run is many. Ids are those of payslips, not people.

    https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-payroll/webhooks
    """
    for company in Payload.of(notice).objects("eventNotifications", required=True):
        realm = company.text("realmId")
        for entity in company.object("dataChangeEvent").objects("entities"):
            name = entity.text("name")
            parts = (realm, name, entity.text("id"), entity.text("operation", ""), entity.text("lastUpdated", ""))
            yield "|".join(parts).rstrip("|"), realm, ("payslips",) if name.lower().startswith("payslip") else ()
