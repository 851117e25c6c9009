"""Receipts and files on their way to the accounting system: fetched where they are kept, bound to the document of their entry.

A file is claimed (``sending`` is committed) before it leaves, and looked up by document and name before it is sent, so that a
lost answer makes no second one. What cannot be fetched or is refused is an exception and goes again when a person says so.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.db.models.functions import Now

from clients.tenancy import client_context
from integrations.errors import NotSupported, PayloadError, Reconnect, Refused, RetryLater, Unanswered
from integrations.http import ConnectionApi
from integrations.provider import Part
from integrations.registry import all_providers
from ledger import exceptions_inbox
from ledger.exceptions_inbox import Problem
from ledger.models import OutboxItem, SupportFile
from ledger.outbox import SETTLE, TRIES, FlushResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from clients.models import Client
    from ledger.accounting import Accounting

BATCH = 200


class _NotFetched(Exception):  # noqa: N818
    """The system that has a receipt does not hand it out."""


def deliver(client: Client, accounting: Accounting, renew: Callable[[], None] = lambda: None) -> FlushResult:
    """Fetch and bind the files that are due, of entries whose document stands there. Call outside a transaction.

    Raises Reconnect of the accounting system.
    """
    result = FlushResult()
    lost = Q(state="sending", sent_at__lt=Now() - SETTLE)
    with client_context(client.pk):
        files = SupportFile.objects.filter(lost | Q(state="new", send_after__lte=Now()), client=client)
        ready = files.filter(entry__sent_with__outbox__state="posted", entry__client=client)
        due = list(ready.order_by("pk").values_list("pk", flat=True)[:BATCH])
    for pk in due:
        if (file := _claim(client, pk)) is not None:
            _send(client, accounting, file, result)
        renew()
    return result


def retry(client: Client, pk: int) -> None:
    """A file that failed goes again; it is looked up first."""
    SupportFile.objects.filter(client=client, pk=pk, state="failed").update(state="new", send_after=Now(), tries=0)


def retry_signed_in(client: Client, accounting: Accounting) -> int:
    """What failed before the last sign-in of the accounting system, or of the one that has the receipt, goes once more after
    it; gives how many.
    """
    signed_in = Q(answered_at__lt=F("connection__connected_at"))
    if accounting.connection.connected_at is not None:
        signed_in |= Q(answered_at__lt=accounting.connection.connected_at)
    failed = SupportFile.objects.filter(signed_in, client=client, state="failed")
    return SupportFile.objects.filter(client=client, pk__in=list(failed.values_list("pk", flat=True))).update(
        state="new", send_after=Now(), tries=0
    )


def _claim(client: Client, pk: int) -> SupportFile | None:
    """Commit ``sending`` before anything leaves; ``tries`` is the fence that later writes are checked against."""
    with client_context(client.pk):
        claimed = SupportFile.objects.filter(
            Q(state="new") | Q(state="sending", sent_at__lt=Now() - SETTLE), client=client, pk=pk
        ).update(state="sending", sent_at=Now(), tries=F("tries") + 1)
        return SupportFile.objects.select_related("connection").get(client=client, pk=pk) if claimed else None


def _send(client: Client, accounting: Accounting, file: SupportFile, result: FlushResult) -> None:
    try:
        content = bytes(file.content) if file.content is not None else _fetch(client, file)
        with client_context(client.pk):
            document = OutboxItem.objects.get(client=client, members__entry=file.entry_id).external_id
        part = Part(name="file", content=content, content_type=file.content_type, file_name=file.name)
        bound = accounting.books.attach(accounting.api, document, part, request_id=str(file.request_id))
    except (Refused, _NotFetched) as refusal:
        _fail(client, file, str(refusal))
        result.rejected += 1
    except Unanswered as problem:
        if file.tries >= TRIES:
            _fail(client, file, f"sent {TRIES} times without an answer")
            result.uncertain += 1
        else:
            _later(client, file, problem)
            result.waiting += 1
    except RetryLater as problem:
        _later(client, file, problem, tries=-1)
        result.waiting += 1
    except Reconnect:
        _later(client, file, RetryLater("the sign-in has ended"), tries=-1)
        raise
    else:
        _done(client, file, bound)
        result.posted += 1


def _fetch(client: Client, file: SupportFile) -> bytes:
    """The receipt as its system has it, kept from now on. Raises _NotFetched or RetryLater."""
    assert file.connection is not None, "what has no content came from a system"
    declared = all_providers().get(file.connection.provider)
    if declared is None or (declared.receipt is None and not file.url):
        raise _NotFetched(f"{file.connection} does not hand out this receipt")
    api = ConnectionApi(file.connection)
    try:
        content = api.fetch(declared.receipt(api, file.source_id) if declared.receipt is not None else file.url)
    except (Refused, Reconnect, NotSupported, PayloadError) as error:
        raise _NotFetched(f"{file.connection} did not hand out the receipt: {error}") from error
    with client_context(client.pk):
        SupportFile.objects.filter(client=client, pk=file.pk).update(
            content=content, sha256=sha256(content).hexdigest(), size=len(content)
        )
    return content


def _done(client: Client, file: SupportFile, bound: str) -> None:
    with client_context(client.pk):
        _mine(client, file).update(state="posted", external_id=bound, answered_at=Now(), problem="")
        exceptions_inbox.settle(client.pk, ["refused"], [f"file:{file.pk}"], resolution="Attached.")


def _later(client: Client, file: SupportFile, problem: RetryLater, *, tries: int = 0) -> None:
    """``tries`` is taken back where nothing can have arrived."""
    wait = SETTLE if isinstance(problem, Unanswered) else timedelta(seconds=problem.retry_after)
    with client_context(client.pk):
        _mine(client, file).update(
            state="new", send_after=Now() + wait, tries=F("tries") + tries, problem=str(problem)[:300]
        )


def _fail(client: Client, file: SupportFile, said: str) -> None:
    with client_context(client.pk):
        _mine(client, file).update(state="failed", answered_at=Now(), problem=said[:300])
        problem = Problem(
            kind="refused",
            identity=f"file:{file.pk}",
            cause=f"file {said}"[:200],
            title=f"{file.name} is not attached in the accounting system: {said}.",
            source=str(file.connection or "by hand"),
            booked_on=file.entry.booked_on,
            connection_id=file.connection_id,
            entry_id=file.entry_id,
        )
        exceptions_inbox.open_problems(client.pk, [problem])


def _mine(client: Client, file: SupportFile) -> QuerySet[SupportFile]:
    return SupportFile.objects.filter(client=client, pk=file.pk, state="sending", tries=file.tries)
