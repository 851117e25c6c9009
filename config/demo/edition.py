"""Which telling of the story the demonstration's data are of: what began with one cannot go on with another."""

from __future__ import annotations

import ast
import hashlib

from django.conf import settings

#: Where the story is told, from the sandbox's folder; a comment in it changes nothing.
TOLD_IN = ("world/*.py", "*/story.py", "*/plan.py", "*/seeding.py")


def of_code() -> str:
    """The same for ever while the story is told alike."""
    sandbox = settings.BASE_DIR / "integrations" / "sandbox"
    files = sorted(path for pattern in TOLD_IN for path in sandbox.glob(pattern))
    told = "\n".join(ast.dump(ast.parse(path.read_bytes())) for path in files)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def problem() -> str:
    """One line where the data kept here are of another telling, and what to do; '' where they are not, which is then kept."""
    kept = settings.VAR / "sandbox"
    mark, now = kept / "edition", of_code()
    # What was granted and written there stands in its log; the first versions left no mark beside it.
    is_other = mark.read_text(encoding="utf-8").strip() != now if mark.exists() else (kept / "log.jsonl").exists()
    if is_other:
        return (
            f"the demonstration in {settings.VAR} was begun by another version of this program and cannot go on; "
            f"begin anew: rm -rf {settings.VAR} (with DATABASE_URL set, give an empty database as well)"
        )
    kept.mkdir(parents=True, exist_ok=True)
    mark.write_text(f"{now}\n", encoding="utf-8")
    return ""
