"""The part of a page that says whether anything is missing: never a pass where nothing was counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.test import Client as Browser

from clients.tenancy import client_context
from integrations import syncing
from integrations.census import Census
from integrations.models import ControlTotal, Fact
from tests import builders
from tests.integrations import scripted

pytestmark = pytest.mark.django_db
ADDRESS = "/c/kestrel/completeness/2026-03/"


@pytest.fixture
def held(world: Any, monkeypatch: Any) -> Any:
    """Kestrel's scripted connection with two facts of March 14."""
    script = scripted.Scripted()
    scripted.install(monkeypatch, script.provider())
    script.give(scripted.sale(1), scripted.sale(2))
    made = scripted.connection(world.kestrel)
    syncing.pull_stream(made.pk, "rows", now=scripted.NOW)
    return made


def count(world: Any, held: Any, number: int) -> None:
    with client_context(world.kestrel.pk):
        ControlTotal.objects.create(
            client=world.kestrel,
            connection=held,
            stream="rows",
            day=date(2026, 3, 14),
            count=number,
            here=2,
            missing=["row-9"] if number > 2 else [],
            source="count",
        )


def look(world: Any, address: str = ADDRESS) -> Any:
    return builders.sign_in(Browser(), world.bob).get(address)


def test_a_source_without_a_count_is_no_pass(world, held):
    page = look(world).content.decode()
    assert "March 2026: the source gives no count" in page
    assert "Whole" not in page


def test_a_source_that_counts_more_differs(world, held):
    count(world, held, 3)
    page = look(world).content.decode()
    assert "1 of 1 counted data types differ" in page
    assert "Differs" in page


def test_a_source_that_counts_the_same_misses_nothing(world, held):
    count(world, held, 2)
    assert "nothing missing in 1 of 1 data types" in look(world).content.decode()


def test_each_day_is_shown_for_one_connection(world, held):
    count(world, held, 3)
    page = look(world, f"{ADDRESS}?connection={held.pk}").content.decode()
    assert "<title>Mar 14: 3 there, 2 here</title>" in page
    assert page.count("<title>") == 31


@pytest.mark.parametrize("query", ["?connection=999999", "?connection=x"])
def test_a_connection_that_is_not_the_clients_is_absent(world, held, query):
    assert look(world, ADDRESS + query).status_code == 404


def test_a_month_that_is_none_is_absent(world):
    assert look(world, "/c/kestrel/completeness/2026-13/").status_code == 404


def declare(world: Any, monkeypatch: Any, **said: Any) -> None:
    """The scripted stream with more said of it; its facts are dealt with."""
    with client_context(world.kestrel.pk):
        Fact.objects.update(state=Fact.State.PROOF)
    provider = scripted.Scripted().provider()
    (stream,) = provider.streams
    scripted.install(monkeypatch, replace(provider, streams=(replace(stream, **said),)))


def test_what_is_not_to_be_counted_says_what_stands_for_it(world, held, monkeypatch):
    declare(world, monkeypatch, instead="The rows of each payout must come to its amount.")
    words = look(world).content.decode()
    assert ("Not counted" in words, "must come to its amount" in words, "No count given" in words) == (
        True,
        True,
        False,
    )
    page = look(world, f"/c/kestrel/completeness/2026-03/{held.pk}/rows/").content.decode()
    assert ("nothing to count" in page, "must come to its amount" in page) == (True, True)


def test_a_list_counted_here_is_compared_and_not_the_sources_number(world, held, monkeypatch):
    declare(world, monkeypatch, census=Census(("day",), lambda _api, _days: (), is_told=False))
    count(world, held, 2)
    assert "Compared" in look(world).content.decode()
    page = look(world, f"/c/kestrel/completeness/2026-03/{held.pk}/rows/").content.decode()
    assert "tells no number of its own: what it lists of each day is counted" in page
