"""What documents need beside themselves, found or made once: names, items, classes, and files bound to a document.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/attachable
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from integrations.dimensions import Dimensions
from integrations.errors import Refused, Unanswered
from integrations.payload import Payload
from integrations.provider import Part
from integrations.providers.quickbooks_online import inactive, wire, writing
from integrations.providers.quickbooks_online.entities import ATTACHABLE, BY_NAME, CLASS, DEPARTMENT, ITEM, Entity
from integrations.providers.quickbooks_online.lists import plain_name, reference

if TYPE_CHECKING:
    from integrations.provider import Api

ITEM_NAME_LENGTH = 100


def party(api: Api, kind: str, name: str, currency: str, *, request_id: str) -> str:
    """``<kind>:<id>`` of the active vendor or customer of that name. Raises Refused (6240 where the name is taken).

    All documents of a name are in one currency: where the plain name stands in another, it is ``Name (EUR)``. With ''
    for ``currency`` the company has one only.
    """
    entity, plain = BY_NAME[kind], writing.display_name(name)
    for shown in (plain, f"{plain} ({currency})"):
        rows, _time = wire.query(api, entity, f"DisplayName = {wire.quote(shown)}")
        if not rows:
            rows = [_made_party(api, entity, shown, currency, request_id)]
        if not currency or reference(Payload.of(rows[0]), "CurrencyRef") in {"", currency}:
            return f"{kind}:{rows[0]['Id']}"
    raise Refused(f"the {kind.lower()} {plain} ({currency}) is not kept in {currency}", code="6240")


def _made_party(api: Api, entity: Entity, shown: str, currency: str, request_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {"DisplayName": shown} | ({"CurrencyRef": {"value": currency}} if currency else {})
    try:
        made = wire.post(api, entity.segment, body, requestid=request_id).get(entity.json_key)
    except Refused as refusal:
        raise _inactive(api, entity, shown, refusal) from refusal
    if not isinstance(made, dict) or not made.get("Id"):
        raise Unanswered(f"QuickBooks answered a write without the {entity.name}")
    return made


def _inactive(api: Api, entity: Entity, shown: str, refusal: Refused) -> Refused:
    """A taken name that an inactive one has: two that were merged leave the name of the one that is no more."""
    if refusal.code != "6240":
        return refusal
    rows, _time = wire.query(api, entity, f"Active = false AND DisplayName LIKE {wire.quote(shown + '%')}")
    asleep = tuple(f"{entity.name}:{row['Id']}" for row in rows if plain_name(str(row.get("DisplayName"))) == shown)
    if not asleep:
        return refusal
    word = entity.name.lower()
    said = f"the {word} is inactive in QuickBooks, or was merged into another: make it active there, or use the name it has now"
    return Refused(
        f"{said} (QuickBooks 6240)", code=refusal.code, detail=refusal.detail, trace=refusal.trace, inactive=asleep
    )


def item(api: Api, account_id: str, name: str, *, request_id: str) -> str:
    """The id of the service item that sells into an account, under its name or that with the account's id. Raises Refused."""
    for number, shown in enumerate((name, f"{name} ({account_id})")):
        called = writing.display_name(shown)[:ITEM_NAME_LENGTH]
        rows, _time = wire.query(api, ITEM, f"Name = {wire.quote(called)}")
        if not rows:
            body = {"Name": called, "Type": "Service", "IncomeAccountRef": {"value": account_id}}
            try:
                rows = [wire.post(api, ITEM.segment, body, requestid=f"{request_id}-{number}").get("Item") or {}]
            except Refused as refusal:
                if refusal.code != "6240" or number:
                    raise inactive.named(api, body, refusal) from refusal
                continue
        if not rows[0].get("Id"):
            raise Unanswered("QuickBooks answered a write without the Item")
        found = Payload.of(rows[0])
        if found.text("Type", "") == "Service" and reference(found, "IncomeAccountRef") == account_id:
            return found.text("Id")
    raise Refused(f"QuickBooks has items named {name} that sell into other accounts", code="6240")


def dimensions(api: Api) -> Dimensions:
    """Classes and departments as Preferences turn them on.

    https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/preferences
    """
    preferences = Payload.of(wire.get(api, "preferences")).object("Preferences").object("AccountingInfoPrefs")
    has_classes = any(preferences.flag(f"ClassTrackingPerTxn{each}", False) for each in ("Line", ""))
    has_departments = preferences.flag("TrackDepartments", False)
    class_ids, class_names = _named(api, CLASS) if has_classes else ({}, {})
    department_ids, department_names = _named(api, DEPARTMENT) if has_departments else ({}, {})
    return Dimensions(
        class_ids=class_ids,
        department_ids=department_ids,
        class_names=class_names,
        department_names=department_names,
        has_classes=has_classes,
        has_departments=has_departments,
    )


def _named(api: Api, entity: Entity) -> tuple[dict[str, str], dict[str, str]]:
    """Ids of the active ones by full name, and by own name where only one has it; names of all by id."""
    ids: dict[str, str] = {}
    names: dict[str, str] = {}
    own: dict[str, set[str]] = {}
    for page in wire.query_all(api, entity, "Active IN (true, false)"):
        for row in map(Payload.of, page):
            number, name = row.text("Id"), row.text("Name")
            names[number] = row.text("FullyQualifiedName", "") or name
            if row.flag("Active", True):
                ids[Dimensions.compared(names[number])] = number
                own.setdefault(Dimensions.compared(name), set()).add(number)
    alone = {name: next(iter(numbers)) for name, numbers in own.items() if len(numbers) == 1}
    return alone | ids, names


def attachable(api: Api, external_id: str, file: Part, *, request_id: str) -> str:
    """``Attachable:<id>`` of the file of that name bound to the document, uploaded where there is none. Raises Refused."""
    name, _, number = external_id.partition(":")
    target = {"type": BY_NAME[name].json_key, "value": number}
    where = " AND ".join(f"AttachableRef.EntityRef.{key} = {wire.quote(value)}" for key, value in target.items())
    rows, _time = wire.query(api, ATTACHABLE, where)
    standing = [row for row in rows if row.get("FileName") == file.file_name]
    if not standing:
        told = {
            "AttachableRef": [{"EntityRef": target, "IncludeOnSend": False}],
            "FileName": file.file_name,
            "ContentType": file.content_type,
        }
        described = Part(name="file_metadata_01", content=json.dumps(told).encode(), content_type="application/json")
        content = Part(
            name="file_content_01",
            content=file.content,
            content_type=file.content_type or "application/octet-stream",
            file_name=file.file_name,
        )
        standing = [wire.upload(api, (described, content), requestid=request_id)]
    return f"{ATTACHABLE.name}:{standing[0]['Id']}"
