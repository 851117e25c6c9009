"""BILL: suppliers' bills, their approval and their payment. https://developer.bill.com/docs/home"""

from __future__ import annotations

from typing import Any

from integrations.payload import Payload
from integrations.provider import Api, Ask, Credentials, Provider, RateLimit, SessionLogin, Stream, Webhook
from integrations.providers.bill import pulling, readings
from integrations.providers.bill.faults import FAULTS
from integrations.providers.bill.wire import authorise, events, is_over, read_error, verify
from integrations.recognising import has_fields, id_in


def whoami(api: Api) -> tuple[str, str]:
    """The organization of the session. https://developer.bill.com/v3/reference/getsessioninfo"""
    organization = Payload.of(api.get("/v3/login/session")).text("organizationId")
    return organization, organization


def _login(credentials: Credentials) -> dict[str, Any]:
    keys = credentials.keys
    return {
        "username": keys["username"],
        "password": keys["password"],
        "organizationId": credentials.settings["organization_id"],
        "devKey": credentials.secret,
    }


PROVIDER = Provider(
    slug="bill",
    name="BILL",
    category="payables",
    base_urls={"api": "https://gateway.prod.bill.com/connect"},
    auth=SessionLogin(
        app="secret",
        fields=(
            Ask(name="username", label="Sync user", example="sync@larch.example", help="An own user of BILL for this."),
            Ask(name="password", label="Password of the sync user", secret=True),
        ),
        login_path="/v3/login",
        body=_login,
        session_key="sessionId",
        logout_path="/v3/logout",
        help="Make a user of role Clerk or Auditor for this: reading needs no right to pay.",
    ),
    asks=(
        Ask(
            name="organization_id",
            label="Organization ID",
            pattern=r"008[A-Za-z0-9]{8,60}",
            example="00802LARCHLIKETHIS01",
            where="Settings, Sync & Integrations, Manage Developer Keys",
        ),
    ),
    authorise=authorise,
    is_over=is_over,
    # Three at once for an organization, 20,000 an hour for all of them together.
    rate=RateLimit(requests=60, seconds=60, concurrent=2),
    app_rate=RateLimit(requests=18000, seconds=3600, concurrent=20),
    webhook=Webhook(verify=verify, events=events),
    read_error=read_error,
    faults=FAULTS,
    whoami=whoami,
    descriptors=("BILL.COM", "BILL COM", "BILLCOM"),
    streams=(
        Stream(
            name="bills",
            label="Bills",
            pull=pulling.pull_bills,
            census=pulling.census(pulling.BILLS, ("bill", "createdTime"), pulling.ARCHIVED_TOO),
            to_records=readings.read_bill,
            identify=id_in("bill"),
            recognise=has_fields("bill", "vendorId", "invoice"),
            reference="https://developer.bill.com/reference/listbills",
            envelope=("results",),
            order=20,
        ),
        Stream(
            name="vendor_credits",
            label="Vendor credits",
            pull=pulling.pull_credits,
            census=pulling.census(pulling.CREDITS, ("vendorCredit", "createdTime"), pulling.ARCHIVED_TOO),
            to_records=readings.read_credit,
            identify=id_in("vendorCredit"),
            recognise=has_fields("vendorCredit", "vendorId", "creditDate"),
            reference="https://developer.bill.com/docs/ap-vendor-credits",
            envelope=("results",),
            order=30,
        ),
        Stream(
            name="payments",
            label="Payments",
            pull=pulling.pull_payments,
            census=pulling.census(pulling.PAYMENTS, ("createdTime",), pulling.LIVING),
            to_records=readings.read_payment,
            identify=id_in("payment"),
            recognise=has_fields("payment", "singleStatus", "processDate"),
            reference="https://developer.bill.com/reference/listpayments",
            envelope=("results",),
            order=40,
        ),
        Stream(
            name="fundings",
            label="Sums taken from the bank",
            pull=pulling.pull_fundings,
            instead="Each sum is put together from payments, which are counted.",
            to_records=readings.read_pull,
            identify=readings.pull_id,
            recognise=lambda raw: (
                has_fields("pull", "processDate", "fundingAccount", "payments")(raw) and "pull" in raw
            ),
            duty="prove",
            reference="https://developer.bill.com/reference/listpayments",
            order=50,
        ),
    ),
    contract_only=True,
    notes=(
        "Where BILL's own sync posts bills into the accounting system (a bank-type account named Bill.com Money Out Clearing "
        "shows it), these streams must only prove. Receivables and Spend & Expense are not read. The sums taken from the bank "
        "are put together from payments, one for each day and account."
    ),
)
