"""The query endpoint's SELECT: one entity, AND only, filterable fields only, at most 1,000 rows a page.

https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.catalogue import BY_QUERY_NAME, Kind
from integrations.sandbox.quickbooks.faults import QuickBooksFault
from integrations.sandbox.quickbooks.rendering import render, stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    from integrations.sandbox.quickbooks.books import Books, Held

DEFAULT_ROWS, MOST_ROWS = 100, 1000
_TOKEN = re.compile(r"\s*(?:'((?:[^'\\]|\\.)*)'|(<=|>=|!=|[=<>(),*])|([^\s'=<>(),*]+))")
_OPERATORS = frozenset({"=", "<", ">", "<=", ">=", "IN", "LIKE"})
_COMPUTED = frozenset({"Balance", "UnappliedAmt"})
_CLAUSES = frozenset({"WHERE", "ORDERBY", "ORDER", "STARTPOSITION", "MAXRESULTS"})


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(slots=True)
class Statement:
    kind: Kind
    fields: tuple[str, ...] = ()
    count: bool = False
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: int = 1
    rows: int = DEFAULT_ROWS


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool

    @property
    def word(self) -> str:
        return "" if self.quoted else self.text.upper()


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position].word if self.position < len(self.tokens) else ""

    def take(self) -> _Token:
        if self.position >= len(self.tokens):
            raise _unreadable("<EOF>")
        self.position += 1
        return self.tokens[self.position - 1]

    def accept(self, *words: str) -> bool:
        """Step over the words if they come next."""
        ahead = self.tokens[self.position : self.position + len(words)]
        if [token.word for token in ahead] != list(words):
            return False
        self.position += len(words)
        return True

    def expect(self, word: str) -> None:
        token = self.take()
        if token.word != word:
            raise _unreadable(token.text)

    @property
    def is_done(self) -> bool:
        return self.position >= len(self.tokens)


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text[position : position + 20])
        quoted, sign, word = match.groups()
        if quoted is not None:
            found.append(_Token(re.sub(r"\\(.)", r"\1", quoted), quoted=True))
        else:
            found.append(_Token(sign or word, quoted=False))
        position = match.end()
    return found


def _unreadable(near: str) -> QuickBooksFault:
    return QuickBooksFault("4000", f'QueryParserError: Encountered " "{near}"" was not expected.')


def _invalid(detail: str) -> QuickBooksFault:
    return QuickBooksFault("4001", f"QueryValidationError: {detail}")


def parse(text: str) -> Statement:
    """The statement, or fault 4000 when it cannot be read and 4001 when it asks for what is not offered."""
    reader = _Reader(text)
    reader.expect("SELECT")
    fields, count = _selection(reader)
    reader.expect("FROM")
    name = reader.take().text
    kind = BY_QUERY_NAME.get(name.lower())
    if kind is None:
        raise _invalid(f"Entity {name} is not supported")
    statement = Statement(kind, fields, count)
    while not reader.is_done:
        _clause(reader, statement)
    return statement


def _selection(reader: _Reader) -> tuple[tuple[str, ...], bool]:
    if reader.accept("COUNT", "(", "*", ")"):
        return (), True
    if reader.accept("*"):
        reader.accept(",")
        return (), False
    fields = [reader.take().text]
    while reader.accept(","):
        fields.append(reader.take().text)
    return tuple(found.removesuffix(".*") for found in fields), False


def _clause(reader: _Reader, statement: Statement) -> None:
    if reader.accept("WHERE"):
        statement.conditions.append(_condition(reader, statement.kind))
        while reader.accept("AND"):
            statement.conditions.append(_condition(reader, statement.kind))
        if reader.peek() and reader.peek() not in _CLAUSES:
            raise _unreadable(reader.take().text)
    elif reader.accept("ORDERBY") or reader.accept("ORDER", "BY"):
        statement.order.append(_ordering(reader, statement.kind))
        while reader.accept(","):
            statement.order.append(_ordering(reader, statement.kind))
    elif reader.accept("STARTPOSITION"):
        statement.start = _bounded(reader, 1, None)
    elif reader.accept("MAXRESULTS"):
        statement.rows = _bounded(reader, 0, MOST_ROWS)
    else:
        raise _unreadable(reader.take().text)


def _condition(reader: _Reader, kind: Kind) -> Condition:
    name = _filterable(reader.take().text, kind)
    operator = reader.take().word
    if operator not in _OPERATORS:
        raise _unreadable(operator)
    if name == "Id" and operator not in {"=", "IN", "<", ">", "<=", ">="}:
        raise _invalid(f"operator {operator} is not supported for Id")
    if operator != "IN":
        return Condition(name, operator, (reader.take().text,))
    reader.expect("(")
    values = [reader.take().text]
    while reader.accept(","):
        values.append(reader.take().text)
    reader.expect(")")
    return Condition(name, operator, tuple(values))


def _filterable(name: str, kind: Kind) -> str:
    wanted = {allowed.lower(): allowed for allowed in kind.filters}
    found = wanted.get(name.lower()) or wanted.get(name.lower().removesuffix(".value"))
    if found is None:
        raise _invalid(f"Property {name} not found for Entity {kind.name}, or property is not queryable")
    return found


def _ordering(reader: _Reader, kind: Kind) -> tuple[str, bool]:
    name = _filterable(reader.take().text, kind)
    if reader.accept("DESC"):
        return name, True
    reader.accept("ASC")
    return name, False


def _bounded(reader: _Reader, least: int, most: int | None) -> int:
    text = reader.take().text
    if not re.fullmatch(r"-?\d+", text):
        raise _unreadable(text)
    value = int(text)
    if value < least:
        raise _invalid(f"value {value} is too small. Min allowed value is {least}")
    if most is not None and value > most:
        raise _invalid(f"value {value} is too large. Max allowed value is {most}")
    return value


# -- carrying it out --------------------------------------------------------------------------------------------------


def run(statement: Statement, books: Books, zone: ZoneInfo) -> dict[str, Any]:
    """The QueryResponse object: rows with positions, or totalCount alone, or nothing at all."""
    kind = statement.kind
    asked = {condition.field for condition in statement.conditions} | {name for name, _ in statement.order}
    view = render if asked & _COMPUTED else _as_kept
    rows = [view(held, books, zone) for held in books.held[kind.name].values()]
    conditions = list(statement.conditions)
    if kind.is_list and not any(condition.field == "Active" for condition in conditions):
        rows = [row for row in rows if row.get("Active", True)]
    for condition in conditions:
        test = _test(condition)
        rows = [row for row in rows if any(test(value) for value in values_at(row, condition.field))]
    if statement.count:
        return {"totalCount": len(rows)}
    _sort(rows, statement)
    page = rows[statement.start - 1 : statement.start - 1 + statement.rows]
    if not page:
        return {}
    page = [render(books.held[kind.name][row["Id"]], books, zone) for row in page]
    if statement.fields:
        page = [_projected(row, statement.fields) for row in page]
    return {kind.name: page, "startPosition": statement.start, "maxResults": len(page)}


def _as_kept(held: Held, books: Books, zone: ZoneInfo) -> dict[str, Any]:
    """Enough of an object to filter and sort by what is kept; rendering is left for the page that is answered."""
    del books
    times = {"CreateTime": stamp(held.created_at, zone), "LastUpdatedTime": stamp(held.updated_at, zone)}
    return {**held.content, "Id": held.id, "MetaData": times}


def values_at(row: dict[str, Any], path: str) -> list[Any]:
    """Every value a dotted path reaches; a reference counts as its id."""
    found: list[Any] = [row]
    for step in path.split("."):
        found = [value[step] for value in found if isinstance(value, dict) and value.get(step) is not None]
        found = [part for value in found for part in (value if isinstance(value, list) else [value])]
    return [value["value"] if isinstance(value, dict) and "value" in value else value for value in found]


def _test(condition: Condition) -> Callable[[Any], bool]:
    if condition.operator == "LIKE":
        pattern = ".*".join(re.escape(part) for part in condition.values[0].split("%"))
        compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return lambda value: compiled.fullmatch(str(value)) is not None
    if condition.operator in {"=", "IN"}:
        return lambda value: any(_compare(value, wanted, condition) == 0 for wanted in condition.values)
    wanted = {"<": (-1,), ">": (1,), "<=": (-1, 0), ">=": (0, 1)}[condition.operator]
    return lambda value: _compare(value, condition.values[0], condition) in wanted


def _compare(value: Any, text: str, condition: Condition) -> int:
    mine, theirs = _comparable(value, text, condition)
    return int(mine > theirs) - int(mine < theirs)


def _comparable(value: Any, text: str, condition: Condition) -> tuple[Any, Any]:
    if condition.field.startswith("MetaData."):
        return _moment(str(value), condition.field), _moment(text, condition.field)
    if isinstance(value, bool):
        return value, text.lower() == "true"
    if isinstance(value, int | Decimal) or (condition.field == "Id" and text.isdigit() and str(value).isdigit()):
        try:
            return Decimal(str(value)), Decimal(text)
        except InvalidOperation as error:
            raise _invalid(f"Invalid value {text} for property {condition.field}") from error
    return str(value).casefold(), text.casefold()


def _moment(text: str, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise _invalid(f"Invalid value {text} for property {name}") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _sort(rows: list[dict[str, Any]], statement: Statement) -> None:
    """QuickBooks' own order is names by name and documents newest first; ORDERBY overrules it."""
    kind = statement.kind
    if kind.is_list:
        rows.sort(key=lambda row: str(row.get(kind.name_field) or "").casefold())
    else:
        rows.sort(key=lambda row: -int(row["Id"]))
    for name, descending in reversed(statement.order):
        rows.sort(key=lambda row: _sort_key(row, name), reverse=descending)


def _sort_key(row: dict[str, Any], name: str) -> tuple[int, Any]:
    found = values_at(row, name)
    if not found:
        return 0, 0
    if name == "Id" or isinstance(found[0], int | Decimal):
        return 1, Decimal(str(found[0]))
    if name.startswith("MetaData."):
        return 1, _moment(str(found[0]), name).timestamp()
    return 2, str(found[0]).casefold()


def _projected(row: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Only what was asked for, marked sparse; Id always comes along."""
    wanted = {found.split(".")[0].lower() for found in fields} | {"id"}
    return {key: value for key, value in row.items() if key.lower() in wanted} | {"sparse": True}
