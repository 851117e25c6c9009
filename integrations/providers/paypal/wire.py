"""PayPal's errors, its signed notices, and handing a token back."""

from __future__ import annotations

import base64
import binascii
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from integrations.errors import Forbidden, ProviderError, Reconnect, Refused, RetryLater
from integrations.headers import header, retry_after, safe_code
from integrations.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from integrations.provider import Api, Credentials

TOO_LARGE = "RESULTSET_TOO_LARGE"
#: Ours for what PayPal tells in words alone: its reports do not reach the day yet.
NOT_YET, _NOT_YET_SAID = "NOT_AVAILABLE_YET", "given start date is not available"
#: Who the certificate of a notice must be of.
_SIGNER = ".paypal.com"
#: The beginning of a notice's type → the streams it makes worth reading again.
_STREAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("CUSTOMER.DISPUTE.", ("disputes", "transactions")),
    ("RISK.DISPUTE.", ("disputes", "transactions")),
    ("PAYMENT.", ("transactions", "balances")),
    ("CHECKOUT.", ("transactions",)),
)


def read_error(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """The error a PayPal answer stands for; None below 400. Messages name codes only, never PayPal's text.

    https://developer.paypal.com/api/rest/responses/
    """
    if status < 400:
        return None
    code = _code(body)
    said, trace = code or str(status), header(headers, "Paypal-Debug-Id")
    if status == 429 or status >= 500 or code == "RATE_LIMIT_REACHED":
        # Whoever asks on beyond the limit is shut out for minutes.
        wait = retry_after(headers, default=30 if status >= 500 else 60)
        return RetryLater(f"PayPal is busy ({said})", retry_after=wait, trace=trace)
    if status == 403 or code in ("NOT_AUTHORIZED", "PERMISSION_DENIED"):
        return Forbidden(
            f"PayPal refuses this with the features the app has ({said}): switch on Transaction search and Disputes"
        )
    if status == 401:
        return Reconnect(f"PayPal no longer accepts the keys ({said})")
    return Refused(f"PayPal refused the request ({said})", code=code, trace=trace)


def _code(body: Any) -> str:
    """The error's name, or the issue of one of its details where that is a result too large; token errors have ``error``."""
    if not isinstance(body, dict):
        return ""
    if _NOT_YET_SAID in str(body.get("message")):
        return NOT_YET
    details = body.get("details")
    issues = [one.get("issue") for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    return TOO_LARGE if TOO_LARGE in issues else safe_code(body.get("name")) or safe_code(body.get("error"))


def revoke(api: Api, credentials: Credentials) -> None:
    """End the token; the keys end when the person deletes the app. https://developer.paypal.com/api/rest/authentication/"""
    pair = f"{credentials.keys['client_id']}:{credentials.keys['client_secret']}"
    basic = base64.b64encode(pair.encode()).decode()
    form = {"token": credentials.access, "token_type_hint": "ACCESS_TOKEN"}
    api.post("/v1/oauth2/token/terminate", form=form, headers={"Authorization": f"Basic {basic}"})


# ---- notices -------------------------------------------------------------------------------------------------------------


def certificate_url(headers: Mapping[str, str]) -> str:
    return header(headers, "PAYPAL-CERT-URL")


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> bool:
    """RSA with SHA-256 over ``id|time|webhook id|crc32 of the body``, by the certificate that the notice names.

    ``secrets`` are that certificate, fetched from a PayPal host, and the webhook ids that are known. A notice may come again
    for three days: repeats are known by the event's id. https://developer.paypal.com/api/rest/webhooks/rest/
    """
    if len(secrets) < 2 or header(headers, "PAYPAL-AUTH-ALGO").upper() != "SHA256WITHRSA":
        return False
    key = _key(secrets[0], now)
    try:
        signature = base64.b64decode(header(headers, "PAYPAL-TRANSMISSION-SIG"), validate=True)
    except (binascii.Error, ValueError):
        return False
    start = f"{header(headers, 'PAYPAL-TRANSMISSION-ID')}|{header(headers, 'PAYPAL-TRANSMISSION-TIME')}"
    texts = [f"{start}|{webhook}|{zlib.crc32(body)}".encode() for webhook in secrets[1:]]
    return key is not None and any(_fits(key, signature, text) for text in texts)


def _fits(key: rsa.RSAPublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _key(pem: str, now: datetime) -> rsa.RSAPublicKey | None:
    """The key of the first certificate, if it is PayPal's, in force, and issued by the next one wherever there is a next."""
    try:
        chain = x509.load_pem_x509_certificates(pem.encode())
        for issued, issuer in pairwise(chain):
            issued.verify_directly_issued_by(issuer)
        names = [str(one.value) for one in chain[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        key = chain[0].public_key()
    except (ValueError, TypeError, InvalidSignature):
        return None
    is_theirs = any(name.endswith(_SIGNER) for name in names)
    is_valid = all(one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in chain)
    return key if is_theirs and is_valid and isinstance(key, rsa.RSAPublicKey) else None


def events(payload: Any) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """One notice a body; it does not name the account, the address does. https://developer.paypal.com/api/rest/webhooks/event-names/"""
    notice = Payload.of(payload)
    kind = notice.text("event_type")
    streams = next((streams for start, streams in _STREAMS if kind.startswith(start)), ())
    return ((notice.text("id"), "", streams),)
