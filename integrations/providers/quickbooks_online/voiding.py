"""Taking back a document of ours: those that QuickBooks can void stay, at nil; everything else is reversed by an entry.

A voided document keeps its number and says so in its note; a deleted one vanishes from every query, and is therefore never asked
for. https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice#void-an-invoice
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import Refused, Unanswered
from integrations.payload import Payload
from integrations.providers.quickbooks_online import wire
from integrations.providers.quickbooks_online.entities import BY_NAME, Entity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.provider import Api

Body = dict[str, Any]
#: How each kind is voided, as parameters of its write.
SPELLINGS: dict[str, dict[str, str]] = {
    "Invoice": {"operation": "void"},
    "Payment": {"operation": "update", "include": "void"},
    "BillPayment": {"operation": "update", "include": "void"},
}


def payload(external_id: str, version: str) -> Body:
    """What is sent to void a document as it stood at that version."""
    return {"Id": external_id.partition(":")[2], "SyncToken": version, "sparse": True}


def is_untouched(api: Api, external_id: str, version: str) -> bool:
    """Whether the document stands as we left it: nobody changed, paid, applied or deposited it."""
    name, _, number = external_id.partition(":")
    found = _read(api, BY_NAME[name], number)
    return found is not None and str(found.get("SyncToken")) == version and not found.get("LinkedTxn")


def void(api: Api, type_: str, body: Mapping[str, Any], *, request_id: str) -> Body:
    """The document at nil. One that stands so already (an answer was lost) is that. Raises Refused, Unanswered."""
    entity = BY_NAME[type_]
    try:
        answer = wire.post(api, entity.segment, body, requestid=request_id, **SPELLINGS[type_])
    except Refused:
        standing = _read(api, entity, str(body["Id"]))
        if standing is not None and is_void(standing):
            return standing
        raise
    found = answer.get(entity.json_key)
    if not isinstance(found, dict):
        raise Unanswered(f"QuickBooks answered a void without the {type_}")
    return found


def is_void(body: Mapping[str, Any]) -> bool:
    """At nil, and its note says so."""
    found = Payload.of(dict(body))
    return not found.raw("TotalAmt") and found.text("PrivateNote", "").startswith("Voided")


def _read(api: Api, entity: Entity, number: str) -> Body | None:
    try:
        found = wire.get(api, f"{entity.segment}/{number}").get(entity.json_key)
    except Refused as refusal:
        if refusal.code in {"610", "404"}:
            return None
        raise
    return found if isinstance(found, dict) and found.get("status") != "Deleted" else None
