"""A month of books for the tests of pages and the API: built once a module, each test on its own savepoint of it."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests import builders
from tests.ledger import scene


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker):
    """(world, scene) in a transaction that is never committed; do not mix with tests that commit."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = builders.world()
        yield world, scene.build(world.kestrel, preparer=world.bob, controller=world.alice)
        transaction.set_rollback(True)
