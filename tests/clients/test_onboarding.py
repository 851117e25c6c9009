"""Onboarding saves each answer, says how far it is, and lets no client go live on a promise."""

from __future__ import annotations

import pytest

from clients import catalogue, onboarding
from clients.models import AuditEvent, Client, OnboardingStep, StackItem
from clients.tenancy import client_context
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(world, client):
    return builders.sign_in(client, world.alice)


@pytest.fixture
def proofs(monkeypatch):
    """Proofs of the upper apps' steps, all holding."""
    found = dict(onboarding._proofs)
    for key in ("connect", "mapping", "opening", "rehearse"):
        found[key] = lambda _client: onboarding.Progress(100, "done")
    monkeypatch.setattr(onboarding, "_proofs", found)
    return found


def fact(browser, name, value):
    return browser.post(f"/c/brambling/onboarding/facts/{name}/", {name: value})


def choose(browser, system, *, chosen=True):
    return browser.post(
        "/c/brambling/onboarding/stack/choose/", {"system": system} | ({"chosen": "on"} if chosen else {})
    )


def brambling() -> Client:
    return Client.objects.get(slug="brambling")


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("name", "Brambling Studios", "Brambling Studios"),
        ("timezone", "America/Chicago", "America/Chicago"),
        ("home_currency", "cad", "CAD"),
        ("materiality_minor", "50.00", 5_000),
        ("materiality_minor", "1,250", 125_000),
        ("fiscal_year_start_month", "7", 7),
    ],
)
def test_a_fact_is_saved_alone(world, alice, name, value, stored):
    assert b"Saved" in fact(alice, name, value).content
    assert getattr(brambling(), name) == stored


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "Mars/Olympus"),
        ("home_currency", "US"),
        ("fiscal_year_start_month", "13"),
        ("materiality_minor", "-1"),
        ("materiality_minor", "0.001"),
        ("materiality_minor", "much"),
        ("cut_over_on", "soon"),
        ("name", ""),
    ],
)
def test_a_wrong_fact_is_told_and_not_saved(world, alice, name, value):
    before = getattr(brambling(), name)
    assert b"Saved" not in fact(alice, name, value).content
    assert getattr(brambling(), name) == before


def test_an_amount_is_typed_in_units_of_the_currency(world, alice):
    for currency, minor, shown in (("USD", 125_050, "1250.50"), ("JPY", 1_250, "1250"), ("KWD", 1_250, "1.250")):
        Client.objects.filter(slug="brambling").update(home_currency=currency, materiality_minor=minor)
        page = alice.get("/c/brambling/onboarding/facts/").content.decode()
        assert f"Materiality, {currency}" in page
        assert f'value="{shown}"' in page
        assert b"Saved" in fact(alice, "close_due_days", "6").content
        assert brambling().materiality_minor == minor


def test_the_preparer_is_not_the_controller(world, alice):
    fact(alice, "preparer", str(world.alice.pk))
    assert b"Saved" not in fact(alice, "controller", str(world.alice.pk)).content
    assert brambling().controller is None


def test_someone_of_another_firm_cannot_prepare(world, alice):
    fact(alice, "preparer", str(world.charlie.pk))
    assert brambling().preparer is None


@pytest.mark.parametrize("name", ["stage", "slug", "practice", "id"])
def test_what_is_no_fact_cannot_be_set(world, alice, name):
    assert fact(alice, name, "live").status_code == 404


def test_a_changed_fact_is_in_the_trail(world, alice):
    fact(alice, "home_currency", "CAD")
    with client_context(world.brambling.pk):
        assert AuditEvent.objects.get().detail == {"from": "USD", "to": "CAD"}


def test_one_returns_to_the_first_open_step(world, alice):
    assert alice.get("/c/brambling/onboarding/").headers["Location"].endswith("/onboarding/facts/")


def test_choosing_and_unchoosing_a_system(world, alice):
    choose(alice, "stripe")
    choose(alice, "gusto")
    choose(alice, "gusto", chosen=False)
    with client_context(world.brambling.pk):
        assert list(StackItem.objects.filter(dismissed=False).values_list("system", "route")) == [("stripe", "api")]
        assert StackItem.objects.count() == 2


def test_a_system_outside_the_catalogue_is_refused(world, alice):
    assert choose(alice, "abacus").status_code == 404


def test_two_routes_of_the_same_money_must_be_settled(world, alice):
    choose(alice, "shopify")
    choose(alice, "stripe")
    with client_context(world.brambling.pk):
        assert not {step.key: progress for step, progress in onboarding.readiness(brambling())}["stack"].done
    alice.post("/c/brambling/onboarding/stack/settle/", {"pair": "shopify+stripe", "posts": "stripe"})
    with client_context(world.brambling.pk):
        assert {step.key: progress for step, progress in onboarding.readiness(brambling())}["stack"].done


def test_only_one_of_the_pair_can_post(world, alice):
    assert (
        alice.post("/c/brambling/onboarding/stack/settle/", {"pair": "shopify+stripe", "posts": "square"}).status_code
        == 404
    )


def test_owner_and_access_are_kept(world, alice):
    choose(alice, "stripe")
    alice.post("/c/brambling/onboarding/stack/stripe/describe/", {"owner": "Fay Fern", "access_state": "granted"})
    with client_context(world.brambling.pk):
        assert StackItem.objects.values_list("owner", "access_state").get() == ("Fay Fern", "granted")


def complete(world, browser):
    for name, value in (("cut_over_on", "2026-01-01"), ("preparer", world.bob.pk), ("controller", world.alice.pk)):
        fact(browser, name, str(value))
    choose(browser, "stripe")


def test_nobody_goes_live_while_a_proof_is_open(world, alice):
    complete(world, alice)
    page = alice.post("/c/brambling/onboarding/go-live/", follow=True)
    assert "Not yet: Connect" in page.content.decode()
    assert brambling().stage == "onboarding"


def test_with_every_proof_the_controller_opens_the_client(world, alice, proofs):
    complete(world, alice)
    alice.post("/c/brambling/onboarding/go-live/")
    assert brambling().stage == "live"
    with client_context(world.brambling.pk):
        assert OnboardingStep.objects.get(key="live").done_by == world.alice


def test_the_preparer_does_not_approve_their_own_work(world, client, proofs):
    carol = builders.sign_in(client, world.carol)
    complete(world, carol)
    fact(carol, "preparer", str(world.carol.pk))
    carol.post("/c/brambling/onboarding/go-live/")
    assert brambling().stage == "onboarding"


def test_a_new_client_gets_an_address_of_its_own(world, alice):
    for _ in range(2):
        alice.post("/clients/", {"name": "Kestrel"})
    assert set(Client.objects.filter(name="Kestrel").values_list("slug", flat=True)) == {"kestrel-2", "kestrel-3"}


def test_bookkeepers_do_not_add_clients(world, client):
    assert builders.sign_in(client, world.bob).post("/clients/", {"name": "New"}).status_code == 403


def test_every_system_has_a_category_and_a_route():
    assert {system.category for system in catalogue.SYSTEMS} == set(catalogue.CATEGORIES)
    assert all(system.route in StackItem.Route.values for system in catalogue.SYSTEMS)
    assert len(catalogue.BY_SLUG) == len(catalogue.SYSTEMS)
    assert all(other in catalogue.BY_SLUG for system in catalogue.SYSTEMS for other in system.overlaps)
