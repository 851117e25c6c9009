"""PayPal: payments, purchases and what it holds, as its reports tell them. https://developer.paypal.com/docs/api/transaction-search/v1/"""

from __future__ import annotations

from integrations.census import Census
from integrations.provider import Ask, ClientCredentials, FileLayout, Provider, RateLimit, Stream, Webhook
from integrations.providers.paypal import pulling
from integrations.providers.paypal.activity import is_activity, rows_to_objects
from integrations.providers.paypal.faults import FAULTS
from integrations.providers.paypal.groups import open_answer
from integrations.providers.paypal.readings import is_row, read_transaction, row_id
from integrations.providers.paypal.standing import (
    balances_id,
    dispute_id,
    is_balances,
    is_dispute,
    read_balances,
    read_dispute,
)
from integrations.providers.paypal.wire import certificate_url, events, read_error, revoke, verify

_SERVICES = "https://uri.paypal.com/services"
_APPS = "https://developer.paypal.com/dashboard/applications/live"

PROVIDER = Provider(
    slug="paypal",
    name="PayPal",
    category="processor",
    base_urls=dict.fromkeys(("api", "token"), "https://api-m.paypal.com"),
    auth=ClientCredentials(
        token_url="/v1/oauth2/token",  # noqa: S106 (a path)
        fields=(
            Ask(
                name="client_id",
                label="Client ID",
                pattern=r"A[A-Za-z0-9_-]{20,120}",
                wrong="A live client ID begins with A.",
                where=_APPS,
            ),
            Ask(
                name="client_secret",
                label="Secret",
                secret=True,
                pattern=r"E[A-Za-z0-9_-]{20,120}",
                wrong="A live secret begins with E.",
                where=_APPS,
            ),
            Ask(
                name="webhook_id",
                label="Webhook ID",
                help="Only if notices are sent here.",
                pattern=r"[A-Z0-9]{10,40}",
                required=False,
                where=_APPS,
            ),
        ),
        help=(
            "In the developer dashboard of the account itself: Apps and credentials, Live, Create app. Switch off every feature "
            "but Transaction search and Customer disputes. A feature that was switched on may take nine hours to work."
        ),
    ),
    asks=(
        Ask(
            name="order_prefix",
            label="Invoice numbers of a connected shop",
            help=(
                "If another connected system books the orders that are paid here, what their invoice numbers begin with, "
                "separated by commas: of those payments only the fee is booked. Otherwise leave it empty."
            ),
            pattern=r"[A-Za-z0-9#_-]{1,20}(,[A-Za-z0-9#_-]{1,20}){0,4}",
            required=False,
            example="WC-",
            tidy=lambda given: given.replace(" ", ""),
        ),
    ),
    file_hosts=(r"api(-m)?(\.sandbox)?\.paypal\.com",),
    # PayPal publishes no limit; about fifty a minute have been seen to be borne.
    rate=RateLimit(requests=30, seconds=60),
    webhook=Webhook(verify=verify, events=events, key_url=certificate_url, secret_key="webhook_id"),  # noqa: S106 (a field)
    read_error=read_error,
    faults=FAULTS,
    whoami=pulling.whoami,
    revoke=revoke,
    open_answer=open_answer,
    descriptors=("PAYPAL",),
    streams=(
        Stream(
            name="transactions",
            label="Rows of the balance",
            pull=pulling.pull_transactions,
            census=Census(("**", "transaction_initiation_date"), pulling.list_transactions, late=pulling.UNSETTLED),
            to_records=read_transaction,
            identify=row_id,
            recognise=is_row,
            reference="https://developer.paypal.com/docs/api/transaction-search/v1/#transactions_get",
            scopes=(f"{_SERVICES}/reporting/search/read",),
        ),
        Stream(
            name="disputes",
            label="Disputes",
            pull=pulling.pull_disputes,
            census=Census(("create_time",), pulling.list_disputes, is_told=False),
            to_records=read_dispute,
            identify=dispute_id,
            recognise=is_dispute,
            reference="https://developer.paypal.com/docs/api/customer-disputes/v1/",
            scopes=(f"{_SERVICES}/disputes/read-seller",),
            envelope=("items",),
        ),
        Stream(
            name="balances",
            label="Balances held",
            pull=pulling.pull_balances,
            instead="One answer tells every balance: there is nothing to count.",
            to_records=read_balances,
            identify=balances_id,
            recognise=is_balances,
            duty="prove",
            reference="https://developer.paypal.com/docs/api/transaction-search/v1/#balances_get",
            scopes=(f"{_SERVICES}/reporting/balances/read",),
        ),
    ),
    files=(
        FileLayout(
            name="activity",
            label="Activity download",
            stream="transactions",
            recognise=is_activity,
            objects=rows_to_objects,
            help="Activity, Download: all transactions that affect the balance, as CSV, for a whole month.",
            reference="https://developer.paypal.com/docs/reports/online-reports/activity-download/",
        ),
    ),
    notes=(
        "Access by an app in the client's own account; reading for others needs PayPal's partner agreement. Rows appear up to "
        "three hours late. Clearing is what is available, the reserve what is withheld. Refunds tell their tax only where the "
        "seller told it."
    ),
)
