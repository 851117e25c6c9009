"""The seal of a month: its manifest frozen, hashed and numbered; checked again by anyone, at any time.

A month's first seal replaces nothing; one made after a reopening names the seal it replaces, and every seal holds the hash of
the client's seal before it, so that none can be changed, cut out or slipped in unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from clients import audit
from closeout import binder, board, manifest, signoff, snapshot, workflow
from closeout.models import CheckResult, CloseRun, Package, Seal, SignOff
from closeout.workflow import CloseError
from ledger.core.period import Month
from ledger.models import Account, Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.models import Client, User


class ChangedSinceSigning(CloseError):  # noqa: N818
    """What would be sealed is not what was signed: the month stays locked and waits for a person."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A seal that does not stand: which, and what is wrong with it."""

    seal: Seal
    what: str


def code_of(sha256: str) -> str:
    """``7F3A-91C2-0E5D``: the first twelve digits of the hash."""
    head = sha256[:12].upper()
    return f"{head[:4]}-{head[4:8]}-{head[8:]}"


def make(row: SignOff, *, now: datetime | None = None) -> Seal:
    """Seal what was signed: period locked → sealed. Finding it sealed gives that seal. Raises ChangedSinceSigning."""
    now = now or datetime.now(UTC)
    with transaction.atomic():
        close = row.close
        period = Period.objects.select_for_update().get(client=row.client, month=close.month)
        made = Seal.objects.filter(signoff=row).first()
        if made is not None:
            return made
        if period.state != Period.State.LOCKED:
            raise ChangedSinceSigning(f"{Month.of(close.month).label} is {period.state}, not locked.")
        if signoff.shown(close) != row.shown_sha256:
            raise ChangedSinceSigning("The month is not what was signed; it stays locked until it is reopened.")
        workflow.run_checks(close, only=["K50"])
        lock = CheckResult.objects.filter(close=close, check_id="K50").first()
        if lock is None or lock.state != "pass":
            raise ChangedSinceSigning(lock.summary if lock else "The lock was not proven.")
        return keep(
            close, period, {**_sections(close), "signature": _signature(row)}, signed=row, by=row.signer, now=now
        )


def keep(
    close: CloseRun, period: Period, sections: dict[str, Any], *, signed: SignOff | None, by: User, now: datetime
) -> Seal:
    """Write the seal of these sections, and the period sealed; the caller holds the period's row."""
    client = close.client
    last = Seal.objects.filter(client=client).order_by("-number").first()
    replaced = Seal.objects.filter(close=close).order_by("-number").first()
    sections |= {
        "number": last.number + 1 if last else 1,
        "previous": _previous(last),
        "replaces": [replaced.code, replaced.sha256] if replaced else None,
        "sealed_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "code": snapshot.code_version(),
    }
    text = manifest.written(sections)
    sha256 = manifest.sha256(text)
    seal = Seal.objects.create(
        client=client,
        close=close,
        signoff=signed,
        number=sections["number"],
        sealed_at=now,
        manifest=text,
        sha256=sha256,
        code=code_of(sha256),
        previous=replaced,
    )
    period.state, period.changed_by, period.reason = Period.State.SEALED, by, f"Seal {seal.code}"
    period.save()
    audit.record(client, by, "close.sealed", str(close), {"code": seal.code, "sha256": sha256})
    board.refresh(client, close)
    return seal


def _previous(last: Seal | None) -> dict[str, Any] | None:
    """The client's seal before this one and the PDF that went with it."""
    if last is None:
        return None
    package = Package.objects.filter(seal=last).first()
    return {"code": last.code, "sha256": last.sha256, "package": package.sha256 if package else None}


def standing(close: CloseRun) -> dict[str, Any]:
    """The sections every seal has: whose month, which accounts, which balances, from which sources and rules."""
    client, month = close.client, Month.of(close.month)
    accounts = Account.objects.filter(client=client).order_by("pk")
    return {
        "client": {
            "id": client.pk,
            "name": client.name,
            "practice": client.practice.name,
            "currency": client.home_currency,
        },
        "month": str(month),
        "accounts": {str(row.pk): [row.number, row.name, row.type] for row in accounts},
        "trial_balance": signoff.balances(client, month),
        "sources": snapshot.sources(client, month),
        "mapping": snapshot.mappings(client, month),
    }


