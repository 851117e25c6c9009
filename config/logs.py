"""Logs as JSON lines: an allow-list of fields, and a second wall that blanks what looks like a secret."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

FIELDS = (
    "request_id",
    "client_id",
    "job_id",
    "connection_id",
    "provider",
    "stream",
    "status",
    "trace",
    "seconds",
    "count",
)
SECRET = re.compile(
    r"(?i)(bearer\s+|basic\s+|(?:access|refresh|public|link)[_-]?token[\"'=:\s]+|client_secret[\"'=:\s]+|password[\"'=:\s]+|"
    r"(?:code|state)=|sk_(?:live|test)_|rk_(?:live|test)_|whsec_|eyJ)[^\s\"'&,;}]+"
)
NUMBER = re.compile(r"\b(?:\d{3}-\d{2}-\d{4}|\d{12,19})\b")


def redact(text: str) -> str:
    return NUMBER.sub("[number]", SECRET.sub(lambda match: match.group(1) + "[secret]", text))


class Redacting(logging.Formatter):
    """One JSON object a line. No headers, bodies or local variables ever reach it by design; this blanks what slips through."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        line.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, default=str)
