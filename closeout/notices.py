"""E-mails of the close: to the controller when a month is ready, to the client when a package is out or a question is asked.

They say that something is there and where, never a figure. They leave after the commit.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from clients.models import Membership, Role

if TYPE_CHECKING:
    from clients.models import Client
    from closeout.models import CloseRun, Question, Seal


def ready(close: CloseRun) -> None:
    """The month waits for its controller."""
    if close.controller is not None and close.controller.is_active:
        page = reverse("closeout:close", kwargs={"slug": close.client.slug, "month": str(close)})
        _send(
            [close.controller.email], "ready", close.client, f"{close.client.name} is ready for you", page, close=close
        )


def published(seal: Seal) -> None:
    """The signed package is there for the client."""
    page = reverse("closeout:client", kwargs={"slug": seal.client.slug})
    _send(_people(seal.client), "published", seal.client, "Your month-end package is ready", page, close=seal.close)


def asked(question: Question) -> None:
    """Somebody asked the client something."""
    page = reverse("closeout:client", kwargs={"slug": question.client.slug})
    _send(_people(question.client), "asked", question.client, "We have a question for you", page, question=question)


def reminded(client: Client, count: int) -> None:
    """Questions still wait for the client."""
    page = reverse("closeout:client", kwargs={"slug": client.slug})
    words = "A question waits" if count == 1 else f"{count} questions wait"
    _send(_people(client), "reminder", client, f"{words} for you", page, count=count)


def _people(client: Client) -> list[str]:
    """The addresses of the client's own people; inside its context."""
    rows = Membership.objects.filter(
        practice_id=client.practice_id,
        role=Role.CLIENT,
        is_active=True,
        assignments__client=client,
        user__is_active=True,
    )
    return sorted(set(rows.values_list("user__email", flat=True)))


def _send(to: list[str], name: str, client: Client, subject: str, page: str, **context: Any) -> None:
    address = settings.PUBLIC_URL.rstrip("/") + page
    text = render_to_string(f"closeout/mail/{name}.txt", {"client": client, "address": address, **context})
    for person in to:
        transaction.on_commit(partial(_deliver, subject, text, person), robust=True)


def _deliver(subject: str, text: str, to: str) -> None:
    send_mail(subject, text, None, [to])
