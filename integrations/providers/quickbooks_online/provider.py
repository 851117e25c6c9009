"""QuickBooks Online, declared. https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.payload import Payload
from integrations.provider import OAuth2, Provider, RateLimit, Stream, Webhook
from integrations.providers.quickbooks_online import census, documents, lists, mirror, webhooks, wire
from integrations.providers.quickbooks_online.books import QuickBooksBooks
from integrations.providers.quickbooks_online.entities import DOCUMENTS
from integrations.providers.quickbooks_online.envelopes import open_answer
from integrations.providers.quickbooks_online.faults import FAULTS, read_error
from integrations.providers.quickbooks_online.oauth import REVOKE_PATH, TOKEN_PATH, IntuitTokens

if TYPE_CHECKING:
    from integrations.provider import Api

ENTITIES = "https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities"


def whoami(api: Api) -> tuple[str, str]:
    """The company the grant reaches, by its own name."""
    info = Payload.of(wire.get(api, f"companyinfo/{api.account_id}")).object("CompanyInfo")
    return api.account_id, info.text("CompanyName", "") or info.text("LegalName", "")


PROVIDER = Provider(
    slug="quickbooks-online",
    name="QuickBooks Online",
    category="accounting",
    base_urls={
        "api": "https://quickbooks.api.intuit.com",
        "authorize": "https://appcenter.intuit.com",
        "token": "https://oauth.platform.intuit.com",
        "revoke": "https://developer.api.intuit.com",
    },
    auth=OAuth2(
        authorize_url="/connect/oauth2",
        token_url=TOKEN_PATH,
        revoke_url=REVOKE_PATH,
        scopes=("com.intuit.quickbooks.accounting",),
        client_auth="basic",
        rotates=True,
        account_key="realmId",
        account_in="callback",
    ),
    tokens=IntuitTokens(),
    streams=(
        Stream(
            name="company",
            label="Company and closing date",
            pull=mirror.pull_company,
            instead="It is one object: it is here or it is not.",
            to_records=lists.read_company,
            identify=lists.identify_company,
            recognise=lists.is_company,
            duty="mirror",
            reference=f"{ENTITIES}/companyinfo",
            order=10,
        ),
        Stream(
            name="accounts",
            label="Chart of accounts",
            pull=mirror.pull_accounts,
            to_records=lists.read_accounts,
            identify=lists.identify,
            recognise=lists.is_account,
            duty="mirror",
            reference=f"{ENTITIES}/account",
            order=20,
        ),
        Stream(
            name="vendors",
            label="Vendors",
            pull=mirror.pull_vendors,
            to_records=lists.read_parties,
            identify=lists.identify,
            recognise=lists.is_vendor,
            duty="mirror",
            reference=f"{ENTITIES}/vendor",
            every_minutes=360,
            order=30,
        ),
        Stream(
            name="customers",
            label="Customers",
            pull=mirror.pull_customers,
            to_records=lists.read_parties,
            identify=lists.identify,
            recognise=lists.is_customer,
            duty="mirror",
            reference=f"{ENTITIES}/customer",
            every_minutes=360,
            order=30,
        ),
        Stream(
            name="documents",
            label="Posted documents",
            pull=mirror.pull_documents,
            census=census.of_documents(DOCUMENTS),
            to_records=documents.read_documents,
            identify=lists.identify,
            recognise=documents.is_document,
            duty="mirror",
            reference=f"{ENTITIES}/journalentry",
            order=50,
        ),
    ),
    rate=RateLimit(requests=400, seconds=60, concurrent=8),
    webhook=Webhook(verify=webhooks.verify, events=webhooks.events),
    headers={"Accept": "application/json"},
    read_error=read_error,
    faults=FAULTS,
    whoami=whoami,
    descriptors=("INTUIT", "QUICKBOOKS", "INTUIT *QBOOKS"),
    books=QuickBooksBooks(),
    open_answer=open_answer,
    notes="Report columns, change feed and refusals were read from recorded and documented answers.",
)
