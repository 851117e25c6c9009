"""Notices of changes: who signed them, and which streams to look at again. They carry ids only and may come twice or late.

https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from integrations.payload import Payload
from integrations.providers.quickbooks_online.entities import DOCUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

SIGNATURE = "intuit-signature"
_STREAMS = {entity.name.lower(): ("documents",) for entity in DOCUMENTS} | {
    "creditcardpaymenttxn": ("documents",),
    "account": ("accounts",),
    "vendor": ("vendors",),
    "customer": ("customers",),
    "preferences": ("company",),
    "companyinfo": ("company",),
}


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> bool:
    """base64(HMAC-SHA256(verifier token, raw body)), compared in constant time with every token in force."""
    del now
    given = next((value for name, value in headers.items() if name.lower() == SIGNATURE), "").encode()
    genuine = False
    for secret in secrets:
        expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
        genuine |= bool(secret) and hmac.compare_digest(given, expected)
    return genuine


def events(notice: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(event id, company, streams) of each notice, in the legacy form or as CloudEvents; several companies in one body.

    An entity of no stream has no streams to look at; it is still named so that it is stored.
    """
    if isinstance(notice, list):
        for index, event in enumerate(notice):
            yield _cloud_event(Payload.of(event, f"$[{index}]"))
        return
    body = Payload.of(notice)
    if body.has("specversion"):
        yield _cloud_event(body)
        return
    for company in body.objects("eventNotifications", required=True):
        realm = company.text("realmId")
        for entity in company.object("dataChangeEvent").objects("entities"):
            yield _legacy_id(realm, entity), realm, _streams(entity.text("name"))


def _legacy_id(realm: str, entity: Payload) -> str:
    """The legacy form has no ids: the same change of the same object is the same event."""
    merged = entity.text("deletedId", "") or entity.text("deletedID", "")
    parts = (entity.text("name"), entity.text("id"), entity.text("operation"), entity.text("lastUpdated"), merged)
    return "|".join((realm, *parts)).rstrip("|")


def _cloud_event(event: Payload) -> tuple[str, str, tuple[str, ...]]:
    words = event.text("type").split(".")
    return event.text("id"), event.text("intuitaccountid"), _streams(words[1] if len(words) > 1 else "")


def _streams(name: str) -> tuple[str, ...]:
    return _STREAMS.get(name.lower(), ())
