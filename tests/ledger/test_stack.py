"""The inventory's coverage: what each system's state is, and what the page says of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client as Browser

from clients import catalogue
from clients.catalogue import BY_SLUG
from clients.models import StackItem
from clients.tenancy import client_context
from integrations import registry
from integrations.models import Connection, StreamState
from ledger import coverage
from ledger.core.period import Month
from ledger.coverage import Clock, Seen, judge
from tests import builders

pytestmark = pytest.mark.django_db
PAGE = "/c/kestrel/stack/"
NOW = datetime(2026, 4, 15, 18, tzinfo=UTC)
AT = Clock(
    NOW, date(2026, 4, 15), Month(2026, 3), date(2026, 4, 9), datetime(2026, 4, 1, 7, tzinfo=UTC), date(2026, 1, 1)
)
EARLY = Clock(
    NOW, date(2026, 4, 3), Month(2026, 3), date(2026, 4, 9), datetime(2026, 4, 1, 7, tzinfo=UTC), date(2026, 1, 1)
)


def seen(system: str, **given: object) -> Seen:
    plain: dict[str, object] = {
        "system": system, "owner": "", "access": "none", "connection": 1, "provider": system, "name": "", "state": "live",
        "problem": "", "last_success_at": NOW - timedelta(hours=1), "is_by_file": False, "through": date(2026, 4, 14),
        "trouble": "", "is_by_hand": False, "in_month": None, "waiting": None, "newest": None,
    }  # fmt: skip
    return Seen(**(plain | given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "at", "state"),
    [
        (seen("stripe"), AT, "connected"),
        (seen("stripe", state="needs_reconnect"), AT, "needs"),
        (seen("stripe", state="pending"), AT, "needs"),
        (seen("stripe", state="paused"), AT, "needs"),
        (seen("stripe", last_success_at=NOW - timedelta(hours=27)), AT, "behind"),
        (seen("stripe", last_success_at=None), AT, "behind"),
        (seen("stripe", trouble="no answer"), AT, "behind"),
        (seen("stripe", connection=None), AT, "uncovered"),
        (seen("dext", is_by_file=True, last_success_at=datetime(2026, 4, 2, tzinfo=UTC)), AT, "file-in"),
        (seen("dext", is_by_file=True, last_success_at=datetime(2026, 3, 20, tzinfo=UTC), through=date(2026, 3, 31)), AT, "file-in"),
        (seen("dext", is_by_file=True, last_success_at=datetime(2026, 3, 20, tzinfo=UTC), through=date(2026, 3, 19)), AT, "file-overdue"),
        (seen("dext", is_by_file=True, last_success_at=datetime(2026, 3, 20, tzinfo=UTC), through=None), EARLY, "file-due"),
        (seen("dext", connection=None), AT, "file-overdue"),
        (seen("jobber", provider="quickbooks-online"), AT, "ledger"),
        (seen("jobber", connection=None), AT, "uncovered"),
        (seen("shopify-capital", provider="shopify"), AT, "connected"),
        (seen("loan", connection=None), AT, "hand-overdue"),
        (seen("loan", connection=None), EARLY, "hand-due"),
        (seen("loan", connection=None, waiting=7, in_month=True), AT, "to-verify"),
        (seen("loan", is_by_hand=True, in_month=True, newest=date(2026, 3, 31)), AT, "verified"),
        (seen("loan", is_by_hand=True, in_month=False, newest=date(2026, 2, 28)), AT, "hand-overdue"),
        (seen("paper-bills", connection=None), AT, "by-hand"),
        (seen("xero", connection=None), AT, "by-hand"),
        (seen("stripe", is_by_hand=True, in_month=True, newest=date(2026, 3, 31)), AT, "verified"),
        (seen("mercury", provider="plaid", name="Mercury"), AT, "connected"),
        (seen("mercury", provider="plaid", name="First Alder Bank"), AT, "uncovered"),
    ],
)  # fmt: skip
def test_each_state_follows_from_what_is_known(found, at, state):
    assert judge(BY_SLUG[found.system], [found], at).state == state


def test_of_two_accounts_the_worse_one_counts():
    good, bad = seen("stripe"), seen("stripe", connection=2, state="needs_reconnect")
    assert judge(BY_SLUG["stripe"], [good, bad], AT).seen.connection == 2


def test_nothing_is_overdue_of_a_month_before_the_cut_over():
    at = Clock(NOW, date(2026, 4, 15), Month(2026, 3), date(2026, 4, 9), AT.ended_at, date(2026, 4, 1))
    assert judge(BY_SLUG["dext"], [seen("dext", connection=None)], at).state == "file-due"


# ---- the catalogue -------------------------------------------------------------------------------------------------------


def test_sixty_systems_and_more_say_what_they_give_and_what_to_ask_for():
    assert len(catalogue.SYSTEMS) >= 60
    assert [
        system.slug for system in catalogue.SYSTEMS if not (system.note and system.produces and system.collects)
    ] == []


def test_every_connector_is_in_the_catalogue_by_a_road_that_it_has():
    for slug, provider in registry.all_providers().items():
        roads = {"file"} if provider.auth.kind == "file" else {"api", "feed", *(["file"] if provider.files else [])}
        assert BY_SLUG[slug].route in roads, slug


def test_a_file_is_promised_only_where_one_can_be_read():
    readers = {slug for slug, provider in registry.all_providers().items() if provider.files} | {"bank-file"}
    promised = {system.carried_by or system.slug for system in catalogue.SYSTEMS if system.route == "file"}
    assert promised - readers == set()


def test_what_comes_with_another_system_names_one_of_the_catalogue():
    assert {system.carried_by for system in catalogue.SYSTEMS} - {""} <= set(BY_SLUG)


# ---- the page ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def inventory(world):
    with client_context(world.kestrel.pk):
        for slug in ("stripe", "dext", "cash-drawer", "gusto", "jobber"):
            system = BY_SLUG[slug]
            StackItem.objects.create(client=world.kestrel, system=slug, category=system.category, route=system.route)
        StackItem.objects.create(client=world.kestrel, system="adp", category="payroll", route="api", dismissed=True)
        live = Connection.objects.create(
            client=world.kestrel,
            provider="stripe",
            account_id="acct_1",
            state="live",
            last_success_at=datetime.now(UTC),
        )
        StreamState.objects.create(client=world.kestrel, connection=live, stream="balance_transactions")
    return world


def text(person, path=PAGE):
    return builders.sign_in(Browser(), person).get(path).content.decode()


def test_the_heading_is_the_finding(inventory):
    assert "<h1>1 of 5 systems covered</h1>" in text(inventory.bob)


def test_the_coverage_is_one_query(inventory, django_assert_num_queries):
    with client_context(inventory.kestrel.pk), django_assert_num_queries(1):
        rows = coverage.of(inventory.kestrel)
    at = coverage.clock(inventory.kestrel)
    due = "overdue" if at.today > at.due else "due"
    assert {row.system.slug: row.state for row in rows} == {
        "stripe": "connected",
        "dext": f"file-{due}",
        "cash-drawer": f"hand-{due}",
        "gusto": "uncovered",
        "jobber": "uncovered",
    }  # fmt: skip


def test_the_filter_shows_one_state_and_says_when_there_is_nothing(inventory):
    page = text(inventory.bob, PAGE + "?show=uncovered")
    assert BY_SLUG["gusto"].collects in page
    assert BY_SLUG["dext"].collects not in page
    with client_context(inventory.kestrel.pk):
        StackItem.objects.filter(system="stripe").update(dismissed=True)
    assert "Nothing is covered yet" in text(inventory.bob, PAGE + "?show=covered")


def test_each_row_leads_to_its_next_step(inventory):
    page = text(inventory.bob)
    assert 'action="/c/kestrel/connections/connect/gusto/"' in page
    assert "?account=new:dext" in page


def test_an_empty_inventory_names_the_next_step(world):
    assert "Choose the systems" in text(world.bob)


def test_the_page_is_a_tab_of_a_live_client(world):
    assert f'href="{PAGE}"' in text(world.bob, "/c/kestrel/connections/")
