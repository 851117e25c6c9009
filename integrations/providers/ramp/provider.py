"""Ramp: company cards, bills and reimbursements. https://docs.ramp.com/developer-api/v1/introduction"""

from __future__ import annotations

from integrations.payload import Payload
from integrations.provider import Api, Ask, ClientCredentials, OAuth2, Provider, RateLimit, Stream, Webhook
from integrations.providers.ramp import cards, payables, people, pulling, receipts, wire
from integrations.recognising import has_fields, id_in

_API = "https://docs.ramp.com/developer-api/v1/api"
_TOKEN = "/developer/v1/token"  # noqa: S105 (a path)
#: Reading alone: nothing is written to Ramp, least of all that something was synced.
SCOPES = (
    "business:read",
    "transactions:read",
    "receipts:read",
    "bills:read",
    "reimbursements:read",
    "cashbacks:read",
    "transfers:read",
    "statements:read",
)


def whoami(api: Api) -> tuple[str, str]:
    """The business of the access. https://docs.ramp.com/developer-api/v1/api/business"""
    business = Payload.of(api.get(f"{pulling.V1}/business"))
    return business.text("id"), business.text("business_name_legal", "") or business.text("id")


_CASHBACK = frozenset(["amount", "created_at", "entity_id", "id", "sync_status"])
_TRANSFER = _CASHBACK | {"payment_id", "status"}

PROVIDER = Provider(
    slug="ramp",
    name="Ramp",
    category="expenses",
    base_urls={"api": "https://api.ramp.com", "token": "https://api.ramp.com", "authorize": "https://app.ramp.com"},
    auth=OAuth2(
        authorize_url="/v1/authorize",
        token_url=_TOKEN,
        revoke_url=wire.REVOKE,
        scopes=SCOPES,
        rotates=False,
        account_in="call",
    ),
    alternatives=(
        ClientCredentials(
            token_url=_TOKEN,
            fields=(
                Ask(name="client_id", label="Client ID", where="Ramp, Developer API, the app"),
                Ask(name="client_secret", label="Client secret", secret=True, where="Ramp, Developer API, the app"),
            ),
            scopes=SCOPES,
            help="An admin makes an app under Developer API, adds the grant Client Credentials and the read scopes alone.",
        ),
    ),
    asks=(
        Ask(
            name="entity_id",
            label="Entity ID",
            pattern=r"[0-9a-fA-F-]{36}",
            required=False,
            help="Only where several companies share one Ramp account: the one whose books these are.",
            where="Ramp, Settings, Entities",
        ),
    ),
    authorise=wire.authorise,
    revoke=wire.revoke,
    # Published: 200 in ten seconds.
    rate=RateLimit(requests=180, seconds=10),
    webhook=Webhook(verify=wire.verify, events=wire.events, greeting=wire.greeting),
    read_error=wire.read_error,
    whoami=whoami,
    file_hosts=(r"([a-z0-9-]+\.)+ramp\.com", r"[a-z0-9-]*ramp[a-z0-9-]*\.s3([.-][a-z0-9-]+)?\.amazonaws\.com"),
    descriptors=("RAMP",),
    receipt=pulling.receipt_address,
    streams=(
        Stream(
            name="transactions",
            label="Card purchases and refunds",
            pull=pulling.pull_transactions,
            to_records=cards.read_transaction,
            identify=id_in("transaction"),
            recognise=has_fields("transaction", "original_transaction_amount", "sk_category_id"),
            reference=f"{_API}/transactions",
            scopes=("transactions:read", "bills:read"),
            envelope=("data",),
            order=40,
        ),
        Stream(
            name="bills",
            label="Bills and their payment",
            pull=pulling.pull_bills,
            to_records=payables.read_bill,
            identify=lambda payload: payload.text("id"),
            recognise=lambda raw: "bill_owner" in raw and "invoice_urls" in raw,
            reference=f"{_API}/bills",
            scopes=("bills:read",),
            envelope=("data",),
            order=20,
        ),
        Stream(
            name="reimbursements",
            label="Reimbursements and repayments",
            pull=pulling.pull_reimbursements,
            to_records=people.read_reimbursement,
            identify=lambda payload: payload.text("id"),
            recognise=lambda raw: all(name in raw for name in ("direction", "user_id", "transaction_date")),
            reference=f"{_API}/reimbursements",
            scopes=("reimbursements:read",),
            envelope=("data",),
            order=30,
        ),
        Stream(
            name="reimbursement_batches",
            label="Reimbursements as the bank shows them",
            pull=pulling.pull_batches,
            to_records=people.read_batch,
            identify=people.batch_id,
            recognise=lambda raw: "reimbursement_batch" in raw,
            duty="prove",
            reference=f"{_API}/reimbursements",
            scopes=("reimbursements:read",),
        ),
        Stream(
            name="cashbacks",
            label="Cashback",
            pull=pulling.pull_cashbacks,
            to_records=cards.read_cashback,
            identify=id_in("cashback"),
            recognise=has_fields("cashback", "id", "amount", "created_at", "entity_id", at_most=_CASHBACK),
            reference=f"{_API}/cashbacks",
            every_minutes=360,
            scopes=("cashbacks:read",),
            envelope=("data",),
        ),
        Stream(
            name="transfers",
            label="Payments of the card",
            pull=pulling.pull_transfers,
            to_records=cards.read_transfer,
            identify=id_in("transfer"),
            recognise=has_fields("transfer", "id", "amount", "created_at", "status", at_most=_TRANSFER),
            duty="prove",
            reference=f"{_API}/transfers",
            every_minutes=360,
            scopes=("transfers:read",),
            envelope=("data",),
        ),
        Stream(
            name="statements",
            label="Statements",
            pull=pulling.pull_statements,
            to_records=cards.read_statement,
            identify=id_in("statement"),
            recognise=has_fields("statement", "opening_balance", "ending_balance", "charges"),
            duty="prove",
            reference=f"{_API}/statements",
            every_minutes=720,
            scopes=("statements:read", "transactions:read"),
            envelope=("data",),
        ),
        Stream(
            name="receipts",
            label="Receipts",
            pull=pulling.pull_receipts,
            to_records=receipts.read_receipt,
            identify=id_in("receipt"),
            recognise=has_fields("receipt", "transaction_id", "user_id", "created_at"),
            duty="prove",
            reference=f"{_API}/receipts",
            every_minutes=180,
            scopes=("receipts:read",),
        ),
    ),
    contract_only=True,
    notes=(
        "An admin or owner of the business has to agree. Where Ramp's own sync posts into the accounting system, every stream "
        "must only prove: we never mark anything as synced. Purchases are dated by the day they settled, as the statement "
        "counts them. A bill is paid once Ramp says so; what the bank showed before stays in clearing. Ramp does not tell the "
        "day an employee was paid: the last change stands for it. Vendor credits are not in its API. A subscription to its "
        "notices is made and verified by the business; our address answers its challenge."
    ),
)
