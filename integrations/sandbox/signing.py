"""Webhook signatures as each provider publishes them."""

from __future__ import annotations

import base64
import hashlib
import hmac

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def hmac_hex(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def hmac_base64(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def timestamped(secret: str, body: bytes, at: int) -> str:
    """`t=…,v1=…` over "{t}.{body}" (docs.stripe.com/webhooks)."""
    return f"t={at},v1={hmac_hex(secret, f'{at}.'.encode() + body)}"


def signing_key(seed: int) -> ec.EllipticCurvePrivateKey:
    """The same P-256 key for the same seed, so that a restart keeps verifying."""
    digest = hashlib.sha256(f"webhook key {seed}".encode()).digest()
    return ec.derive_private_key(int.from_bytes(digest, "big") % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def body_token(key: ec.EllipticCurvePrivateKey, key_id: str, body: bytes, at: int) -> str:
    """ES256 token over the body's hash (plaid.com/docs/api/webhooks/webhook-verification)."""
    claims = {"iat": at, "request_body_sha256": hashlib.sha256(body).hexdigest()}
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": key_id})


def public_numbers(key: ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    """X and y of the public key, base64url without padding."""
    numbers = key.public_key().public_numbers()
    parts = (base64.urlsafe_b64encode(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
    x, y = (part.rstrip(b"=").decode() for part in parts)
    return x, y
