"""The demonstration as its story leaves it, kept as a template: Quillfeather blocked in March, Brambling being onboarded.

January and February of Quillfeather are sealed; faults are planted in March (``config.demo.plants``). What the worker does in the demonstration is
done here in this process, once; a test gets a copy of the database and of the sandbox's log in a fraction of a second.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from tests import copies, scene
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "tieout_march_"


def _hash(template: scene.Template) -> str:
    if os.environ.get("TIEOUT_SCENE"):
        return os.environ["TIEOUT_SCENE"]
    digest = hashlib.sha256(template.database.encode())
    for path in [*sorted((ROOT / "closeout").rglob("*.py")), Path(__file__)]:
        if "views" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.fixture(scope="session")
def march_template(
    scene_template: scene.Template, sandbox_nursery: scene.Nursery, django_db_blocker: Any
) -> scene.Template:
    """Made by the first process that needs it; the others wait."""
    from clients import provisioning

    folder = Path(settings.VAR) / "march"
    folder.mkdir(parents=True, exist_ok=True)
    key = _hash(scene_template)
    template = scene.Template(PREFIX + key, folder / key)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with provisioning.connect(settings.DATABASES["owner"], "postgres") as server:
            names = [row[0] for row in server.execute("SELECT datname FROM pg_database").fetchall()]
            if template.database not in names or not template.state.exists():
                for name in names:
                    if name.startswith(PREFIX):
                        copies.drop(server, name)
                for old in folder.iterdir():
                    if old.is_dir():
                        shutil.rmtree(old)
                _make(server, scene_template, template, sandbox_nursery, django_db_blocker)
    return template


def _make(server: Any, begun: scene.Template, made: scene.Template, nursery: scene.Nursery, blocker: Any) -> None:
    from psycopg import sql

    building = made.database + "_building"
    copies.drop(server, building)
    copies.copy(server, building, begun.database, kept=True)
    shutil.copytree(begun.state, made.state)
    with scene._using(building, blocker), nursery.sandbox(made.state), scene.quick(), in_process():
        _play()
        scene._learn()
    server.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(made.database))
    )


def _play() -> None:
    """What ``config.demo.story.play`` does with these two, after the onboarding that the scene has done already."""
    from clients.tenancy import client_context
    from closeout import baseline
    from config.demo import cast, story

    everyone = cast.seed()
    quillfeather = everyone.clients["quillfeather"]
    with client_context(quillfeather.pk):
        baseline.seal_opening(quillfeather, story.OPENING, by=everyone.controller)
    assert story.faulty_company(quillfeather, everyone), "the demonstration does not tie"
    story.new_company(everyone.clients["brambling"], everyone)


@contextmanager
def in_process() -> Iterator[None]:
    """Jobs are done here and now when they are swept for."""
    from integrations import jobs

    def sweep() -> int:
        done = 0
        while waiting := jobs.due():
            done += sum(jobs.run(job_id) for job_id in waiting)
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("integrations.jobs.sweep", sweep)
        patch.setattr("config.demo.work.TRUST_SECONDS", 0.0)
        patch.setattr("config.demo.work.LOOK_SECONDS", 0.02)
        yield


@dataclass(frozen=True)
class March(scene.Scene):
    """A copy to work with. ``database``: its name."""

    database: str


@pytest.fixture(scope="session")
def march_nursery(march_template: scene.Template) -> Iterator[scene.Nursery]:
    """Forks sandboxes that know what the template's books know."""
    nursery = scene.Nursery(march_template.state)
    yield nursery
    nursery.stop()


@pytest.fixture(scope="module")
def march(march_template: scene.Template, march_nursery: scene.Nursery, django_db_blocker: Any) -> Iterator[March]:
    """A copy of the books and a sandbox of this module's own; commits stay in them."""
    from config.demo import cast

    with scene.copied(march_template.database, django_db_blocker) as name, march_nursery.sandbox() as url:
        yield March(cast.seed(), url, name)
