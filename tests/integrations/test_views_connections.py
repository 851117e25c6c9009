"""The page of connections: what it says, connecting under a strict policy, and who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from clients.models import AuditEvent
from clients.tenancy import client_context
from integrations import duties
from integrations.models import Connection, StreamState, SyncJob
from tests import builders
from tests.integrations import scripted
from tests.integrations.conftest import walk

pytestmark = pytest.mark.django_db
PAGE = "/c/kestrel/connections/"
HTMX = {"HX-Request": "true"}


def browse(person: Any) -> Any:
    return builders.sign_in(Browser(), person)


@pytest.fixture
def held(world: Any, monkeypatch: Any) -> Connection:
    """Kestrel's live connection of a scripted provider."""
    scripted.install(monkeypatch, scripted.Scripted().provider())
    return scripted.connection(world.kestrel, name="Kestrel till", last_success_at=timezone.now())


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_without_any_system_the_page_says_so_and_names_the_next_step(world):
    page = text(browse(world.bob).get(PAGE))
    assert "<h1>No system is connected</h1>" in page
    assert 'href="#h-more"' in page


def test_the_heading_is_the_finding(world, held):
    assert "<h1>One system, all healthy</h1>" in text(browse(world.bob).get(PAGE))


def test_a_broken_system_is_said_first_with_what_it_costs(world, held):
    with client_context(world.kestrel.pk):
        Connection.objects.update(state="needs_reconnect", problem="the grant is gone")
    page = text(browse(world.bob).get(PAGE))
    assert "One system, one needs a login" in page
    assert "Scripted stopped" in page
    assert "cannot tell" in page


def test_what_was_never_seen_live_is_said(world, held):
    assert "contract-tested, never seen live" in text(browse(world.bob).get(PAGE))


def test_an_opened_system_is_a_page_of_its_own_and_a_part_for_htmx(world, held):
    browser, address = browse(world.bob), reverse("integrations:connection", args=["kestrel", held.pk])
    assert "<h1>" in text(browser.get(address))
    part = text(browser.get(address, headers=HTMX | {"HX-Target": "chosen"}))
    assert "<h1>" not in part
    assert "by data type" in part


def test_sync_now_makes_one_job_and_the_row_asks_again(world, held):
    browser, address = browse(world.bob), reverse("integrations:sync", args=["kestrel", held.pk])
    row = text(browser.post(address, headers=HTMX))
    browser.post(address, headers=HTMX)
    with client_context(world.kestrel.pk):
        assert SyncJob.objects.filter(kind="sync").count() == 1
    assert 'hx-trigger="load delay:2s"' in row
    assert "Reading" in row


def test_a_paused_system_is_not_read(world, held):
    browser = browse(world.bob)
    browser.post(reverse("integrations:pause", args=["kestrel", held.pk]))
    browser.post(reverse("integrations:sync", args=["kestrel", held.pk]))
    with client_context(world.kestrel.pk):
        assert Connection.objects.get().state == "paused"
        assert not SyncJob.objects.exists()


def test_a_resumed_system_is_read_at_once(world, held):
    browser = browse(world.bob)
    browser.post(reverse("integrations:pause", args=["kestrel", held.pk]))
    browser.post(reverse("integrations:resume", args=["kestrel", held.pk]))
    with client_context(world.kestrel.pk):
        assert Connection.objects.get().state == "live"
        assert SyncJob.objects.count() == 1


def test_disconnecting_keeps_the_row(world, held):
    browse(world.bob).post(reverse("integrations:disconnect", args=["kestrel", held.pk]))
    with client_context(world.kestrel.pk):
        assert Connection.objects.get().state == "disconnected"


def test_the_clients_own_user_sees_none_of_it(world, held):
    assert browse(world.erin).get(PAGE).status_code == 403


def test_another_clients_connection_is_absent(world, monkeypatch):
    scripted.install(monkeypatch, scripted.Scripted().provider())
    other = scripted.connection(world.quillfeather)
    assert browse(world.bob).get(f"{PAGE}{other.pk}/").status_code == 404


# ---- leaving and coming back ---------------------------------------------------------------------------------------------


def test_leaving_is_never_a_redirect_of_a_form(world, sandbox):
    """A redirect of a form to another origin is blocked by the page's policy; htmx leaves, or the person follows a link."""
    browser, address = browse(world.bob), reverse("integrations:connect", args=["kestrel", "stripe"])
    plain, swapped = browser.post(address), browser.post(address, headers=HTMX)
    assert plain.status_code == 200
    assert f'href="{sandbox.url}' in text(plain)
    assert (swapped.status_code, swapped.headers["HX-Redirect"].startswith(sandbox.url)) == (204, True)
    assert sandbox.url not in plain.headers["Content-Security-Policy"]


def leave(browser: Any, slug: str = "stripe") -> str:
    answer = browser.post(reverse("integrations:connect", args=["kestrel", slug]), headers=HTMX)
    return str(answer.headers["HX-Redirect"])


def test_coming_back_makes_the_connection_and_opens_its_row(world, sandbox):
    browser = browse(world.bob)
    back = walk(leave(browser), "kestrel")
    answer = browser.get(reverse("integrations:callback", args=["stripe"]), back)
    with client_context(world.kestrel.pk):
        made = Connection.objects.get()
    assert made.is_live
    assert answer.headers["Location"] == f"{PAGE}{made.pk}/"
    assert "Stripe is connected" in text(browser.get(answer.headers["Location"]))


