"""The close's fixtures: January built once a module, each test on its own savepoint of it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from clients.tenancy import client_context
from tests import builders
from tests.closeout import desk, scene

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def january(django_db_setup, django_db_blocker) -> Iterator[scene.Books]:
    """January of a small company, never committed; do not mix with tests that commit."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = builders.world()
        with client_context(world.kestrel.pk):
            made = scene.build(world)
        yield made
        transaction.set_rollback(True)


@pytest.fixture
def books(january, db) -> Iterator[scene.Books]:
    """January with its context open for the test; what the test does to rows and objects is its own."""
    made = copy.deepcopy(january)
    with client_context(made.client.pk):
        yield made


@pytest.fixture(scope="module")
def checked_january(django_db_setup, django_db_blocker) -> Iterator[scene.Books]:
    """The same with its checks run, and no context left open: pages open their own."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield desk.standing()
        transaction.set_rollback(True)


@pytest.fixture
def standing(checked_january, db) -> scene.Books:
    return copy.deepcopy(checked_january)
