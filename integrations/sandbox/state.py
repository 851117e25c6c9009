"""Append-only log of what callers changed (grants, links, writes), replayed when the sandbox starts again."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Record = dict[str, Any]


class StateLog:
    """One JSON object a line in `<folder>/log.jsonl`; without a folder everything is forgotten at exit."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / "log.jsonl" if folder else None
        self._lock = threading.Lock()
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def append(self, provider: str, kind: str, **facts: Any) -> None:
        if self._path is None:
            return
        line = json.dumps({"provider": provider, "kind": kind, **facts}, separators=(",", ":"))
        with self._lock, self._path.open("a", encoding="utf-8") as log:
            log.write(line + "\n")

    def records(self) -> list[Record]:
        """Whole lines only: a line cut by a kill in the middle of a write is left out."""
        if self._path is None or not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def forget(self) -> None:
        if self._path is not None:
            with self._lock:
                self._path.unlink(missing_ok=True)
