"""HubSpot: invoices, the payments recorded on them, credit memos, and won deals. https://developers.hubspot.com/docs/api-reference"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.payload import Payload
from integrations.provider import Api, OAuth2, Provider, RateLimit, Stream, Webhook
from integrations.providers.hubspot import pulling, readings, wire
from integrations.providers.hubspot.exports import FILES
from integrations.recognising import id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_GUIDE = "https://developers.hubspot.com/docs/api-reference/latest/crm/objects"


def whoami(api: Api) -> tuple[str, str]:
    """https://developers.hubspot.com/docs/api-reference/latest/account/account-information/guide"""
    portal = str(Payload.of(api.get("/account-info/v3/details")).integer("portalId"))
    return portal, f"HubSpot {portal}"


def _has(name: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an object has the property that only its kind has."""

    def recognise(raw: Mapping[str, Any]) -> bool:
        props = raw.get("properties")
        return isinstance(props, dict) and name in props

    return recognise


PROVIDER = Provider(
    slug="hubspot",
    name="HubSpot",
    category="crm",
    base_urls={
        "api": "https://api.hubapi.com",
        "token": "https://api.hubapi.com",
        "authorize": "https://app.hubspot.com",
    },
    auth=OAuth2(
        authorize_url="/oauth/authorize",
        token_url="/oauth/2026-03/token",  # noqa: S106 (a path)
        revoke_url="/oauth/2026-03/token/revoke",
        client_auth="form",
        scopes=(
            "oauth",
            "crm.objects.invoices.read",
            "crm.objects.commercepayments.read",
            "crm.objects.deals.read",
            "crm.objects.companies.read",
            "crm.objects.line_items.read",
        ),
        rotates=False,
        account_in="call",
    ),
    # Published: 110 in ten seconds for an app in an account, and five searches a second.
    rate=RateLimit(requests=90, seconds=10, concurrent=2),
    webhook=Webhook(verify_at=wire.verify, events=wire.events, app_secret=True),
    read_error=wire.read_error,
    whoami=whoami,
    descriptors=("HUBSPOT",),
    files=FILES,
    streams=(
        Stream(
            name="invoices",
            label="Invoices",
            pull=pulling.pull_invoices,
            census=pulling.census(pulling.INVOICES),
            to_records=readings.read_invoice,
            identify=id_of,
            recognise=_has("hs_invoice_status"),
            reference=f"{_GUIDE}/invoices/guide",
            scopes=("crm.objects.invoices.read", "crm.objects.line_items.read", "crm.objects.companies.read"),
            envelope=("results",),
            order=20,
        ),
        Stream(
            name="payments",
            label="Payments and refunds",
            pull=pulling.pull_payments,
            census=pulling.census(pulling.PAYMENTS),
            to_records=readings.read_payment,
            identify=id_of,
            recognise=_has("hs_latest_status"),
            reference=f"{_GUIDE}/commerce-payments/guide",
            scopes=("crm.objects.commercepayments.read", "crm.objects.companies.read"),
            envelope=("results",),
            order=40,
        ),
        Stream(
            name="credit_memos",
            label="Credit memos",
            pull=None,
            to_records=readings.read_credit,
            identify=id_of,
            recognise=_has("hs_credit_memo_status"),
            reference="https://knowledge.hubspot.com/invoices/manage-credit-memos",
            order=30,
        ),
        # A proposal is never booked; the duty lets one that is not understood into the inbox.
        Stream(
            name="deals",
            label="Won deals",
            pull=pulling.pull_deals,
            census=pulling.census(pulling.DEALS),
            to_records=readings.read_deal,
            identify=id_of,
            recognise=_has("dealstage"),
            reference=f"{_GUIDE}/deals/guide",
            scopes=("crm.objects.deals.read", "crm.objects.companies.read"),
            envelope=("results",),
        ),
    ),
    contract_only=True,
    notes=(
        "Credit memos have no published API: they come as the file of their index page. HubSpot tells no payouts and no balance: "
        "what its payments hold is cleared by the bank's lines. Payments by a connected Stripe account stand in Stripe's clearing. "
        "A won deal is a proposal, never revenue. Where an accounting app of HubSpot posts invoices already, the streams must only "
        "prove."
    ),
)
