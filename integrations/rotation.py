"""Moving secrets to the newest vault key while everything runs: a batch a transaction, row by row under its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.models import Client
from clients.tenancy import client_context, system_context
from integrations import crashpoints, oauth, tokens, vault, webhooks
from integrations.models import OAuthAttempt, Token, WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Iterator


def rotate(*, batch: int = 200) -> int:
    """Rewrite every secret that is not under the newest key; how many. Safe to stop and to run again."""
    moved = 0
    moved += _handed_over()
    for client_id in _clients():
        with client_context(client_id):
            ids = [token.pk for token in Token.objects.all() if not vault.is_current(token.ciphertext)]
            moved += _attempts()
        for start in range(0, len(ids), batch):
            with client_context(client_id):
                moved += _tokens(ids[start : start + batch])
                crashpoints.reach("during-rotation")
    return moved


def count_old() -> int:
    """How many secrets are still under an older key."""
    old = len(_old_handed_over())
    for client_id in _clients():
        with client_context(client_id):
            old += sum(not vault.is_current(token.ciphertext) for token in Token.objects.all())
            old += sum(not vault.is_current(attempt.verifier) for attempt in OAuthAttempt.objects.all())
    return old


def _clients() -> Iterator[int]:
    yield from Client.objects.order_by("pk").values_list("pk", flat=True)


def _tokens(ids: list[int]) -> int:
    moved = 0
    for token in Token.objects.select_for_update().filter(pk__in=ids).order_by("pk"):
        if not vault.is_current(token.ciphertext):
            token.ciphertext = vault.reseal(token.ciphertext, tokens.place(token.client_id, token.connection_id))
            token.save(update_fields=["ciphertext"])
            moved += 1
    return moved


def _attempts() -> int:
    moved = 0
    for attempt in OAuthAttempt.objects.select_for_update().order_by("pk"):
        if not vault.is_current(attempt.verifier):
            attempt.verifier = vault.reseal(attempt.verifier, oauth.place(attempt.client_id, attempt.state_sha256))
            attempt.save(update_fields=["verifier"])
            moved += 1
    return moved


def _old_handed_over() -> list[WebhookEvent]:
    """Secrets of webhooks that providers handed over, under an older key."""
    with system_context():
        kept = WebhookEvent.objects.filter(provider__startswith=webhooks.HANDED_OVER)
        return [row for row in kept if not vault.is_current(row.body)]


def _handed_over() -> int:
    moved = 0
    for row in _old_handed_over():
        with system_context():
            sealed = vault.reseal(row.body, webhooks.secret_place(row.provider.removeprefix(webhooks.HANDED_OVER)))
            moved += WebhookEvent.objects.filter(pk=row.pk, body=row.body).update(body=sealed)
    return moved
