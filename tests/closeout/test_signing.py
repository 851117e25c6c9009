"""Signing: what must be true first, whoever asks and in whatever order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from clients.models import AuditEvent, Client, Membership
from closeout import reopening, seal, signoff, workflow
from closeout.models import CheckResult, CloseRun, Explanation, Seal, SignOff
from closeout.workflow import CloseError
from integrations.models import SyncJob
from ledger import posting
from ledger.models import EntryApproval, JournalEntry, Period
from tests.closeout import scene
from tests.closeout.scene import JANUARY, entry, post

pytestmark = pytest.mark.django_db


def state(books, month=JANUARY):
    return Period.objects.get(client=books.client, month=month.first).state


def refused(books, **how):
    with pytest.raises(signoff.SigningRefused) as refusal:
        scene.sign(books, **how)
    assert state(books) == "open"
    assert not SignOff.objects.filter(close=books.close).exists()
    return " ".join(refusal.value.reasons)


def test_a_ready_month_is_signed_and_locked(books):
    scene.make_ready(books)
    row = scene.sign(books)
    assert (state(books), row.signer) == ("locked", books.world.alice)
    assert CloseRun.objects.get(pk=books.close.pk).state == "signed"


def test_signing_queues_the_seal_once(books):
    scene.make_ready(books)
    row = scene.sign(books)
    assert list(SyncJob.objects.filter(kind="seal").values_list("arguments", flat=True)) == [{"signoff": row.pk}]


def test_a_signed_month_takes_no_entry(books):
    scene.make_ready(books)
    scene.sign(books)
    with pytest.raises(posting.PeriodClosed), transaction.atomic():
        post(books.client, [entry(books.accounts, "rent", "bank", 1, date(2026, 1, 30), "late")])


def test_a_month_nobody_handed_over_is_refused(books):
    assert "handed over" in refused(books)


def test_an_unproven_check_is_refused(books):
    close = scene.make_ready(books)
    close.overrides.filter(check_id="K01").update(expires_on=date(2026, 1, 1))
    assert "not proven: K01" in refused(books)


def test_an_override_of_one_person_lets_nothing_through(books):
    close = scene.make_ready(books)
    close.overrides.filter(check_id="K01").update(granted_by=None)
    assert "not proven: K01" in refused(books)


def test_a_task_undone_is_refused(books):
    close = scene.make_ready(books)
    workflow.tick(close.tasks.first(), by=books.world.bob, done=False)
    assert "task is to do" in refused(books)


def test_the_preparer_cannot_sign(books):
    scene.make_ready(books, by=books.world.carol)
    assert "cannot be the preparer" in refused(books, by=books.world.carol)


def test_own_entries_need_another_persons_approval(books):
    ids = post(
        books.client,
        [entry(books.accounts, "equipment", "bank", 7_000, date(2026, 1, 9), "by-hand", origin="manual")],
        actor=books.world.alice,
    ).ids
    scene.make_ready(books)
    assert "another's approval" in refused(books)
    Client.objects.filter(pk=books.client.pk).update(materiality_minor=7_000)
    EntryApproval.objects.create(client=books.client, entry_id=ids[0], approved_by=books.world.alice)
    assert "another's approval" in refused(books)


def test_own_entries_another_stands_behind_are_fine(books):
    ids = post(
        books.client,
        [entry(books.accounts, "equipment", "bank", 7_000, date(2026, 1, 9), "by-hand", origin="manual")],
        actor=books.world.alice,
    ).ids
    EntryApproval.objects.create(client=books.client, entry_id=ids[0], approved_by=books.world.carol)
    scene.make_ready(books)
    scene.sign(books)
    assert state(books) == "locked"


@pytest.mark.parametrize("minutes", [5, 6, 60, -1])
def test_a_second_factor_that_is_not_fresh_is_refused(books, minutes):
    scene.make_ready(books)
    assert "second factor" in refused(books, minutes=minutes)


def test_a_password_is_no_second_factor(books):
    scene.make_ready(books)
    assert "second factor" in refused(books, factor="password")


@pytest.mark.parametrize("who", ["bob", "erin", "charlie"])
def test_only_who_may_sign_signs(books, who):
    scene.make_ready(books)
    assert "may not sign" in refused(books, by=getattr(books.world, who))


def test_a_role_lost_since_the_page_was_opened_is_refused(books):
    close = scene.make_ready(books)
    shown = signoff.shown(close)
    Membership.objects.filter(user=books.world.alice).update(role="staff")
    assert "may not sign" in refused(books, shown=shown)


def test_a_membership_ended_is_refused(books):
    scene.make_ready(books)
    Membership.objects.filter(user=books.world.alice).update(is_active=False)
    assert "may not sign" in refused(books)


def _a_new_entry(books):
    post(books.client, [entry(books.accounts, "rent", "bank", 5_000, date(2026, 1, 29), "another")])


def _another_note(books):
    CloseRun.objects.filter(pk=books.close.pk).update(note="Something else.")


def _another_reason(books):
    books.close.overrides.filter(check_id="K01").update(reason="Another reason.")


def _an_explanation(books):
    Explanation.objects.create(
        client=books.client, close=books.close, check_id="K42", item_key="x", amount_minor=1, text="Because.", written_by=books.world.bob
    )  # fmt: skip


def _an_entry_before(books):
    """Dated in a month before the books began, which nothing had sealed."""
    post(books.client, [entry(books.accounts, "equipment", "bank", 900, date(2025, 3, 2), "old")])


@pytest.mark.parametrize("change", [_a_new_entry, _another_note, _another_reason, _an_explanation])
def test_what_changed_since_it_was_shown_is_not_signed(books, change):
    close = scene.make_ready(books)
    shown = signoff.shown(close)
    change(books)
    assert "has changed" in refused(books, shown=shown)


def test_the_fresh_results_are_kept_when_signing_is_refused(books):
    close = scene.make_ready(books)
    ran = CheckResult.objects.get(close=close, check_id="K05", subject="foots").ran_at
    refused(books, shown="0" * 64)
    assert CheckResult.objects.get(close=close, check_id="K05", subject="foots").ran_at > ran


def test_a_month_before_left_open_is_refused(books):
    scene.make_ready(books)
    _an_entry_before(books)
    assert "March 2025 is not signed" in refused(books)


def test_signing_again_is_refused(books):
    close = scene.make_ready(books)
    shown = signoff.shown(close)
    scene.sign(books)
    with pytest.raises(signoff.SigningRefused, match="signed already"):
        scene.sign(books, shown=shown)
    assert SignOff.objects.filter(close=close).count() == 1


def test_a_signature_is_in_the_audit_trail(books):
    scene.make_ready(books)
    row = scene.sign(books)
    event = AuditEvent.objects.get(client=books.client, action="close.signed")
    assert (event.actor, event.detail["shown"]) == (books.world.alice, row.shown_sha256)


# ---- sealing ---------------------------------------------------------------------------------------------------------------


def test_what_was_signed_is_sealed(books):
    row = scene.sealed(books)
    assert (state(books), row.number) == ("sealed", 2)


def test_sealing_again_gives_the_same_seal(books):
    row = scene.sealed(books)
    assert seal.make(SignOff.objects.get(close=books.close)) == row
    assert Seal.objects.filter(client=books.client).count() == 2


def test_a_month_altered_between_signature_and_seal_is_not_sealed(books):
    scene.make_ready(books)
    row = scene.sign(books)
    _an_entry_before(books)
    with pytest.raises(seal.ChangedSinceSigning):
        seal.make(row)
    assert state(books) == "locked"


def test_a_reopened_signature_is_never_sealed(books):
    scene.make_ready(books)
    row = scene.sign(books)
    reopening.ask(row.close, by=books.world.carol, reason="Wrong month.")
    with pytest.raises(seal.ChangedSinceSigning):
        seal.make(row)
    assert state(books) == "open"


# ---- reopening -------------------------------------------------------------------------------------------------------------


def test_a_sealed_month_opens_with_two_people(books):
    scene.sealed(books)
    request = reopening.ask(books.close, by=books.world.alice, reason="A bill came late.")
    assert state(books) == "sealed"
    reopening.grant(request, by=books.world.carol)
    assert state(books) == "open"


def test_one_person_cannot_reopen_alone(books):
    scene.sealed(books)
    request = reopening.ask(books.close, by=books.world.alice, reason="A bill came late.")
    with pytest.raises(CloseError, match="two people"):
        reopening.grant(request, by=books.world.alice)
    assert state(books) == "sealed"


@pytest.mark.parametrize("who", ["bob", "erin", "charlie"])
def test_others_cannot_ask_to_reopen(books, who):
    scene.sealed(books)
    with pytest.raises(CloseError):
        reopening.ask(books.close, by=getattr(books.world, who), reason="Please.")


def test_reopening_needs_a_reason(books):
    scene.sealed(books)
    with pytest.raises(CloseError, match="reason"):
        reopening.ask(books.close, by=books.world.alice, reason="  ")


def test_a_later_sealed_month_holds_the_earlier_one(books):
    scene.sealed(books)
    december = CloseRun.objects.get(client=books.client, month=scene.DECEMBER.first)
    with pytest.raises(CloseError, match="stands on this month"):
        reopening.ask(december, by=books.world.alice, reason="An error in the opening.")


def test_the_new_seal_names_the_old_and_the_old_stays(books):
    first = scene.sealed(books)
    before = first.manifest
    reopening.grant(reopening.ask(books.close, by=books.world.alice, reason="A bill."), by=books.world.carol)
    post(books.client, [entry(books.accounts, "rent", "bank", 3_000, date(2026, 1, 31), "late-bill")])
    books.close.refresh_from_db()
    books.close.client = books.client
    second = scene.sealed(books)
    assert second.previous == first
    assert Seal.objects.get(pk=first.pk).manifest == before
    assert seal.verify(books.client) == []


def test_a_reopened_month_has_to_be_prepared_again(books):
    scene.sealed(books)
    reopening.grant(reopening.ask(books.close, by=books.world.alice, reason="A bill."), by=books.world.carol)
    assert "handed over" in " ".join(signoff.reasons_against(CloseRun.objects.get(pk=books.close.pk)))


def test_sixty_sequences_sign_nothing(books):
    """Skips, replays, stale pages, own work and lost roles in every order of two, none of which may sign."""
    world, close = books.world, scene.make_ready(books)
    stale, now = "f" * 64, datetime.now(UTC)
    right = signoff.shown(close)
    tries = [
        {"by": world.bob}, {"by": world.erin}, {"by": world.charlie}, {"shown_sha256": stale}, {"shown_sha256": ""},
        {"factor_at": now - timedelta(minutes=5)}, {"factor": "password"}, {"factor": ""},
    ]  # fmt: skip
    count = 0
    for first in tries:
        for second in tries:
            how = {"by": world.alice, "shown_sha256": right, "factor": "totp", "factor_at": now, **first, **second}
            with pytest.raises(signoff.SigningRefused):
                signoff.sign(close, **how)
            count += 1
    assert count == 64
    assert state(books) == "open"
    assert not JournalEntry.objects.filter(client=books.client, booked_on__gt=date(2026, 2, 1)).exists()
