"""The published samples that exist as XML only, as the JSON that the same objects are answered in."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from tests.integrations.contract import CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = CONTRACTS / "quickbooks-online" / "samples" / "xml"
#: Elements that may come several times.
LISTS = frozenset({"Line", "LinkedTxn", "CustomField", "OtherContactInfo", "Tag"})
#: Texts although they look like numbers.
TEXTS = frozenset(
    {"Id", "SyncToken", "DocNumber", "TxnId", "TxnLineId", "PrivateNote", "Description", "value", "PaymentRefNum"}
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def objects(keys: frozenset[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file, ``{key: object}``) of every whole object of these kinds in the samples."""
    for path in sorted(SAMPLES.glob("*.xml")):
        for element in ET.parse(path).iter():
            key = _name(element)
            if key in keys and element.find("./{*}Id") is not None and element.find("./{*}TxnDate") is not None:
                yield path.name, {key: _value(element)}


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _value(element: ET.Element) -> Any:
    name, text = _name(element), (element.text or "").strip()
    if not len(element):
        if name.endswith("Ref"):
            return {"value": text, **{key: value for key, value in element.attrib.items() if key in {"name", "type"}}}
        if text in {"true", "false"}:
            return text == "true"
        return Decimal(text) if name not in TEXTS and _NUMBER.fullmatch(text) else text
    found: dict[str, Any] = {}
    for child in element:
        key = _name(child)
        if key in LISTS:
            found.setdefault(key, []).append(_value(child))
        elif _value(child) != "":
            found[key] = _value(child)
    return found
