"""``make bench``: how fast the books are, beside the bare limits of the same database in the same run.

Facts go the whole way (stored objects → rules → mapping → posted and committed) on the embedded PostgreSQL under ``var/bench``
with its durable settings; the same rows go by bare COPY into two plain tables with key, unique external id and checks. Each
workload is shown with its aim and whether it was reached. Only the ratios mean anything on a machine that does other work, and
at 1,000 facts round trips count more than rows. Exit status 1 when an answer differs from the limit's.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Point Django at the benchmark's own database, then measure."""
    sys.path.insert(0, str(ROOT))
    os.environ["TIEOUT_VAR"] = os.environ.get("TIEOUT_BENCH_VAR", str(ROOT / "var" / "bench"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        os.environ.pop(name, None)

    import django

    django.setup()

    import measure

    return measure.main()


if __name__ == "__main__":
    sys.exit(main())
