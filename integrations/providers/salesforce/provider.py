"""Salesforce: won deals and orders as proposals; invoices, credits and payments where a billing package keeps them.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.provider import Ask, OAuth2, Provider, RateLimit, Stream
from integrations.providers.salesforce import deals, pulling, readings, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from integrations.payload import Payload
    from integrations.provider import Api, Context, Page, Window
    from integrations.records import Record

_OBJECTS = "https://developer.salesforce.com/docs/platform/object-reference/references/standard-objects"
#: Stream → the object's page.
_PAGES = {
    "invoices": "invoice",
    "credit_memos": "creditmemo",
    "payments": "payment",
    "refunds": "refund",
    "opportunities": "opportunity",
    "orders": "order",
}


def addresses(where: Mapping[str, str]) -> dict[str, str]:
    """Sign-in and tokens where people sign in; everything else where the token answer says that the org is."""
    login = f"https://{where['host']}"
    return {"authorize": login, "token": login, "api": where.get("instance_url", login)}


def _stream(
    name: str,
    label: str,
    pull: Callable[[Api, Window], Iterator[Page]],
    read: Callable[[Payload, Context], Iterable[Record]],
    *,
    every_minutes: int = 120,
    order: int = 50,
) -> Stream:
    """What all objects of an org have alike; the page of one is named by the object."""
    return Stream(
        name=name,
        label=label,
        pull=pull,
        census=pulling.census(name),
        to_records=read,
        identify=wire.long_id,
        recognise=readings.recognises(name),
        reference=f"{_OBJECTS}/object-{_PAGES[name]}.html",
        every_minutes=every_minutes,
        scopes=("api",),
        order=order,
    )


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
        _stream("invoices", "Invoices", pulling.pull_invoices, readings.read_invoice, order=20),
        _stream(
            "credit_memos", "Credit memos and write-offs", pulling.pull_credit_memos, readings.read_credit, order=30
        ),
        _stream("payments", "Payments", pulling.pull_payments, readings.read_payment, order=40),
        _stream("refunds", "Refunds", pulling.pull_refunds, readings.read_refund),
        # Proposals are never booked; their duty lets what was changed after it was won into the inbox.
        _stream("opportunities", "Won deals", pulling.pull_opportunities, deals.read_opportunity),
        _stream("orders", "Activated orders", pulling.pull_orders, deals.read_order, every_minutes=240),
    ),
    contract_only=True,
    notes=(
        "Most orgs keep no invoices: then what Salesforce gives are proposals, which are never booked, and of deals and orders "
        "the one that is not the client's source of invoices is turned off. Invoices, credits and payments are read from "
        "Salesforce's billing objects or its older billing package, whose shapes come from documentation alone. The person who "
        "signs in must be allowed to read them. What a gateway holds stands in that gateway's clearing."
    ),
)