def _sections(close: CloseRun) -> dict[str, Any]:
    """What only a signed month has: its checks, overrides, explanations, tasks, note, and the reports as printed."""
    said = signoff.display(close)
    results = CheckResult.objects.filter(close=close).order_by("check_id", "subject")
    reports = binder.freeze(close)
    return {
        **standing(close),
        "checks": [
            {
                "check": row.check_id,
                "subject": row.subject,
                "title": row.title,
                "state": row.state,
                "unit": row.unit,
                "expected": row.expected,
                "actual": row.actual,
                "difference": row.difference,
                "summary": row.summary,
                "items": row.items,
                "as_of": row.as_of.isoformat(timespec="seconds") if row.as_of else None,
            }
            for row in results
        ],
        **{name: said[name] for name in ("overrides", "explanations", "tasks", "note", "prepared_by")},
        "reports": reports,
        "reports_sha256": manifest.sha256(manifest.canonical(reports)),
    }


def _signature(row: SignOff) -> dict[str, Any]:
    return {
        "id": row.pk,
        "signer": [row.signer_id, str(row.signer), row.signer.email],
        "signed_at": row.signed_at.astimezone(UTC).isoformat(timespec="seconds"),
        "shown_sha256": row.shown_sha256,
        "factor": row.factor,
        "factor_age_seconds": int((row.signed_at - row.factor_at).total_seconds()),
        "statement": row.statement,
    }


# ---- does it still stand? ---------------------------------------------------------------------------------------------------


def verify(client: Client) -> list[Broken]:
    """Every seal of the client that does not stand, oldest first; inside its context. Empty: everything is as it was sealed."""
    found: list[Broken] = []
    before: Seal | None = None
    seals = list(Seal.objects.filter(client=client).select_related("close", "signoff__signer").order_by("number"))
    for place, seal in enumerate(seals, 1):
        found += [Broken(seal, what) for what in (*_broken_chain(seal, place, before), *_broken_package(seal))]
        before = seal
    newest = {seal.close_id: seal for seal in seals}
    found += [Broken(seal, what) for seal in newest.values() for what in _moved_books(seal)]
    return found


def _broken_chain(seal: Seal, place: int, before: Seal | None) -> Iterator[str]:
    if seal.number != place:
        yield f"its number is {seal.number}, not {place}"
    if seal.code != code_of(seal.sha256):
        yield "its code is not that of its hash"
    try:
        said = manifest.opened(seal)
    except manifest.BrokenSealError:
        yield "its manifest is not the one that was sealed"
        return
    if (said["previous"] or {}).get("sha256") != (before.sha256 if before else None):
        yield "it does not follow the seal before it"
    if said["number"] != seal.number or said["month"] != str(seal.close):
        yield "its row says another month or number than its manifest"
    if said["sealed_at"] != seal.sealed_at.astimezone(UTC).isoformat(timespec="seconds"):
        yield "its time is not the one that was sealed"
    replaced = said["replaces"]
    if (replaced or [None, None])[1] != (seal.previous.sha256 if seal.previous else None):
        yield "it names another seal as the one it replaces"
    if seal.signoff is not None and said["signature"] != _signature(seal.signoff):
        yield "its signature is not the one that was sealed"


def _broken_package(seal: Seal) -> Iterator[str]:
    package = Package.objects.filter(seal=seal).first()
    if package is None:
        return
    if snapshot.digest(bytes(package.content)) != package.sha256:
        yield "its package is not the one that was rendered"
    noted = _noted_package(seal)
    if noted is not None and noted != package.sha256:
        yield "its package is not the one in the audit trail"


def _noted_package(seal: Seal) -> str | None:
    """What the audit trail holds of the package, whose chain cannot be rewritten unseen."""
    from clients.models import AuditEvent

    event = AuditEvent.objects.filter(client=seal.client, action="package.published", subject=seal.code).first()
    return str(event.detail["sha256"]) if event else None


def _moved_books(seal: Seal) -> Iterator[str]:
    """The books of a sealed month still are what was sealed."""
    month = Month.of(seal.close.month)
    if not Period.objects.filter(client=seal.client, month=month.first, state=Period.State.SEALED).exists():
        return
    sealed = manifest.sealed_trial_balance(seal.client, month)
    if sealed is not None and sealed != signoff.balances(seal.client, month):
        yield "the books of the month are not what was sealed"
