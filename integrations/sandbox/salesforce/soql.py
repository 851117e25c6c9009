"""As much of SOQL as is asked here: fields, one object, conditions joined by AND or by OR in brackets, an order, a limit.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.sandbox.salesforce.shapes import Row

_QUERY = re.compile(
    r"SELECT (?P<fields>.+?) FROM (?P<name>\w+)(?: WHERE (?P<where>.+?))?"
    r"(?: ORDER BY (?P<order>[\w, ]+?))?(?: LIMIT (?P<limit>\d+))?",
    re.DOTALL,
)
_TEST = re.compile(r"(?P<field>\w+) (?P<sign>>=|<=|=|<|>|IN) (?P<value>\(.*\)|\S+|'(?:[^'\\]|\\.)*')", re.DOTALL)
COUNT = "COUNT()"
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_DOES: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda has, said: has >= said,
    "<=": lambda has, said: has <= said,
    "=": lambda has, said: has == said,
    ">": lambda has, said: has > said,
    "<": lambda has, said: has < said,
    "IN": lambda has, said: has in said,
}


class Bad(Exception):  # noqa: N818
    """A query that is refused; ``code`` is the error's."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


def run(query: str, held: dict[str, list[Row]], *, deleted: bool) -> list[Row]:
    """What a query finds, each with the fields that were asked for (none where it counts). Raises Bad."""
    asked = _QUERY.fullmatch(query.strip())
    if asked is None:
        raise Bad("MALFORMED_QUERY", "unexpected token")
    if asked["name"] not in held:
        raise Bad("INVALID_TYPE", f"sObject type '{asked['name']}' is not supported.")
    found = [row for row in held[asked["name"]] if deleted or not row["IsDeleted"]]
    if asked["where"]:
        found = [row for row in found if _holds(asked["where"], row)]
    for name in reversed([one.strip() for one in (asked["order"] or "").split(",") if one.strip()]):
        found.sort(key=lambda row, name=name: row[name.split()[0]])  # type: ignore[misc]
    if asked["fields"] == COUNT:
        return [{} for _row in found]
    fields = [one.strip() for one in asked["fields"].split(",")]
    return [_shown(row, fields) for row in found[: int(asked["limit"] or len(found))]]


def _holds(where: str, row: Row) -> bool:
    inner = where.strip()
    if inner.startswith("(") and inner.endswith(")"):
        return any(_holds(part, row) for part in inner[1:-1].split(" OR "))
    return all(_test(part, row) for part in inner.split(" AND "))


def _test(text: str, row: Row) -> bool:
    test = _TEST.fullmatch(text.strip())
    if test is None:
        raise Bad("MALFORMED_QUERY", f"unexpected token: {text[:40]}")
    if test["field"] not in row:
        raise Bad("INVALID_FIELD", f"No such column '{test['field']}'")
    has, said = row[test["field"]], test["value"]
    if test["sign"] == "IN":
        return has in [_unescaped(one) for one in _TEXT.findall(said)]
    if text_value := _TEXT.fullmatch(said):
        return _DOES[test["sign"]](has, _unescaped(text_value[1]))
    return has is not None and _DOES[test["sign"]](_comparable(str(has)), _comparable(said))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _comparable(text: str) -> Any:
    return datetime.fromisoformat(text).timestamp() if "T" in text else text


def _shown(row: Row, fields: list[str]) -> Row:
    found: Row = {"attributes": row["attributes"]}
    for field in fields:
        first, _, inner = field.partition(".")
        if first not in row and not (first.endswith("Id") and isinstance(row.get(first[:-2]), dict)):
            raise Bad("INVALID_FIELD", f"No such column '{field}'")
        if inner:
            found.setdefault(first, {"attributes": row[first]["attributes"]})[inner] = row[first][inner]
        else:
            found[first] = row[first] if first in row else row[first[:-2]]["Id"]
    return found
