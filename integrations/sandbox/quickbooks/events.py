"""Webhook bodies for a change, in the CloudEvents form and in the legacy one. Delivery and signing happen elsewhere.

https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from integrations.sandbox.quickbooks.writing import Change

_SILENT = frozenset({"Attachable", "TaxCode", "TaxRate", "CompanyInfo"})
_PAST = {"Create": "created", "Update": "updated", "Delete": "deleted", "Void": "voided", "Merge": "merged"}
_NAMES = {"CreditCardPaymentTxn": "CreditCardPayment"}
_SPACE = uuid.UUID("5e0c7c1e-5b0e-4d55-9a3f-6f1f3f2f7a10")


def announced(changes: Sequence[Change]) -> list[Change]:
    """The changes that have webhooks at all."""
    return [change for change in changes if change.kind not in _SILENT]


def cloud_events(realm: str, changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The array form; an event's id is stable, so a second delivery of the same change can be recognised."""
    return [_cloud_event(realm, change) for change in announced(changes)]


def _cloud_event(realm: str, change: Change) -> dict[str, Any]:
    name = _NAMES.get(change.kind, change.kind).lower()
    kind = f"qbo.{name}.{_PAST[change.operation]}.v1"
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid5(_SPACE, f"{realm}/{kind}/{change.id}/{change.token}/{change.at.isoformat()}")),
        "source": f"intuit.qbo.{realm}",
        "type": kind,
        "datacontenttype": "application/json",
        "time": change.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "intuitentityid": change.id,
        "intuitaccountid": realm,
        "data": {},
    }


def legacy_notification(realm: str, changes: Sequence[Change], zone: ZoneInfo) -> dict[str, Any]:
    """The older form; its times carry an offset without a colon."""
    entities = [
        {
            "name": _NAMES.get(change.kind, change.kind),
            "id": change.id,
            "operation": change.operation,
            "lastUpdated": change.at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z"),
            **({"deletedId": change.gone} if change.gone else {}),
        }
        for change in announced(changes)
    ]
    return {"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": entities}}]}