def test_a_declined_consent_is_said_in_plain_words(world, sandbox):
    browser = browse(world.bob)
    back = walk(leave(browser), "kestrel", "deny")
    answer = browser.get(reverse("integrations:callback", args=["stripe"]), back)
    assert answer.headers["Location"] == PAGE
    assert "Nothing was connected: Stripe was not allowed to share" in text(browser.get(PAGE))


def test_another_person_cannot_finish_a_sign_in(world, sandbox):
    back = walk(leave(browse(world.bob)), "kestrel")
    browse(world.alice).get(reverse("integrations:callback", args=["stripe"]), back)
    Browser().get(reverse("integrations:callback", args=["stripe"]), back)
    with client_context(world.kestrel.pk):
        assert not Connection.objects.exists()


def test_a_provider_that_is_not_set_up_is_said(world, settings):
    settings.SANDBOX_URL = ""
    browser = browse(world.bob)
    browser.post(reverse("integrations:connect", args=["kestrel", "stripe"]))
    assert "no app is registered with Stripe" in text(browser.get(PAGE))


# ---- what a stream is for ------------------------------------------------------------------------------------------------


def duty_address(held: Connection, what: str) -> str:
    return reverse(f"integrations:duty_{what}", args=["kestrel", held.pk, "rows"])


def ask(browser: Any, held: Connection, *, days: int = 0, duty: str = "prove") -> Any:
    day = duties.today(held.client) + timedelta(days=days)
    return browser.post(duty_address(held, "ask"), {"duty": duty, "from_day": day.isoformat()})


def duty(world: Any) -> str:
    with client_context(world.kestrel.pk):
        return str(StreamState.objects.get().duty)


def test_a_duty_does_not_change_by_asking(world, held):
    ask(browse(world.bob), held)
    assert duty(world) == "book"
    assert "Bob Birch asks: prove only from" in text(browse(world.alice).get(PAGE))


def test_a_controller_agrees_and_it_holds(world, held):
    ask(browse(world.bob), held)
    browse(world.alice).post(duty_address(held, "agree"))
    assert duty(world) == "prove"
    with client_context(world.kestrel.pk):
        assert AuditEvent.objects.filter(action="connection.duty", actor=world.alice).exists()


def test_who_asked_does_not_agree(world, held):
    browser = browse(world.alice)
    ask(browser, held)
    browser.post(duty_address(held, "agree"))
    assert duty(world) == "book"


def test_staff_do_not_agree(world, held):
    ask(browse(world.alice), held)
    assert browse(world.bob).post(duty_address(held, "agree")).status_code == 403


def test_a_day_gone_by_is_refused(world, held):
    browser = browse(world.bob)
    ask(browser, held, days=-1)
    with client_context(world.kestrel.pk):
        assert duties.wishes(Connection.objects.get()) == {}


def run_waiting(world: Any) -> dict[str, Any]:
    with client_context(world.kestrel.pk):
        return dict(duties.take_effect(SyncJob.objects.get(kind="duty"), None))


def test_a_later_day_takes_effect_by_its_job(world, held):
    ask(browse(world.bob), held, days=5)
    browse(world.alice).post(duty_address(held, "agree"))
    assert duty(world) == "book"
    with client_context(world.kestrel.pk):
        assert SyncJob.objects.get(kind="duty").run_after > timezone.now() + timedelta(days=4)
    assert run_waiting(world) == {"changed": True}
    assert duty(world) == "prove"


def test_a_withdrawn_change_never_takes_effect(world, held):
    browser = browse(world.bob)
    ask(browser, held, days=5)
    browse(world.alice).post(duty_address(held, "agree"))
    browser.post(duty_address(held, "withdraw"))
    assert run_waiting(world) == {"changed": False}
    assert duty(world) == "book"


# ---- the REST API --------------------------------------------------------------------------------------------------------


def test_the_api_lists_and_details_without_secrets(world, held):
    browser = browse(world.bob)
    (listed,) = browser.get("/api/v1/clients/kestrel/connections/").json()["results"]
    detail = browser.get(f"/api/v1/clients/kestrel/connections/{held.pk}/").json()
    assert (listed["system"], listed["state"], listed["is_well"]) == ("scripted", "live", True)
    assert [stream["name"] for stream in detail["streams"]] == ["rows"]
    assert "account" not in str(detail)


def test_the_api_reads_now(world, held):
    answer = browse(world.bob).post(f"/api/v1/clients/kestrel/connections/{held.pk}/sync/")
    assert (answer.status_code, answer.json()["is_reading"]) == (202, True)


def test_the_api_refuses_to_read_what_is_not_connected(world, held):
    with client_context(world.kestrel.pk):
        Connection.objects.update(state="paused")
    assert browse(world.bob).post(f"/api/v1/clients/kestrel/connections/{held.pk}/sync/").status_code == 409


# ---- onboarding ----------------------------------------------------------------------------------------------------------


def test_the_connect_step_is_done_when_every_chosen_system_is_live(world, held):
    from clients.models import StackItem
    from integrations import readiness

    with client_context(world.kestrel.pk):
        StackItem.objects.create(client=world.kestrel, system="scripted", category="processor", route="api")
        StackItem.objects.create(client=world.kestrel, system="paychex", category="payroll", route="file")
        assert readiness.connected(world.kestrel).done
        Connection.objects.update(state="needs_reconnect")
        assert readiness.connected(world.kestrel).text == "0 of 1, missing: Scripted"
