"""Figures by hand: typed by one person with their evidence, verified by another, and only then facts like any other.

A captured system has a connection of its own, "by hand": the same duties, the same proofs, and a month that is missing until
its figures are verified.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from clients import audit, catalogue
from integrations import evidence, jobs
from integrations.byhand import Form, Typed
from integrations.byhand.forms import FORMS
from integrations.models import Connection, ManualFigure, StreamState
from integrations.payload import Payload
from integrations.storing import Item, Shape, canonical, store
from integrations.syncing import FACTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clients.catalogue import System
    from clients.models import Client, User

SCHEME = "hand"
#: What evidence may be; anything else is refused at the door.
EVIDENCE_TYPES = (".pdf", ".png", ".jpg", ".jpeg", ".csv", ".xlsx", ".txt", ".eml")


#: Kept short, so that system, account and number still tell two entries apart.
LONGEST_ACCOUNT, LONGEST_NUMBER = 60, 30


class CaptureRefused(Exception):  # noqa: N818 (the outcome's name)
    """The figures cannot be taken or decided on; the text is for the person."""


def typed_of(figure: ManualFigure) -> Typed:
    return Typed(figure.system, figure.account, figure.booked_on, figure.currency, figure.identity, dict(figure.values))


def identity_of(form: Form, account: str, booked_on: date, values: Mapping[str, Any]) -> str:
    """What the figures are of, for ever: the account and its day, and the number where a day has several."""
    number = f":{str(values.get(form.number) or '')[:LONGEST_NUMBER]}" if form.number else ""
    return f"{form.key}:{account}:{booked_on}{number}"


def enter(
    user: User,
    client: Client,
    system: System,
    form: Form,
    *,
    account: str,
    booked_on: date,
    values: Mapping[str, Any],
    filename: str,
    content: bytes,
    corrects: ManualFigure | None = None,
) -> ManualFigure:
    """Keep what was typed, to be verified. The same thing typed again is its next version, as is what ``corrects`` another,
    also where its day or account was wrong. Raises CaptureRefused.
    """
    if not content or len(content) > settings.UPLOAD_LIMIT_BYTES:
        raise CaptureRefused("the evidence is empty or larger than 10 MiB")
    if not filename.lower().endswith(EVIDENCE_TYPES):
        raise CaptureRefused(f"evidence is one of {', '.join(EVIDENCE_TYPES)}")
    named = " ".join(account.split())[:LONGEST_ACCOUNT]
    identity = corrects.identity if corrects else identity_of(form, named, booked_on, values)
    typed = Typed(system.slug, named, booked_on, client.home_currency, identity, values)
    if problems := form.problems(typed):
        raise CaptureRefused("; ".join(f"{each.said} does not hold" for each, _off in problems))
    known = ManualFigure.objects.filter(client=client, system=system.slug, identity=identity)
    try:
        with transaction.atomic():
            made = ManualFigure.objects.create(
                client=client,
                system=system.slug,
                form=form.key,
                account=named,
                identity=identity,
                version=(known.aggregate(last=Max("version"))["last"] or 0) + 1,
                booked_on=booked_on,
                currency=client.home_currency,
                values=dict(values),
                evidence_name=filename[:200],
                evidence=content,
                evidence_sha256=hashlib.sha256(content).hexdigest(),
                entered_by=user,
            )
    except IntegrityError as error:
        raise CaptureRefused("figures of the same day wait to be verified already") from error
    audit.record(client, user, "figure.entered", _subject(made), {"version": made.version})
    return made


def verify(figure: ManualFigure, *, by: User) -> Connection:
    """A second person vouches for the figures: they become facts now, in the running transaction. Raises CaptureRefused."""
    locked = _to_decide(figure, by)
    before = ManualFigure.objects.filter(
        client=locked.client, system=locked.system, identity=locked.identity, state=ManualFigure.State.VERIFIED
    )
    before.update(state=ManualFigure.State.REPLACED)
    locked.state, locked.decided_by, locked.decided_at = ManualFigure.State.VERIFIED, by, datetime.now(UTC)
    locked.save(update_fields=["state", "decided_by", "decided_at"])
    connection = _keep(locked, by)
    audit.record(
        locked.client,
        by,
        "figure.verified",
        _subject(locked),
        {"version": locked.version, "sha256": locked.evidence_sha256},
    )
    return connection


def reject(figure: ManualFigure, *, by: User, reason: str) -> None:
    """A second person sends the figures back; nothing of them counts. Raises CaptureRefused."""
    said = reason.strip()[:300]
    if not said:
        raise CaptureRefused("say why the figures are rejected, for whoever typed them")
    locked = _to_decide(figure, by)
    locked.state, locked.reason = ManualFigure.State.REJECTED, said
    locked.decided_by, locked.decided_at = by, datetime.now(UTC)
    locked.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    audit.record(locked.client, by, "figure.rejected", _subject(locked), {"reason": said})


def _to_decide(figure: ManualFigure, by: User) -> ManualFigure:
    """The figures, locked and still waiting. Raises CaptureRefused."""
    found = ManualFigure.objects.select_for_update(of=("self",)).select_related("client").defer("evidence")
    locked = found.get(pk=figure.pk)
    if locked.state != ManualFigure.State.WAITING:
        raise CaptureRefused("these figures were decided on already")
    if locked.entered_by_id == by.pk:
        raise CaptureRefused("who typed the figures does not verify them")
    return locked


def _keep(figure: ManualFigure, by: User) -> Connection:
    """The figures as a document of their stream and its facts; a later version supersedes the earlier one's."""
    now, form = datetime.now(UTC), FORMS[figure.form]
    connection = _connection(figure, by)
    state = _stream(connection, form.key)
    typed = typed_of(figure)
    body = canonical(
        {"form": form.key, "account": figure.account, "booked_on": str(figure.booked_on), "currency": figure.currency}
        | {"values": figure.values, "figure": figure.pk, "evidence_sha256": figure.evidence_sha256}
    )
    shape = Shape(form.key, lambda _payload: form.read(typed), lambda _payload: figure.identity, duty=state.duty)
    item = Item(figure.identity, body, hashlib.sha256(body).digest(), Payload({}), facts=form.read(typed))
    stored = store(connection, shape, [item], at=now)
    state.last_success_at = now
    state.complete_through = max(state.complete_through or figure.booked_on, figure.booked_on)
    state.save(update_fields=["last_success_at", "complete_through"])
    Connection.objects.filter(pk=connection.pk).update(last_success_at=now)
    evidence.keep_balances(connection, form.key, at=now)
    if stored.facts and jobs.has_handler(FACTS):
        jobs.wake(figure.client_id, FACTS)
    return connection


def _connection(figure: ManualFigure, by: User) -> Connection:
    made, _ = Connection.objects.get_or_create(
        client_id=figure.client_id,
        provider=figure.system,
        # The name is the client's own, so its number goes with it.
        account_id=f"{SCHEME}:{figure.client_id}",
        defaults={
            "name": catalogue.name_of(figure.system),
            "connected_by": by,
            "connected_at": Now(),
            "cut_over_on": figure.client.cut_over_on,
            "settings": {"scheme": SCHEME},
        },
    )
    if not made.is_live:
        made.state = Connection.State.LIVE
        made.save(update_fields=["state"])
    return made


def _stream(connection: Connection, name: str) -> StreamState:
    """The stream's row, locked."""
    StreamState.objects.get_or_create(client_id=connection.client_id, connection=connection, stream=name)
    return StreamState.objects.select_for_update().get(connection=connection, stream=name)


def _subject(figure: ManualFigure) -> str:
    return f"{figure.system} {figure.account} {figure.booked_on}"[:200]
