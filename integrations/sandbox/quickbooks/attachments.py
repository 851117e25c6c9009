"""Attachables: notes and files bound to objects. A file's address is short-lived and handed out as text.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/attachable
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.catalogue import KINDS
from integrations.sandbox.quickbooks.faults import QuickBooksFault, not_found
from integrations.sandbox.quickbooks.writing import Request

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.sandbox.quickbooks.company import Company
    from integrations.sandbox.quickbooks.writing import Change

Body = dict[str, Any]
LARGEST_FILE = 100 * 1024 * 1024


def keep(company: Company, metadata: Body, content: bytes, at: datetime, heard: list[Change]) -> Body:
    """Store an uploaded file; its Attachable, or the fault of the item (the request itself stays HTTP 200)."""
    try:
        _check_size(content)
        _check_targets(company, metadata)
        body = {**metadata, "Size": len(content)}
        rendered = company.carry_out(Request("Attachable", "create", body, at), heard)
    except QuickBooksFault as fault:
        return {"Fault": fault.body()}
    identifier = str(rendered["Id"])
    company.files[identifier] = content
    held = company.books.held["Attachable"][identifier]
    uri = f"/v3/company/{company.profile.realm}/download/{identifier}"
    held.content = {**held.content, "FileAccessUri": uri}
    return {"Attachable": {**rendered, "FileAccessUri": uri}}


def _check_size(content: bytes) -> None:
    if len(content) > LARGEST_FILE:
        raise QuickBooksFault("6030", "Maximum attachment size is 100 MB")


def _check_targets(company: Company, metadata: Body) -> None:
    for reference in metadata.get("AttachableRef") or ():
        target = reference.get("EntityRef") or {}
        kind = next((name for name in KINDS if name.lower() == str(target.get("type") or "").lower()), "")
        if not kind or company.books.find(kind, str(target.get("value") or "")) is None:
            raise QuickBooksFault(
                "2500", f"Invalid Reference Id : {target.get('type')} {target.get('value')} not found"
            )


def signature(company: Company, identifier: str) -> str:
    """Part of a download address: whoever has the address may fetch the file."""
    text = f"{company.profile.realm}/{identifier}/{len(company.files.get(identifier, b''))}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def content_of(company: Company, identifier: str) -> tuple[bytes, str, str]:
    """Bytes, file name and content type of an uploaded file."""
    held = company.books.find("Attachable", identifier)
    if held is None or identifier not in company.files:
        raise not_found()
    name = str(held.content.get("FileName") or identifier)
    return company.files[identifier], name, str(held.content.get("ContentType") or "application/octet-stream")
