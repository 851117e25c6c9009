"""Which account or name of a refused document is inactive or gone (QuickBooks itself says only that something is), and making
it active again.

Inactive objects keep their id and get "(deleted)" behind their name; a merged one is gone, its documents bear the other's id.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import NotSupported, Reconnect, Refused, RetryLater, Unanswered
from integrations.payload import Payload
from integrations.providers.quickbooks_online import wire
from integrations.providers.quickbooks_online.entities import ACCOUNT, BY_NAME, CUSTOMER, VENDOR, Entity
from integrations.providers.quickbooks_online.lists import plain_name
from integrations.providers.quickbooks_online.mirror import INACTIVE_TOO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.provider import Api

#: Codes that mean: something this document names is inactive or gone.
CODES = frozenset({"610", "2500"})
_WORDS = {"Account": "account", "Vendor": "vendor", "Customer": "customer"}


def named(api: Api, payload: Mapping[str, Any], refusal: Refused) -> Refused:
    """The refusal with the inactive or missing accounts and names in words and what to do; itself where it is about another
    thing, or nobody can be asked now.
    """
    if refusal.code not in CODES:
        return refusal
    try:
        found = [said for entity in (ACCOUNT, VENDOR, CUSTOMER) for said in _wrong(api, entity, payload)]
    except (RetryLater, Reconnect, Refused):
        return refusal
    if not found:
        return refusal
    said = "; ".join(text for text, _asleep in found)
    return Refused(
        f"{said[:1].upper()}{said[1:]} (QuickBooks {refusal.code})",
        code=refusal.code,
        detail=refusal.detail,
        trace=refusal.trace,
        inactive=tuple(asleep for _text, asleep in found if asleep),
    )


def activate(api: Api, external_id: str, *, request_id: str) -> str:
    """The plain name of an account, vendor or customer that is active from now on; one that is so is left as it is.

    An account's update repeats its name and type. Raises Refused (610 where it is gone), Unanswered.
    """
    kind, _, number = external_id.partition(":")
    if kind not in _WORDS:
        raise NotSupported(f"{external_id} is no account, vendor or customer")
    entity = BY_NAME[kind]
    rows, _time = wire.query(api, entity, f"Id = {wire.quote(number)} AND {INACTIVE_TOO}")
    if not rows:
        raise Refused(f"{_WORDS[kind]} {number} is gone from QuickBooks, deleted or merged", code="610")
    standing = Payload.of(rows[0])
    if standing.flag("Active", True):
        return _plain(standing)
    kept = ("Id", "SyncToken", *(("AccountType", "AccountSubType") if entity is ACCOUNT else ()))
    own = "Name" if entity is ACCOUNT else "DisplayName"
    body = {key: rows[0][key] for key in kept if key in rows[0]}
    body |= {own: plain_name(standing.text(own)), "Active": True, "sparse": True}
    made = wire.post(api, entity.segment, body, requestid=request_id).get(entity.json_key)
    if not isinstance(made, dict) or made.get("Active") is not True:
        raise Unanswered(f"QuickBooks answered a write without the {entity.name} that is active")
    return _plain(Payload.of(made))


def _plain(row: Payload) -> str:
    return plain_name(row.text("FullyQualifiedName", "") or row.text("DisplayName", "") or row.text("Name", ""))


def _wrong(api: Api, entity: Entity, payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong in words, and the id of what could be made active; '' where it is gone."""
    ids = sorted({number for name, number in _references(payload) if name == entity.name})
    if not ids:
        return
    rows, _time = wire.query(api, entity, f"Id IN ({', '.join(map(wire.quote, ids))}) AND {INACTIVE_TOO}")
    standing = {row["Id"]: Payload.of(row) for row in rows}
    word = _WORDS[entity.name]
    for number in ids:
        row = standing.get(number)
        if row is None:
            yield f"{word} {number} is gone from QuickBooks, deleted or merged: map to the one that took its place", ""
        elif not row.flag("Active", True):
            said = (
                f"{word} {_plain(row)} is inactive in QuickBooks: make it active there and send again, or use another"
            )
            yield said, f"{entity.name}:{number}"


def _references(value: Any, kind: str = "") -> Iterator[tuple[str, str]]:
    """(entity, id) of every account, vendor and customer that a body names."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        if kind and "value" in value:
            yield kind, str(value["value"])
        for key, inner in value.items():
            yield from _references(inner, _kind(key, value, inner))


def _kind(key: str, outer: Mapping[str, Any], inner: object) -> str:
    if key.endswith("AccountRef"):
        return ACCOUNT.name
    if key in {"VendorRef", "CustomerRef"}:
        return key.removesuffix("Ref")
    if key == "EntityRef" and isinstance(inner, dict):
        word = str(inner.get("type") or outer.get("Type") or "").capitalize()
        return word if word in BY_NAME else ""
    return ""
