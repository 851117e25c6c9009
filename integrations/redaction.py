"""Blanks what looks like a secret or a person's number before a text is kept or shown. A second wall, not the first."""

from __future__ import annotations

import re

SECRET = re.compile(
    r"(?i)(bearer\s+|basic\s+|(?:access|refresh|public|link|id)[_-]?token[\"'=:\s]+|client_secret[\"'=:\s]+|"
    r"password[\"'=:\s]+|(?:code|state|key)=|sk_(?:live|test)_|rk_(?:live|test)_|whsec_|eyJ)[^\s\"'&,;}]+"
)
NUMBER = re.compile(r"\b(?:\d{3}-\d{2}-\d{4}|\d{12,19})\b")
#: The longest problem text that is kept.
LIMIT = 500


def redact(text: str) -> str:
    """The text on one line, without what looks like a credential or an identity number, at most 500 characters."""
    blanked = NUMBER.sub("[number]", SECRET.sub(lambda match: match.group(1) + "[secret]", text))
    return " ".join(blanked.replace("\x00", "").split())[:LIMIT]
