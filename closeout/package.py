"""Packages: the PDF of a seal rendered, kept and published; and found again by anyone who holds a copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clients import audit
from clients.tenancy import system_context
from closeout import manifest, pdf, snapshot
from closeout.models import Package, Seal

if TYPE_CHECKING:
    from clients.models import Client


def publish(seal: Seal, content: bytes, pages: int, *, now: datetime | None = None) -> Package:
    """Keep the rendered PDF and let the client see it; finding it there gives that one. Inside the client's context."""
    known = Package.objects.filter(seal=seal).first()
    if known is not None:
        return known
    row = Package.objects.create(
        client=seal.client,
        seal=seal,
        content=content,
        sha256=snapshot.digest(content),
        pages=pages,
        published_at=now or datetime.now(UTC),
    )
    audit.record(seal.client, None, "package.published", seal.code, {"sha256": row.sha256, "pages": pages})
    return row


def render(seal: Seal) -> tuple[bytes, int]:
    """The PDF of a seal; no database and no network is needed while it is set."""
    return pdf.sealed(seal)


def published(client: Client) -> list[Package]:
    """The client's packages without their bytes, newest month first."""
    rows = Package.objects.filter(client=client, published_at__isnull=False).defer("content")
    return list(
        rows.select_related("seal__close", "seal__signoff__signer", "seal__previous").order_by(
            "-seal__close__month", "-seal__number"
        )
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stranger with a copy or a code may know. ``newer`` is the code of the seal that replaced this one, '' if none."""

    practice: str
    client: str
    month: str
    signed_at: datetime
    code: str
    newer: str
    is_intact: bool


def verify_copy(content: bytes) -> Verdict | None:
    """Whose sealed package these bytes are, exactly; None for any other bytes."""
    with system_context():
        row = Package.objects.filter(sha256=snapshot.digest(content)).defer("content").select_related("seal").first()
        return _verdict(row.seal) if row is not None and row.published_at is not None else None


def verify_code(code: str) -> Verdict | None:
    """What a seal's code stands for; None for a code that is none."""
    plain = "".join(character for character in code.upper() if character in "0123456789ABCDEF")
    if len(plain) != 12:
        return None
    with system_context():
        seal = Seal.objects.filter(
            code=f"{plain[:4]}-{plain[4:8]}-{plain[8:]}", package__published_at__isnull=False
        ).first()
        return _verdict(seal) if seal is not None else None


def _verdict(seal: Seal) -> Verdict:
    newer = Seal.objects.filter(previous=seal).order_by("-number").first()
    try:
        said, intact = manifest.opened(seal), True
    except manifest.BrokenSealError:
        said, intact = {}, False
    client = said.get("client", {})
    return Verdict(
        practice=client.get("practice", ""),
        client=client.get("name", ""),
        month=said.get("month", ""),
        signed_at=seal.sealed_at,
        code=seal.code,
        newer=newer.code if newer else "",
        is_intact=intact,
    )
