"""The monthly look: proposals with their evidence, decided once and remembered."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from clients.models import AuditEvent, StackItem, StackProposal
from clients.tenancy import client_context
from integrations import jobs, schedule
from integrations.models import Connection, SyncJob
from integrations.schedule import Daily
from ledger import discovering
from ledger.models import BankFeed, BankItem, MirrorDocument
from tests import builders

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 2, 12, tzinfo=UTC)
PAGE = "/c/kestrel/stack/"


@pytest.fixture
def seen(world):
    """Kestrel's bank printed one till, its books name one supplier and one app."""
    with client_context(world.kestrel.pk):
        held = Connection.objects.create(client=world.kestrel, provider="bank-file", account_id="4417", state="live")
        StackItem.objects.create(client=world.kestrel, system="bank-file", category="bank", route="file")
        feed = BankFeed.objects.create(
            client=world.kestrel,
            connection=held,
            account_key="4417",
            name="Checking",
            kind="depository",
            currency="USD",
        )
        for number, (day, amount, said, state) in enumerate(
            [
                (date(2026, 3, 3), 12_000, "TOAST DEP 4417", "open"),
                (date(2026, 3, 4), 8_000, "TOAST DEP 4418", "matched"),
                (date(2026, 3, 5), 700, "ADYEN N.V.", "removed"),
                (date(2024, 3, 5), 700, "CLOVER DEPOSIT", "open"),
            ]
        ):
            BankItem.objects.create(
                client=world.kestrel, feed=feed, fact_id=number, external_id=str(number), posted_on=day, amount_minor=amount,
                description=said, state=state,
            )  # fmt: skip
        documents = (
            {"party": "Gusto", "type": "Bill"},
            {"note": "Synced by Jobber 12", "type": "Invoice"},
            {"party": "Stripe", "type": "Invoice"},
        )
        for number, given in enumerate(documents):
            MirrorDocument.objects.create(
                client=world.kestrel, connection=held, external_id=f"{given['type']}:{number}", booked_on=date(2026, 3, 9),
                lines_sha256=b"x", total_minor=5_000, seen_at=NOW, **given,
            )  # fmt: skip
    return world


def look(world, now=NOW):
    with client_context(world.kestrel.pk):
        return discovering.look(world.kestrel, now=now)


def states(world):
    with client_context(world.kestrel.pk):
        return dict(StackProposal.objects.values_list("system", "state"))


def test_what_is_seen_is_proposed_with_its_evidence(seen):
    assert look(seen) == 3
    assert states(seen) == {"toast": "open", "gusto": "open", "jobber": "open"}
    with client_context(seen.kestrel.pk):
        (bank,) = StackProposal.objects.get(system="toast").evidence
    assert (bank["kind"], bank["count"], bank["in_minor"], bank["first"], bank["last"]) == (
        "bank",
        2,
        20_000,
        "2026-03-03",
        "2026-03-04",
    )


def test_what_is_inventoried_is_not_proposed(seen):
    with client_context(seen.kestrel.pk):
        StackItem.objects.create(client=seen.kestrel, system="toast", category="pos", route="hand")
    assert look(seen) == 2
    assert "toast" not in states(seen)


def test_what_was_set_aside_stays_so_whatever_more_is_seen(seen):
    look(seen)
    with client_context(seen.kestrel.pk):
        discovering.dismiss(StackProposal.objects.get(system="toast"), by=seen.bob)
    assert look(seen, datetime(2026, 5, 2, 12, tzinfo=UTC)) == 2
    assert states(seen)["toast"] == "dismissed"


def test_an_accepted_system_is_in_the_inventory_and_taken_out_again_it_is_a_no(seen):
    look(seen)
    with client_context(seen.kestrel.pk):
        discovering.accept(StackProposal.objects.select_related("client").get(system="toast"), by=seen.bob)
        assert StackItem.objects.get(system="toast").route == "hand"
        StackItem.objects.filter(system="toast").update(dismissed=True)
    assert look(seen) == 2
    assert states(seen)["toast"] == "dismissed"


def test_a_connection_that_nobody_inventoried_is_proposed(seen):
    with client_context(seen.kestrel.pk):
        StackItem.objects.all().delete()
    assert look(seen) == 4
    assert states(seen)["bank-file"] == "open"


def test_a_decision_without_its_person_is_refused_by_the_database(seen):
    look(seen)
    with (
        client_context(seen.kestrel.pk),
        pytest.raises(IntegrityError, match="decision_has_its_person"),
        transaction.atomic(),
    ):
        StackProposal.objects.filter(system="toast").update(state="dismissed")


def test_it_is_looked_once_a_month_from_its_day_on():
    each = Daily("discover", 4, 2)
    slots = [each.slot(datetime(2026, 4, day, hour)) for day, hour in ((1, 12), (2, 3), (2, 4), (30, 5))]
    assert slots == ["", "", "2026-04", "2026-04"]


def test_the_clock_makes_one_job_a_month_and_the_job_looks(seen):
    schedule.make_due(datetime(2026, 4, 2, 20, tzinfo=UTC))
    schedule.make_due(datetime(2026, 4, 9, 20, tzinfo=UTC))
    with client_context(seen.kestrel.pk):
        (job,) = SyncJob.objects.filter(kind="discover")
        assert job.dedupe_key == "discover:2026-04"
    jobs.run(job.pk)
    assert states(seen)["toast"] == "open"


# ---- the page ------------------------------------------------------------------------------------------------------------


def test_one_looks_takes_in_sets_aside_and_brings_back(seen):
    bob = builders.sign_in(Browser(), seen.bob)
    assert "Nothing is seen that the inventory does not hold" in bob.get(PAGE).content.decode()
    bob.post(f"{PAGE}look/")
    page = bob.get(PAGE).content.decode()
    assert "2 bank lines, 200.00 in, Mar 3, 2026 to Mar 4, 2026: TOAST DEP 4417 · TOAST DEP 4418" in page
    bob.post(f"{PAGE}toast/decide/", {"act": "accept"})
    bob.post(f"{PAGE}gusto/decide/", {"act": "dismiss"})
    page = bob.get(PAGE).content.decode()
    assert "set aside by Bob Birch" in page
    assert 'href="/c/kestrel/stack/toast/capture/"' in page
    bob.post(f"{PAGE}gusto/decide/", {"act": "back"})
    assert states(seen) == {"toast": "accepted", "gusto": "open", "jobber": "open"}
    with client_context(seen.kestrel.pk):
        acts = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"stack.chosen", "stack.set_aside", "stack.brought_back"} <= acts


def test_what_was_never_proposed_cannot_be_decided(seen):
    bob = builders.sign_in(Browser(), seen.bob)
    assert bob.post(f"{PAGE}stripe/decide/", {"act": "accept"}).status_code == 404
    look(seen)
    assert bob.post(f"{PAGE}toast/decide/", {"act": "burn"}).status_code == 404
