"""The close's fixtures."""

from __future__ import annotations

import pytest

from clients.tenancy import client_context
from tests import builders
from tests.closeout import scene


@pytest.fixture
def books(db):
    """January of a small company, its context open for the test."""
    world = builders.world()
    with client_context(world.kestrel.pk):
        yield scene.build(world)
