"""Melio: suppliers' bills paid from a bank account or a card. https://github.com/melio/melio-platform-api-client-ruby"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import retry_after, safe_code
from integrations.payload import Payload
from integrations.provider import Api, Ask, Credentials, Outgoing, PastedKeys, Provider, RateLimit, Stream
from integrations.providers.melio import pulling, readings
from integrations.providers.melio.exports import FILES

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = "https://github.com/melio/melio-platform-api-client-ruby"


def authorise(request: Outgoing, credentials: Credentials) -> None:
    """The platform's key, and whose account is meant."""
    request.headers["API-Key"] = credentials.access
    request.headers["Melio-Account"] = credentials.settings["account"]


def whoami(api: Api) -> tuple[str, str]:
    account = Payload.of(api.get(f"/accounts/{api.settings['account']}")).object("data")
    company = account.object_or_none("company")
    return account.text("id"), (company.text("name", "") if company is not None else "") or account.text("id")


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error a Melio answer stands for; None below 400. No limits are documented. Messages name codes only."""
    if status < 400:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    code = safe_code(error.get("code")) if isinstance(error, dict) else ""
    said = code or str(status)
    if status == 429 or status >= 500:
        return RetryLater(f"Melio is busy ({said})", retry_after=retry_after(headers, default=60))
    if status == 401:
        return Reconnect(f"Melio no longer accepts the key ({said})")
    if status == 403:
        return Forbidden(f"Melio does not let this key read the account ({said})")
    return Refused(f"Melio refused the request ({said})", code=code)


def _is_payment(raw: Mapping[str, Any]) -> bool:
    payment = raw.get("payment") if isinstance(raw.get("payment"), dict) and "intent" in raw else raw
    return isinstance(payment, dict) and "scheduledDate" in payment and "fees" in payment and "billInfo" not in payment


def receipt(api: Api, file_id: str) -> str:
    """Where the file of a bill can be fetched now. https://api.melio.com/v1, GET /files/{fileId}"""
    return Payload.of(api.get(f"/files/{file_id}")).object("data").text("url")


PROVIDER = Provider(
    slug="melio",
    name="Melio",
    category="payables",
    base_urls={"api": "https://api.melio.com/v1"},
    auth=PastedKeys(
        fields=(Ask(name="key", label="Platform API key", secret=True, pattern=r"[A-Za-z0-9._-]{16,300}"),),
        help="Melio gives this key to its platform partners. Without it, bring the two exported lists as files.",
    ),
    asks=(
        Ask(
            name="account",
            label="Melio account",
            pattern=r"[A-Za-z0-9_-]{4,64}",
            example="acc-larch-01",
            help="The id under which the platform knows the client.",
        ),
    ),
    authorise=authorise,
    rate=RateLimit(requests=60, seconds=60, concurrent=2),
    read_error=read_error,
    whoami=whoami,
    descriptors=("MELIO",),
    files=FILES,
    receipt=receipt,
    streams=(
        Stream(
            name="bills",
            label="Bills",
            pull=pulling.pull_bills,
            to_records=readings.read_bill,
            identify=lambda payload: payload.text("id"),
            recognise=lambda raw: "billInfo" in raw,
            reference=_REFERENCE,
            envelope=("data",),
            order=20,
        ),
        Stream(
            name="payments",
            label="Payments, their fees and what the bank shows",
            pull=pulling.pull_payments,
            to_records=readings.read_payment,
            identify=readings.payment_id,
            recognise=_is_payment,
            reference=_REFERENCE,
            envelope=("data",),
            order=40,
        ),
    ),
    needs_partner="Melio gives API keys to its platform partners only",
    contract_only=True,
    notes=(
        "Where Melio's own sync posts bills and payments into the accounting system, as it usually does, both streams must only "
        "prove. Its notices carry no signature, so none are taken: everything is read again instead. A payment and its fee are "
        "awaited at the bank as one sum."
    ),
)
