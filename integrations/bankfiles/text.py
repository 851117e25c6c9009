"""Bytes of a bank file to text: byte order mark, UTF-8, the charset the file declares, Windows-1252, in that order.

UTF-8 goes before the declared charset because headers lie (``CHARSET:1252`` above UTF-8 text is normal) and text that is
valid UTF-8 beyond ASCII is never Windows-1252 by accident.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from html.entities import html5

from integrations.errors import PayloadError

MAXIMUM_BYTES = 10 * 1024 * 1024

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_OFX_CHARSET = re.compile(rb"CHARSET:\s*([A-Za-z0-9._-]{1,40})")
_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


def decode(content: bytes, *, encoding: str = "") -> tuple[str, str]:
    """The text and the encoding it was read in. Raises PayloadError over 10 MiB, when empty, or when not text at all."""
    if len(content) > MAXIMUM_BYTES:
        raise PayloadError("$", f"the file is larger than {MAXIMUM_BYTES // 1024 // 1024} MiB")
    if not content.strip():
        raise PayloadError("$", "the file is empty")
    for mark, name in _BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(name, errors="replace"), name
    for name in filter(None, (encoding, _wide(content), "utf-8", _declared(content), "cp1252")):
        try:
            return content.decode(name), name
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("latin-1"), "latin-1"


def _wide(content: bytes) -> str:
    """UTF-16 without a mark: every second byte of plain text is zero."""
    head = content[:400]
    if head[1::2].count(0) > len(head) // 3:
        return "utf-16-le"
    return "utf-16-be" if head[::2].count(0) > len(head) // 3 else ""


def _declared(content: bytes) -> str:
    head = content[:2000]
    found = _XML_ENCODING.search(head) or _OFX_CHARSET.search(head)
    if found is None:
        return ""
    name = found[1].decode("ascii").lower()
    if name.isdigit():
        name = f"cp{name}"
    elif name.startswith("8859"):
        name = f"iso-{name}"
    try:
        codec = codecs.lookup(name)
    except LookupError:
        return ""
    # codecs such as base64 are registered too, but do not make text; ISO-8859-1 is sent for Windows-1252 throughout
    if not codec._is_text_encoding or codec.name in {"iso8859-1", "ascii"}:  # noqa: SLF001
        return ""
    return codec.name


def unescape(value: str) -> str:
    """Entities replaced, twice, because banks escape twice (``&amp;lt;``). A bare ampersand stays."""
    for _ in range(2):
        if "&" not in value:
            break
        value = _ENTITY.sub(_character, value)
    return value


def _character(found: re.Match[str]) -> str:
    name = found[1]
    if not name.startswith("#"):
        return html5.get(f"{name};", found[0])
    digits = name[1:].lower()
    point = int(digits.removeprefix("x"), base=16) if digits.startswith("x") else int(digits)
    printable = point >= 32 and point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF
    return chr(point) if printable else " "


def tidy(value: str) -> str:
    """One line: runs of white space become one space."""
    return " ".join(value.split())


def normal(value: str) -> str:
    """What two exports of the same line agree on: compatibility forms, case and spacing removed."""
    if value.isascii():
        return tidy(value).lower()
    return tidy(unicodedata.normalize("NFKC", value)).casefold()
