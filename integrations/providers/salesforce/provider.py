"""Salesforce: won deals and orders as proposals; invoices, credits and payments where a billing package keeps them.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.provider import Ask, OAuth2, Provider, RateLimit, Stream
from integrations.providers.salesforce import deals, pulling, readings, wire

if TYPE_CHECKING:
    from collections.abc import Mapping

_OBJECTS = "https://developer.salesforce.com/docs/platform/object-reference/references/standard-objects"


def addresses(where: Mapping[str, str]) -> dict[str, str]:
    """Sign-in and tokens where people sign in; everything else where the token answer says that the org is."""
    login = f"https://{where['host']}"
    return {"authorize": login, "token": login, "api": where.get("instance_url", login)}


PROVIDER = Provider(
    slug="salesforce",
    name="Salesforce",
    category="crm",
    auth=OAuth2(
        authorize_url="/services/oauth2/authorize",
        token_url="/services/oauth2/token",  # noqa: S106 (a path)
        revoke_url="/services/oauth2/revoke",
        client_auth="form",
        scopes=("api", "refresh_token"),
        pkce=True,
        account_in="call",
        # Told by every token answer, and another one when the org has moved.
        keeps={"instance_url": wire.INSTANCE},
    ),
    asks=(
        Ask(
            name="host",
            label="Sign-in address",
            help="login.salesforce.com for most, test.salesforce.com for a sandbox org, or the address of your My Domain.",
            pattern=wire.HOST,
            wrong="An address like login.salesforce.com or yourcompany.my.salesforce.com is needed.",
            example="login.salesforce.com",
            tidy=wire.host_of,
        ),
        Ask(
            name="currency",
            label="Currency of the org",
            help="Only where the org has a single currency and it is not that of the books.",
            pattern=r"[A-Z]{3}",
            required=False,
            example="EUR",
            tidy=lambda text: text.strip().upper(),
        ),
    ),
    addresses=addresses,
    hosts=(wire.HOST,),
    # What is limited is the org's day, of all its apps together (see wire.used_up); this is manners.
    rate=RateLimit(requests=300, seconds=60, concurrent=4),
    read_error=wire.read_error,
    is_over=wire.is_over,
    whoami=pulling.whoami,
    streams=(
        Stream(
            name="invoices",
            label="Invoices",
            pull=pulling.pull_invoices,
            census=pulling.census("invoices"),
            to_records=readings.read_invoice,
            identify=wire.long_id,
            recognise=readings.recognises("invoices"),
            reference=f"{_OBJECTS}/object-invoice.html",
            every_minutes=120,
            scopes=("api",),
            order=20,
        ),
        Stream(
            name="credit_memos",
            label="Credit memos and write-offs",
            pull=pulling.pull_credit_memos,
            census=pulling.census("credit_memos"),
            to_records=readings.read_credit,
            identify=wire.long_id,
            recognise=readings.recognises("credit_memos"),
            reference=f"{_OBJECTS}/object-creditmemo.html",
            every_minutes=120,
            scopes=("api",),
            order=30,
        ),
        Stream(
            name="payments",
            label="Payments",
            pull=pulling.pull_payments,
            census=pulling.census("payments"),
            to_records=readings.read_payment,
            identify=wire.long_id,
            recognise=readings.recognises("payments"),
            reference=f"{_OBJECTS}/object-payment.html",
            every_minutes=120,
            scopes=("api",),
            order=40,
        ),
        Stream(
            name="refunds",
            label="Refunds",
            pull=pulling.pull_refunds,
            census=pulling.census("refunds"),
            to_records=readings.read_refund,
            identify=wire.long_id,
            recognise=readings.recognises("refunds"),
            reference=f"{_OBJECTS}/object-refund.html",
            every_minutes=120,
            scopes=("api",),
        ),
        # Proposals are never booked; their duty lets what was changed after it was won into the inbox.
        Stream(
            name="opportunities",
            label="Won deals",
            pull=pulling.pull_opportunities,
            census=pulling.census("opportunities"),
            to_records=deals.read_opportunity,
            identify=wire.long_id,
            recognise=readings.recognises("opportunities"),
            reference=f"{_OBJECTS}/object-opportunity.html",
            every_minutes=120,
            scopes=("api",),
        ),
        Stream(
            name="orders",
            label="Activated orders",
            pull=pulling.pull_orders,
            census=pulling.census("orders"),
            to_records=deals.read_order,
            identify=wire.long_id,
            recognise=readings.recognises("orders"),
            reference=f"{_OBJECTS}/object-order.html",
            every_minutes=240,
            scopes=("api",),
        ),
    ),
    contract_only=True,
    notes=(
        "Most orgs keep no invoices: then what Salesforce gives are proposals, which are never booked, and of deals and orders "
        "the one that is not the client's source of invoices is turned off. Invoices, credits and payments are read from "
        "Salesforce's billing objects or its older billing package, whose shapes come from documentation alone. The person who "
        "signs in must be allowed to read them. What a gateway holds stands in that gateway's clearing."
    ),
)
