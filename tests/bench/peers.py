"""The side-by-side harness with our commands in its hooks: ``SCRATCH=/tmp/bench python tests/bench/peers.py ../shared/bench``.

Further arguments go to the harness (``--groups ledger --sizes 1000,10000 --only limit,design,ours``). The harness has
environments and a PostgreSQL of its own under ``$SCRATCH``; our database there is copied from a template for each load.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME, TEMPLATE = "bench_ours", "bench_ours_template"


def main() -> int:
    bench, *arguments = sys.argv[1:]
    folder, scratch = Path(bench).resolve(), Path(os.environ["SCRATCH"]).resolve()
    subprocess.run([folder / "pg.sh", "start"], check=True)
    environment = {**os.environ, **_address(scratch, TEMPLATE)}
    subprocess.run(["sh", "-c", _sql(scratch, f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")], check=True)
    subprocess.run([sys.executable, ROOT / "manage.py", "setup_database"], check=True, env=environment)
    subprocess.run([sys.executable, __file__, "--seed", _accounts(folder, scratch)], check=True, env=environment)
    hooks = {**os.environ, **_address(scratch, NAME), **_hooks(scratch)}
    return subprocess.run([sys.executable, folder / "bench.py", *arguments], env=hooks, check=False).returncode


def _address(scratch: Path, name: str) -> dict[str, str]:
    where = f"@/{name}?host={scratch}/pg"
    return {
        "DATABASE_URL": f"postgresql://tieout_app{where}",
        "DATABASE_OWNER_URL": f"postgresql://bench{where}",
        "TIEOUT_VAR": str(scratch / "var"),
        "PYTHONPATH": str(ROOT),
    }


def _sql(scratch: Path, *statements: str, database: str = "postgres") -> str:
    said = " ".join(f"-c '{statement}'" for statement in statements)
    return f"psql -q -h {scratch}/pg -U bench -d {database} {said} 2>/dev/null"


def _accounts(folder: Path, scratch: Path) -> Path:
    """The chart is the same for every size."""
    made = scratch / "data" / "n1000"
    if not made.exists():
        subprocess.run([sys.executable, folder / "gen.py", made, "1000"], check=True)
    return made / "accounts.csv"


def _hooks(scratch: Path) -> dict[str, str]:
    run = f"{sys.executable} {ROOT}/manage.py"
    swept = _sql(scratch, "VACUUM ANALYZE", database=NAME)
    ingest = f"{run} ingest --client bench --file {{data}}/entries.jsonl --json"
    show = f"{run} show_statements --client bench --warm --json"
    fresh = _sql(scratch, f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)", f"CREATE DATABASE {NAME} TEMPLATE {TEMPLATE}")
    return {
        "OUR_W1_RESET": fresh,
        "OUR_W1": ingest,
        "OUR_W2_RESET": swept,
        "OUR_W2": ingest,
        "OUR_W3M": f"{show} --month 2024-06",
        "OUR_W3Y": f"{show} --from 2023-01 --to 2024-12",
        "OUR_W4": f"{run} match --payouts {{data}}/payouts.csv --bank {{data}}/bank.csv --truth {{data}}/truth.csv --json",
    }


def _seed(accounts: Path) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

    import scene

    scene.chart(scene.client(), accounts)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--seed"]:
        _seed(Path(sys.argv[2]))
    else:
        sys.exit(main())
