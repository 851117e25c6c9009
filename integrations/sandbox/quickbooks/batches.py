"""Batch: up to 30 items in order, each succeeding or failing alone, answered by `bId` with HTTP 200.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/batch
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.catalogue import KINDS
from integrations.sandbox.quickbooks.faults import QuickBooksFault, missing
from integrations.sandbox.quickbooks.writing import Request

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.sandbox.quickbooks.company import Company
    from integrations.sandbox.quickbooks.writing import Change

MOST_ITEMS = 30


def run(company: Company, body: dict[str, Any], at: datetime, heard: list[Change]) -> list[dict[str, Any]]:
    items = body.get("BatchItemRequest")
    if not isinstance(items, list) or not items:
        raise missing("BatchItemRequest")
    if len(items) > MOST_ITEMS:
        raise QuickBooksFault("1040", f"The number of batch items is {len(items)}; at most {MOST_ITEMS} are allowed")
    return [{"bId": str(item.get("bId") or ""), **_one(company, item, at, heard)} for item in items]


def _one(company: Company, item: dict[str, Any], at: datetime, heard: list[Change]) -> dict[str, Any]:
    try:
        if "Query" in item:
            return {"QueryResponse": company.query(str(item["Query"]))}
        request = _request(item, at)
        return {request.kind: company.carry_out(request, heard)}
    except QuickBooksFault as fault:
        return {"Fault": fault.body()}


def _request(item: dict[str, Any], at: datetime) -> Request:
    kind = next((key for key in item if key in KINDS), None)
    if kind is None:
        raise QuickBooksFault("500", "The batch item holds no entity")
    operation = str(item.get("operation") or "create")
    if str(item.get("optionsData") or "") == "void":
        operation = "void"
    if operation not in {"create", "update", "delete", "void"}:
        raise QuickBooksFault("500", f"Operation {operation} is not supported")
    return Request(kind, operation, item[kind], at)
