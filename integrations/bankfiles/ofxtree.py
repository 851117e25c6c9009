"""The tags of an OFX file, SGML or XML alike, as a tree. Nothing is expanded but character entities; a DOCTYPE is refused.

One reader for both generations because real files mix them: ``<?OFX OFXHEADER="200"?>`` above unclosed tags is normal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integrations.bankfiles.text import tidy, unescape
from integrations.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9_.:-]{0,63})(?:\s[^<>]{0,500})?(/?)>")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ROOT = re.compile(r"<OFX(?:\s[^<>]{0,500})?>", re.IGNORECASE)
_HEADER_CURRENCY = frozenset(["CURRENCY", "ORIGCURRENCY"])
STATEMENTS = frozenset(["STMTRS", "CCSTMTRS", "INVSTMTRS"])
_AGGREGATES = STATEMENTS | _HEADER_CURRENCY | {
    "STMTTRN", "BANKACCTFROM", "CCACCTFROM", "INVACCTFROM", "BANKTRANLIST", "INVTRANLIST", "LEDGERBAL", "AVAILBAL",
    "STATUS", "INVBANKTRAN", "SONRS", "STMTTRNRS", "CCSTMTTRNRS", "INVSTMTTRNRS", "PAYEE", "BANKACCTTO", "CCACCTTO",
}  # fmt: skip
_LEAVES = frozenset([
    "NAME", "MEMO", "MEMO2", "CHECKNUM", "REFNUM", "DTPOSTED", "DTUSER", "DTAVAIL", "TRNAMT", "TRNTYPE", "FITID", "CURDEF",
    "BALAMT", "DTASOF", "DTSTART", "DTEND", "ACCTID", "BANKID", "BRANCHID", "ACCTTYPE", "LANGUAGE", "SIC", "EXTDNAME",
    "CODE", "SEVERITY", "MESSAGE", "CURSYM", "CURRATE",
])  # fmt: skip
# a tag that can only stand outside of these closes them when the bank forgot to
_CLOSES = {
    "STMTTRN": frozenset(["STMTTRN"]),
    "LEDGERBAL": frozenset(["STMTTRN", "BANKTRANLIST"]),
    "AVAILBAL": frozenset(["STMTTRN", "BANKTRANLIST", "LEDGERBAL"]),
    "BANKTRANLIST": frozenset(["STMTTRN", "BANKTRANLIST", "BANKACCTFROM", "CCACCTFROM"]),
    "STMTRS": STATEMENTS,
    "CCSTMTRS": STATEMENTS,
    "INVSTMTRS": STATEMENTS,
}
_MAXIMUM_DEPTH = 60


@dataclass(slots=True)
class Node:
    """An aggregate: its own values by tag (the first of each) and the aggregates in it."""

    name: str
    values: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    def text(self, *names: str) -> str:
        """The first of the values that is not blank."""
        return next((self.values[name] for name in names if self.values.get(name)), "")

    def find(self, name: str) -> Node | None:
        return next((child for child in self.children if child.name == name), None)

    def iter(self, *names: str) -> Iterator[Node]:
        """Aggregates of these names at any depth, in the order of the file."""
        for child in self.children:
            if child.name in names:
                yield child
            yield from child.iter(*names)


def parse(text: str) -> Node:
    """The tree below ``<OFX>``. Raises PayloadError when there is no OFX in it, or a DOCTYPE or ENTITY."""
    upper = text.upper()
    if "<!DOCTYPE" in upper or "<!ENTITY" in upper:
        raise PayloadError("OFX", "a DOCTYPE or ENTITY declaration is refused")
    root = _ROOT.search(text)
    if root is None:
        raise PayloadError("OFX", "the <OFX> tag is missing")
    body = _CDATA.sub(lambda found: found[1].replace("<", "&lt;"), _COMMENT.sub("", text[root.end() :]))
    tags = list(_TAG.finditer(body))
    closed = {tag[2].upper() for tag in tags if tag[1]}
    stack = [Node("OFX")]
    for position, tag in enumerate(tags):
        name = tag[2].upper()
        if tag[1]:
            _close(stack, name)
            continue
        end = tags[position + 1].start() if position + 1 < len(tags) else len(body)
        value = body[tag.end() : end].strip()
        if name in _LEAVES or value or tag[3] or (name not in _AGGREGATES and name not in closed):
            stack[-1].values.setdefault(name, tidy(unescape(value)) if value else "")
            continue
        _open(stack, name)
    return stack[0]


def _open(stack: list[Node], name: str) -> None:
    outside = _CLOSES.get(name, frozenset())
    for index in range(len(stack) - 1, 0, -1):
        if stack[index].name in outside:
            del stack[index:]
        elif stack[index].name in STATEMENTS:
            break
    if len(stack) > _MAXIMUM_DEPTH:
        raise PayloadError("OFX", f"<{name}> is nested too deep")
    node = Node(name)
    stack[-1].children.append(node)
    stack.append(node)


def _close(stack: list[Node], name: str) -> None:
    for index in range(len(stack) - 1, 0, -1):
        if stack[index].name == name:
            del stack[index:]
            return
