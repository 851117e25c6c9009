"""As much of Freemarker as an export template of one list of reports needs. https://freemarker.apache.org/docs/ref_builtins.html

Like the real one it prints numbers for people unless told otherwise, escapes nothing by itself, and stops at a value that is not
there.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r"(<#list [\w.]+ as \w+>|</#list>|<#sep>|</#sep>|<#if [\w.]+\?has_content>|</#if>|\$\{[^}]*\})")
_ALONE = re.compile(r"(?m)^[ \t]*((?:</?#[^>]*>)+)[ \t]*\n")
_VALUE = re.compile(r'\(?([\w.]+)(!"")?\)?(\?json_string|\?c|\?string\("([^"]*)","([^"]*)"\))?')


class TemplateError(ValueError):
    """The template cannot be read, or asks for what is not there."""


def fill_in(template: str, **values: Any) -> str:
    """The template's text for these values. Raises TemplateError."""
    tokens = [token for token in _TOKEN.split(_ALONE.sub(r"\1", template)) if token]
    return "".join(_run(tokens, values))


def _run(tokens: list[str], values: dict[str, Any]) -> Iterator[str]:
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.startswith(("<#list", "<#if", "<#sep")):
            end = _end(tokens, place)
            yield from _block(token, tokens[place + 1 : end], values)
            place = end
        elif token.startswith("${"):
            yield _shown(token[2:-1], values)
        elif token.startswith("</#"):
            raise TemplateError(f"{token} closes nothing")
        else:
            yield token
        place += 1


def _end(tokens: list[str], start: int) -> int:
    """Where the block that begins here is closed."""
    name = re.match(r"<#(\w+)", tokens[start])
    assert name is not None
    depth = 0
    for place in range(start, len(tokens)):
        depth += tokens[place].startswith(f"<#{name[1]}") - (tokens[place] == f"</#{name[1]}>")
        if not depth:
            return place
    raise TemplateError(f"{tokens[start]} is not closed")


def _block(token: str, inner: list[str], values: dict[str, Any]) -> Iterator[str]:
    words = token[2:-1].split()
    if words[0] == "list":
        rows = _found(words[1], values)
        for number, row in enumerate(rows or (), 1):
            yield from _run(inner, {**values, words[3]: row, "#last": number == len(rows)})
    elif words[0] == "sep":
        yield from () if values.get("#last") else _run(inner, values)
    elif _found(words[1].removesuffix("?has_content"), values) not in (None, "", [], {}):
        yield from _run(inner, values)


def _found(path: str, values: dict[str, Any]) -> Any:
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _shown(expression: str, values: dict[str, Any]) -> str:
    read = _VALUE.fullmatch(expression)
    if read is None:
        raise TemplateError(f"{expression} cannot be read")
    found = _found(read[1], values)
    found = "" if found is None and read[2] else found
    if found is None:
        raise TemplateError(f"{read[1]} is not there")
    if read[3] == "?json_string":
        return json.dumps(found, ensure_ascii=False)[1:-1] if isinstance(found, str) else _wrong(expression)
    if isinstance(found, bool):
        return (read[4] if found else read[5]) if read[4] is not None else _wrong(expression)
    if isinstance(found, int):
        return str(found) if read[3] == "?c" else f"{found:,}"
    return found if isinstance(found, str) and not read[3] else _wrong(expression)


def _wrong(expression: str) -> str:
    raise TemplateError(f"{expression} is of another kind")
