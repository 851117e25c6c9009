"""Calls to one company: paths, the query language and answers of status 200 that hold a fault after all.

https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from integrations.errors import PayloadError, Unanswered
from integrations.payload import Payload
from integrations.providers.quickbooks_online.envelopes import open_answer
from integrations.providers.quickbooks_online.faults import raise_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from integrations.provider import Api, Part
    from integrations.providers.quickbooks_online.entities import Entity

#: 1–74 ended on 2025-08-01 and are silently answered as 75.
MINOR_VERSION = "75"
PAGE_ROWS = 1000
#: Queries in one batch.
BATCH_ITEMS = 30
#: Pages of one list in one go: a million rows.
PAGES = 1000


def path(api: Api, rest: str) -> str:
    return f"/v3/company/{api.account_id}/{rest}"


def get(api: Api, rest: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One answer as an object. Raises what a fault inside it means."""
    answer = api.get(path(api, rest), {**(params or {}), "minorversion": MINOR_VERSION})
    raise_fault(answer)
    if not isinstance(answer, dict):
        raise PayloadError("$", "expected an object of the QuickBooks API")
    return answer


def post(api: Api, rest: str, body: Mapping[str, Any], **params: str) -> dict[str, Any]:
    """One write. No readable answer means it may have happened: Unanswered."""
    query = urlencode({**params, "minorversion": MINOR_VERSION})
    answer = api.post(f"{path(api, rest)}?{query}", body)
    raise_fault(answer)
    if not isinstance(answer, dict):
        raise Unanswered("QuickBooks answered a write with something that is no object")
    return answer


def upload(api: Api, parts: Sequence[Part], **params: str) -> dict[str, Any]:
    """One upload: the Attachable made. Raises what a fault of its one item means, Unanswered where it says neither."""
    answer = api.upload(f"{path(api, 'upload')}?{urlencode({**params, 'minorversion': MINOR_VERSION})}", parts)
    raise_fault(answer)
    made = answer.get("AttachableResponse") if isinstance(answer, dict) else None
    one = made[0] if isinstance(made, list) and made else {}
    raise_fault(one)
    found = one.get("Attachable") if isinstance(one, dict) else None
    if not isinstance(found, dict) or not found.get("Id"):
        raise Unanswered("QuickBooks answered an upload without the Attachable")
    return found


def quote(text: str) -> str:
    """A text as a literal of the query language."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def statement(what: str, entity: Entity, where: str, tail: str = "") -> str:
    condition = f" WHERE {where}" if where else ""
    return f"SELECT {what} FROM {entity.name}{condition}{tail}"  # noqa: S608 (QuickBooks' own read-only language)


def query(
    api: Api,
    entity: Entity,
    where: str = "",
    *,
    start: int = 1,
    rows: int = PAGE_ROWS,
    fields: str = "*",
    order: str = "Id",
) -> tuple[list[dict[str, Any]], str]:
    """One page of rows and the server's time."""
    tail = f" ORDERBY {order} STARTPOSITION {start} MAXRESULTS {rows}"
    answer = get(api, "query", {"query": statement(fields, entity, where, tail)})
    return rows_of(answer, entity), str(answer.get("time") or "")


def rows_of(answer: Mapping[str, Any], entity: Entity) -> list[dict[str, Any]]:
    """The rows of a query's answer."""
    found = (answer.get("QueryResponse") or {}).get(entity.json_key) or []
    if not isinstance(found, list):
        raise PayloadError(f"$.QueryResponse.{entity.json_key}", "expected a list")
    return found


def query_all(api: Api, entity: Entity, where: str = "", *, fields: str = "*") -> Iterator[list[dict[str, Any]]]:
    """Every page of a list, in the order of ids."""
    for page in range(PAGES):
        rows, _time = query(api, entity, where, start=page * PAGE_ROWS + 1, fields=fields)
        yield rows
        if len(rows) < PAGE_ROWS:
            return


def count(api: Api, entity: Entity, where: str) -> int:
    return total_of(get(api, "query", {"query": statement("COUNT(*)", entity, where)}))


def total_of(answer: Mapping[str, Any]) -> int:
    """The number a COUNT(*) was answered with."""
    total = (answer.get("QueryResponse") or {}).get("totalCount", 0)
    if isinstance(total, bool) or not isinstance(total, int):
        raise PayloadError("$.QueryResponse.totalCount", "expected a number")
    return total


def batch(api: Api, statements: Sequence[str]) -> list[dict[str, Any]]:
    """The answers to queries, in their order, as many in one request as a batch takes; metered by query all the same.

    Raises what a fault in any of them means. https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/batch
    """
    found: list[dict[str, Any]] = []
    for start in range(0, len(statements), BATCH_ITEMS):
        asked = {str(start + place): text for place, text in enumerate(statements[start : start + BATCH_ITEMS])}
        items = [{"bId": mark, "Query": text} for mark, text in asked.items()]
        answer = api.query(f"{path(api, 'batch')}?minorversion={MINOR_VERSION}", {"BatchItemRequest": items})
        raise_fault(answer)
        parts = Payload.of(answer).objects("BatchItemResponse", required=True)
        told = {part.text("bId"): dict(part.data) for part in parts}
        for mark in asked:
            if mark not in told:
                raise PayloadError("$.BatchItemResponse", f"query {mark} is not answered")
            raise_fault(told[mark])
            found.append(told[mark])
    return found


def server_time(api: Api) -> str:
    """QuickBooks' own clock, from a small answer."""
    time = get(api, f"companyinfo/{api.account_id}").get("time")
    if not isinstance(time, str):
        raise PayloadError("$.time", "is missing")
    return time


def feed_items(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects of a change feed answer, each wrapped by its type. Raises what a fault in one of its parts means."""
    items = list(open_answer(answer))
    for item in items:
        raise_fault(item)
    return items
