"""Expensify: employees' expense reports and the cards they were paid with. https://integrations.expensify.com/Integration-Server/doc/"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.provider import Ask, PastedKeys, Provider, RateLimit, Stream
from integrations.providers.expensify import pulling, readings
from integrations.providers.expensify.exports import FILES
from integrations.providers.expensify.wire import authorise, read_error

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = "https://integrations.expensify.com/Integration-Server/doc/export_report_template.html"


def _is_reimbursement(raw: Mapping[str, Any]) -> bool:
    report = raw.get("reimbursement")
    return isinstance(report, dict) and "reportID" in report


PROVIDER = Provider(
    slug="expensify",
    name="Expensify",
    category="expenses",
    base_urls={"api": "https://integrations.expensify.com"},
    auth=PastedKeys(
        fields=(
            Ask(
                name="partner_user_id",
                label="Partner user ID",
                pattern=r"[A-Za-z0-9_.@+-]{4,200}",
                example="aa_books_larch_example",
                where="https://www.expensify.com/tools/integrations/",
            ),
            Ask(name="partner_user_secret", label="Partner user secret", secret=True, pattern=r"[A-Za-z0-9]{16,200}"),
        ),
        help=(
            "Make an account of its own for this, an administrator of the workspace and of no other: the pair reaches "
            "everything that account does, and ends with it. The secret is shown once; making a pair anew ends the old one."
        ),
    ),
    asks=(
        Ask(
            name="policy_id",
            label="Workspace ID",
            pattern=r"[0-9A-F]{10,32}",
            example="0A1B2C3D4E5F6071",
            where="Settings, Workspaces, the workspace: the policyID in its address",
            help="Only reports of this workspace are read.",
            tidy=lambda text: text.strip().upper(),
        ),
        Ask(
            name="label",
            label="Export label",
            pattern=r"[A-Za-z0-9][A-Za-z0-9 ._-]{1,39}",
            example="Tieout",
            help="Reports are marked with it in Expensify once they are kept here. Leave it empty to write nothing there.",
            required=False,
        ),
    ),
    authorise=authorise,
    # Where receipts are kept.
    file_hosts=(r"www\.expensify\.com",),
    # The manual says 50 jobs a minute, the help pages 20 and 5 in ten seconds: this is below all three.
    rate=RateLimit(requests=20, seconds=60, concurrent=1),
    read_error=read_error,
    whoami=pulling.whoami,
    descriptors=("EXPENSIFY",),
    files=FILES,
    streams=(
        Stream(
            name="reports",
            label="Expense reports and card purchases",
            pull=pulling.pull_reports,
            to_records=readings.read_report,
            identify=lambda payload: payload.text("reportID"),
            recognise=lambda raw: "reportID" in raw and "transactionList" in raw,
            version=lambda payload: payload.text("approved", "")[:100],
            acknowledge=pulling.acknowledge,
            reference=_REFERENCE,
            order=20,
        ),
        Stream(
            name="reimbursements",
            label="What was paid back",
            pull=pulling.pull_reimbursements,
            to_records=readings.read_reimbursement,
            identify=lambda payload: readings.inside(payload).text("reportID"),
            recognise=_is_reimbursement,
            reference=_REFERENCE,
            order=40,
        ),
    ),
    contract_only=True,
    notes=(
        "Where Expensify's own connection exports reports into the accounting system, both streams must only prove. A company "
        "card is a liability named like its feed in Expensify; its purchases are dated when they were made and read once their "
        "report is approved. Reports that Expensify did not pay back itself are cleared by the bank's line or by payroll. "
        "A report that loses its approval is taken back. One that is deleted between two readings keeps its entry."
    ),
)
