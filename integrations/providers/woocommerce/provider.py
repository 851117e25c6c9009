"""WooCommerce: the orders of a store of one's own. https://woocommerce.github.io/woocommerce-rest-api-docs/"""

from __future__ import annotations

from integrations.census import Census
from integrations.provider import Ask, PastedKeys, PostedKeys, Provider, RateLimit, Stream, Webhook
from integrations.providers.woocommerce import pulling, readings, wire

_WHERE = "WooCommerce → Settings → Advanced → REST API, with permission Read"

PROVIDER = Provider(
    slug="woocommerce",
    name="WooCommerce",
    category="commerce",
    auth=PostedKeys(authorize_url="/wc-auth/v1/authorize", query=wire.asked, read=wire.handed_over, names=wire.KEYS),
    alternatives=(
        PastedKeys(
            fields=(
                Ask(name="consumer_key", label="Consumer key", secret=True, pattern=r"ck_[0-9a-f]{40}", where=_WHERE),
                Ask(
                    name="consumer_secret",
                    label="Consumer secret",
                    secret=True,
                    pattern=r"cs_[0-9a-f]{40}",
                    where=_WHERE,
                ),
            ),
            help="Make a key with permission Read. Where notices are wanted, their secret is a setting of the portal.",
        ),
    ),
    asks=(
        Ask(
            name="store",
            label="Store address",
            help="Where the shop's WordPress answers, with its path if it has one. Plain http is not used.",
            pattern=r"https://([a-z0-9-]+\.)+[a-z]{2,}(/[A-Za-z0-9._~-]+)*",
            wrong="An address that begins with https is needed.",
            example="https://larch.example/shop",
            tidy=wire.store_of,
        ),
    ),
    addresses=lambda where: dict.fromkeys(("api", "authorize"), where["store"]),
    hosts=(r"([a-z0-9-]+\.)+[a-z]{2,}",),
    # There is no limit of its own: a small host stands behind it.
    rate=RateLimit(requests=3, seconds=1, concurrent=2),
    webhook=Webhook(verify=wire.verify, events=wire.events, greeting=wire.greeting),
    read_error=wire.read_error,
    authorise=wire.authorise,
    whoami=pulling.whoami,
    descriptors=("WOO ORDER", "WOOCOMMERCE"),
    streams=(
        Stream(
            name="orders",
            label="Orders with refunds",
            pull=pulling.pull_orders,
            census=Census(("order", "date_created_gmt"), pulling.list_orders),
            to_records=readings.read_order,
            identify=readings.order_id,
            recognise=readings.is_order,
            reference="https://woocommerce.github.io/woocommerce-rest-api-docs/#orders",
        ),
    ),
    contract_only=True,
    notes=(
        "Keys have no end and can only be deleted in the store. Payments by a gateway stand in that gateway's clearing account, "
        "which its own connection clears, fees included; what is paid by transfer, cheque or at the door is owed by one collective "
        "customer until the bank shows it."
    ),
)
