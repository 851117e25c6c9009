"""Amazon Seller: settlement reports, and what the Selling Partner API tells beside. https://developer-docs.amazon.com/sp-api/"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.provider import Ask, FileLayout, OAuth2, Provider, RateLimit, Stream
from integrations.providers.amazon import pulling, readings, settlement, standing, transactions, wire

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = "https://developer-docs.amazon.com/sp-api"
#: Marketplace → (its name, the host of its Seller Central, its region).
MARKETS: Mapping[str, tuple[str, str, str]] = {
    "ATVPDKIKX0DER": ("United States", "sellercentral.amazon.com", "na"),
    "A2EUQ1WTGCTBG2": ("Canada", "sellercentral.amazon.ca", "na"),
    "A1AM78C64UM0Y8": ("Mexico", "sellercentral.amazon.com.mx", "na"),
    "A2Q3Y263D00KWC": ("Brazil", "sellercentral.amazon.com.br", "na"),
    "A1F83G8C2ARO7P": ("United Kingdom", "sellercentral-europe.amazon.com", "eu"),
    "A1PA6795UKMFR9": ("Germany", "sellercentral-europe.amazon.com", "eu"),
    "A13V1IB3VIYZZH": ("France", "sellercentral-europe.amazon.com", "eu"),
    "APJ6JRA9NG5V4": ("Italy", "sellercentral-europe.amazon.com", "eu"),
    "A1RKKUPIHCS9HS": ("Spain", "sellercentral-europe.amazon.com", "eu"),
    "A1805IZSGTT6HS": ("Netherlands", "sellercentral.amazon.nl", "eu"),
    "A2NODRKZP88ZB9": ("Sweden", "sellercentral.amazon.se", "eu"),
    "A1C3SOZRARQ6R3": ("Poland", "sellercentral.amazon.pl", "eu"),
    "AMEN7PMS3EDWL": ("Belgium", "sellercentral.amazon.com.be", "eu"),
    "A33AVAJ2PDY3EV": ("Turkey", "sellercentral.amazon.com.tr", "eu"),
    "A2VIGQ35RCS4UG": ("United Arab Emirates", "sellercentral.amazon.ae", "eu"),
    "A21TJRUUN4KGV": ("India", "sellercentral.amazon.in", "eu"),
    "A1VC38T7YXB528": ("Japan", "sellercentral.amazon.co.jp", "fe"),
    "A39IBJ37TRP1C6": ("Australia", "sellercentral.amazon.com.au", "fe"),
    "A19VAU5U5O7RUS": ("Singapore", "sellercentral.amazon.sg", "fe"),
}


def _addresses(where: Mapping[str, str]) -> dict[str, str]:
    _, central, region = MARKETS[where["marketplace"]]
    return {
        "api": f"https://sellingpartnerapi-{region}.amazon.com",
        "authorize": f"https://{central}",
        "token": "https://api.amazon.com",
    }


PROVIDER = Provider(
    slug="amazon",
    name="Amazon Seller",
    category="commerce",
    auth=OAuth2(
        authorize_url="/apps/authorize/consent",
        token_url="/auth/o2/token",  # noqa: S106 (a path)
        client_auth="form",
        client_id_key="application_id",
        client_id_setting="APPLICATION_ID",
        code_key="spapi_oauth_code",
        account_key="selling_partner_id",
        account_in="callback",
        rotates=False,
        consent_days=365,
    ),
    asks=(
        Ask(
            name="marketplace",
            label="Marketplace",
            help="Any one of the seller's marketplaces in the region: the others of it come along.",
            choices=tuple((mark, name) for mark, (name, _, _) in MARKETS.items()),
        ),
    ),
    addresses=_addresses,
    hosts=(
        r"sellercentral(-europe)?\.amazon\.(com|ca|com\.mx|com\.br|nl|se|pl|com\.be|com\.tr|ae|in|co\.jp|com\.au|sg)",
        r"sellingpartnerapi-(na|eu|fe)\.amazon\.com",
        r"api\.amazon\.com",
    ),
    file_hosts=(r"tortuga-prod-(na|eu|fe)\.s3[a-z0-9.-]{0,40}\.amazonaws\.com", r"[a-z0-9]{13,14}\.cloudfront\.net"),
    # Each operation has a bucket of its own: half a request a second after ten for finances; of reports few are asked for.
    rate=RateLimit(requests=100, seconds=200, concurrent=1),
    headers={"User-Agent": "Tieout/1.0 (Language=Python)"},
    read_error=wire.read_error,
    authorise=wire.authorise,
    is_over=wire.is_over,
    whoami=pulling.whoami,
    descriptors=("AMAZON",),
    streams=(
        Stream(
            name="settlements",
            label="Settlement reports",
            pull=pulling.pull_settlements,
            to_records=readings.read_settlement,
            identify=readings.object_id,
            recognise=readings.is_settlement_object,
            reference=f"{_REFERENCE}/docs/report-type-values-settlement",
            every_minutes=360,
        ),
        Stream(
            name="transactions",
            label="Transactions",
            pull=pulling.pull_transactions,
            to_records=transactions.read_transaction,
            identify=transactions.transaction_id,
            recognise=transactions.is_transaction,
            reference=f"{_REFERENCE}/reference/listtransactions",
            every_minutes=360,
        ),
        Stream(
            name="payouts",
            label="Payouts",
            pull=pulling.pull_payouts,
            to_records=standing.read_payout,
            identify=standing.payout_id,
            recognise=standing.is_payout,
            duty="prove",
            reference=f"{_REFERENCE}/reference/listpayouts",
            every_minutes=720,
        ),
        Stream(
            name="balances",
            label="Balances held",
            pull=pulling.pull_balances,
            to_records=standing.read_balance,
            identify=standing.balance_id,
            recognise=standing.is_balance,
            duty="prove",
            reference=f"{_REFERENCE}/reference/listbalances",
            every_minutes=720,
            order=90,
        ),
    ),
    files=(
        FileLayout(
            name="settlement",
            label="Settlement report, flat file V2",
            stream="settlements",
            recognise=settlement.is_settlement,
            objects=settlement.rows_to_objects,
            help="Seller Central, Payments, Reports repository or All statements: Download flat file V2, for each settlement.",
            reference=f"{_REFERENCE}/docs/report-type-values-settlement",
        ),
    ),
    needs_partner="a public app listed in Amazon's Appstore with the role Finance and Accounting; files need none",
    contract_only=True,
    notes=(
        "A settlement is told when it closes, every two weeks, and its rows are dated by when they were posted: a month is whole "
        "once the settlement that was open at its end has closed; until then what was posted since the last one is a timing "
        "difference of exactly that amount. Amazon keeps reports for 90 days; older ones come as files. The "
        "seller's consent ends after 365 days; Amazon has no call that hands it back: the seller ends it in Seller Central."
    ),
)
