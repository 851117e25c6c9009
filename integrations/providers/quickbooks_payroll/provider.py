"""QuickBooks Payroll: payslips of an API for approved partners, and the register as a file. It is proven, never booked.

https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-payroll
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from integrations.errors import PayloadError
from integrations.provider import Api, FileLayout, OAuth2, Page, Provider, RateLimit, Stream, Webhook, Window
from integrations.providers.quickbooks_online.oauth import REVOKE_PATH, TOKEN_PATH, IntuitTokens
from integrations.providers.quickbooks_online.webhooks import verify
from integrations.providers.quickbooks_payroll import readings, wire

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_SIZE = 100
MAX_PAGES = 500


def pull_payslips(api: Api, window: Window) -> Iterator[Page]:
    """Every payslip paid from the cut-over on, each time: a paycheque that was voided is seen only by its absence.

    https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-payroll/payroll-payslips
    """
    after: str | None = None
    seen: set[str] = set()
    for _number in range(MAX_PAGES):
        variables = {"first": PAGE_SIZE, "after": after, "from": window.since.isoformat()}
        found = wire.ask(api, wire.PAYSLIPS, variables).object("payrollPayslips")
        nodes = [edge.object("node") for edge in found.objects("edges", required=True)]
        seen.update(readings.payslip_id(node) for node in nodes)
        yield Page(items=[node.data for node in nodes])
        info = found.object_or_none("pageInfo")
        if info is None or not info.flag("hasNextPage"):
            yield Page(
                items=[], cursor=window.now.astimezone(UTC).date().isoformat(), only=frozenset(seen), only_pulled=True
            )
            return
        before, after = after, info.text("endCursor")
        if after == before:
            raise PayloadError(info.at("endCursor"), "leads to the same page again")
    raise PayloadError("$", f"no end after {MAX_PAGES} pages")


def whoami(api: Api) -> tuple[str, str]:
    """The company is the one of the token; its name proves that the payroll scopes were granted."""
    info = wire.ask(api, wire.COMPANY).object("payrollEmployerInfo")
    return api.account_id, info.object("businessInfo").object("name").text("legalName", "")


PROVIDER = Provider(
    slug=readings.SLUG,
    name=readings.NAME,
    category="payroll",
    base_urls={
        "api": "https://qb.api.intuit.com",
        "authorize": "https://appcenter.intuit.com",
        "token": "https://oauth.platform.intuit.com",
        "revoke": "https://developer.api.intuit.com",
    },
    auth=OAuth2(
        authorize_url="/connect/oauth2",
        token_url=TOKEN_PATH,
        revoke_url=REVOKE_PATH,
        scopes=("qb.company.read", "qb.payroll.compensation.read"),
        client_auth="basic",
        rotates=True,
        account_key="realmId",
        account_in="callback",
    ),
    tokens=IntuitTokens(),
    rate=RateLimit(requests=60, seconds=60, concurrent=2),
    webhook=Webhook(verify=verify, events=wire.events),
    headers={"Accept": "application/json"},
    read_error=wire.read_error,
    whoami=whoami,
    descriptors=("INTUIT PAYROLL", "QUICKBOOKS PAYROLL", "INTUIT TAX"),
    streams=(
        Stream(
            name="payslips",
            label="Payslips",
            pull=pull_payslips,
            to_records=readings.read_payslip,
            identify=readings.payslip_id,
            recognise=readings.is_payslip,
            duty="prove",
            reference="https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-payroll/payroll-payslips",
            every_minutes=360,
            scopes=("qb.payroll.compensation.read",),
        ),
        Stream(
            name="registers",
            label="Payroll registers",
            pull=None,
            to_records=readings.read_register,
            identify=readings.register_id,
            recognise=readings.is_register,
            duty="prove",
            reference="https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-payroll",
        ),
    ),
    files=(
        FileLayout(
            name="register",
            label="Payroll register",
            stream="registers",
            recognise=readings.COLUMNS.known,
            objects=readings.registers,
            help=(
                "CSV or XLSX, one row an employee and pay date: Pay date, Pay period start, Pay period end, Employee, "
                "Department, Gross pay, Net pay, and a column for each item, like “Employee tax: Medicare”"
            ),
            reference="https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-payroll",
        ),
    ),
    needs_partner="Intuit's approval for the payroll service, asked for by a support ticket",
    contract_only=True,
    notes=(
        "QuickBooks Payroll posts paycheques and tax payments into QuickBooks by itself: nothing is booked from it. Its payslips "
        "tell no net pay and no taxes, so a run is proven by its register."
    ),
)
