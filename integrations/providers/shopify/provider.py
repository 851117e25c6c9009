"""Shopify: orders by their agreements, and the balance of Shopify Payments. https://shopify.dev/docs/api/admin-graphql"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.census import Census
from integrations.provider import Ask, OAuth2, PastedKeys, Provider, RateLimit, Stream, Webhook
from integrations.providers.shopify import balance, legacy, orders, pulling, standing, wire
from integrations.providers.shopify.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = f"https://shopify.dev/docs/api/admin-graphql/{wire.API_VERSION}/objects"
_HOST = r"[a-z0-9][a-z0-9-]*\.myshopify\.com"


def _addresses(where: Mapping[str, str]) -> dict[str, str]:
    return dict.fromkeys(("api", "authorize", "token"), f"https://{where['shop']}")


def _is_order(raw: Mapping[str, Any]) -> bool:
    return "agreements" in raw or legacy.is_order(raw) or legacy.is_part(raw)


PROVIDER = Provider(
    slug="shopify",
    name="Shopify",
    category="commerce",
    auth=OAuth2(
        authorize_url="/admin/oauth/authorize",
        token_url="/admin/oauth/access_token",  # noqa: S106 (a path)
        client_auth="form",
        scopes=(
            "read_orders",
            "read_all_orders",
            "read_shopify_payments_payouts",
            "read_shopify_payments_accounts",
            "read_shopify_payments_disputes",
            "read_gift_cards",
            "read_locations",
            "read_cash_tracking",
        ),
        scope_separator=",",
        # Without it the token is of the old kind that never ends, which public apps may no longer use.
        token_extra={"expiring": "1"},
        verify_callback=wire.genuine,
        account_key="shop",
        account_in="callback",
    ),
    alternatives=(
        PastedKeys(
            fields=(
                Ask(
                    name="token",
                    label="Admin API access token",
                    secret=True,
                    pattern=r"shp(at|ca|pa)_[0-9a-fA-F]{32,64}",
                    where="Settings → Apps → Develop apps, in the shop's admin",
                ),
            ),
            help="The token of an app made in the shop's own admin, with read rights on orders, payouts, disputes and gift cards.",
        ),
    ),
    asks=(
        Ask(
            name="shop",
            label="Shop address",
            help="The address that ends in myshopify.com, not the shop's own domain.",
            pattern=_HOST,
            example="larch.myshopify.com",
            tidy=wire.shop_of,
        ),
    ),
    addresses=_addresses,
    hosts=(_HOST,),
    # Limits are by points a query costs, of which the smallest plan restores a hundred a second; being throttled says how long.
    rate=RateLimit(requests=4, seconds=1, concurrent=1),
    webhook=Webhook(verify=wire.verify, events=wire.events, app_secret=True),
    read_error=wire.read_error,
    faults=FAULTS,
    authorise=wire.authorise,
    whoami=pulling.whoami,
    revoke=wire.revoke,
    descriptors=("SHOPIFY",),
    streams=(
        Stream(
            name="orders",
            label="Orders with edits and refunds",
            pull=pulling.pull_orders,
            census=Census(("processedAt",), pulling.list_orders),
            to_records=orders.read_order,
            identify=orders.order_id,
            recognise=_is_order,
            reference=f"{_REFERENCE}/Order",
            scopes=("read_orders", "read_all_orders", "read_locations"),
        ),
        Stream(
            name="balance_transactions",
            label="Rows of the Shopify Payments balance",
            pull=pulling.pull_balance_transactions,
            to_records=balance.read_row,
            identify=balance.row_id,
            recognise=balance.is_row,
            reference=f"{_REFERENCE}/ShopifyPaymentsBalanceTransaction",
            scopes=("read_shopify_payments_payouts",),
        ),
        Stream(
            name="payouts",
            label="Payouts",
            pull=pulling.pull_payouts,
            to_records=balance.read_payout,
            identify=balance.payout_id,
            recognise=balance.is_payout,
            reference=f"{_REFERENCE}/ShopifyPaymentsPayout",
            every_minutes=180,
            scopes=("read_shopify_payments_payouts",),
        ),
        Stream(
            name="disputes",
            label="Disputes",
            pull=pulling.pull_disputes,
            to_records=standing.read_dispute,
            identify=standing.dispute_id,
            recognise=standing.is_dispute,
            reference=f"{_REFERENCE}/ShopifyPaymentsDispute",
            every_minutes=180,
            scopes=("read_shopify_payments_disputes",),
        ),
        Stream(
            name="balance",
            label="Balance of Shopify Payments",
            pull=pulling.pull_balance,
            to_records=balance.read_balance,
            identify=balance.balance_id,
            recognise=balance.is_balance,
            duty="prove",
            reference=f"{_REFERENCE}/ShopifyPaymentsAccount",
            every_minutes=720,
            order=90,
            scopes=("read_shopify_payments_accounts",),
        ),
        Stream(
            name="gift_cards",
            label="Gift cards",
            pull=pulling.pull_gift_cards,
            to_records=standing.read_cards,
            identify=standing.cards_id,
            recognise=standing.is_cards,
            reference=f"{_REFERENCE}/GiftCard",
            every_minutes=720,
            scopes=("read_gift_cards",),
        ),
        Stream(
            name="cash_sessions",
            label="Cash drawers",
            pull=pulling.pull_cash_sessions,
            to_records=standing.read_session,
            identify=standing.session_id,
            recognise=standing.is_session,
            reference=f"{_REFERENCE}/CashTrackingSession",
            every_minutes=180,
            scopes=("read_cash_tracking",),
        ),
    ),
    needs_partner="Shopify's review of a public app and its approval to read all orders; an app of the shop's own needs none",
    contract_only=True,
    notes=(
        "Recorded answers seen are those of the REST API. What is not paid with the order is owed by one collective customer: "
        "nothing is asked about persons. A balance in another currency than the shop's is put before a person."
    ),
)
