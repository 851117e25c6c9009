"""The month-end package as PDF: the binder set in type by ``closeout.press`` in a process of its own, without a network."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import segno
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe

from clients.templatetags.portal import moment
from closeout import binder, charts, manifest, signoff
from closeout.checks.registry import AREAS, many

if TYPE_CHECKING:
    from pathlib import Path

    from closeout.models import CloseRun, Seal

TIMEOUT_SECONDS = 120
#: Parts of the manifest as the sign-off page lists them: what, content, section.
PARTS = (
    ("Trial balance", "# account|accounts", "trial_balance"),
    ("Source snapshots", "# stream|streams", "sources"),
    ("Mapping", "# version|versions", "mapping"),
    ("Check results", "# result|results", "checks"),
    ("Notes and explanations", "# explanation|explanations", "explanations"),
)
FACTORS = {
    "totp": "authenticator code",
    "webauthn": "passkey",
    "recovery_codes": "recovery code",
    "demo": "the demonstration's button",
}


class PressError(RuntimeError):
    """The package could not be set; the text is what the press said."""


def sealed(seal: Seal) -> tuple[bytes, int]:
    """The PDF of a seal and its pages, from the manifest alone: the same seal gives the same bytes."""
    said = manifest.opened(seal)
    signature = said["signature"]
    signed = datetime.fromisoformat(signature["signed_at"]).astimezone(ZoneInfo(seal.client.timezone))
    version = 1
    older = seal.previous
    while older is not None:
        version, older = version + 1, older.previous
    parts = [
        {
            "what": what,
            "content": many(len(said[name]), content),
            "sha256": manifest.sha256(manifest.canonical(said[name])),
        }
        for what, content, name in PARTS
    ]
    parts.append(
        {"what": "Package", "content": f"figures of this document, version {version}", "sha256": said["reports_sha256"]}
    )
    return _print(
        {
            "zone": seal.client.timezone,
            "book": said["reports"],
            "is_draft": False,
            "seal": {
                "code": seal.code,
                "sha256": seal.sha256,
                "replaces": (said["replaces"] or [""])[0],
                "version": version,
            },
            "signature": signature
            | {
                "name": signature["signer"][1],
                "at": moment_in(signed),
                "with": FACTORS.get(signature["factor"], "second factor"),
            },
            "lock": next((row for row in said["checks"] if row["check"] == "K50"), None),
            "parts": parts,
            "foot": f"Signed {signed:%B} {signed.day}, {signed.year}. Seal {seal.code}, version {version}",
            "address": settings.PUBLIC_URL.rstrip("/") + reverse("closeout:verify") + f"?code={seal.code}",
        }
    )


def draft(close: CloseRun) -> tuple[bytes, int]:
    """The package as it would be now, marked as a draft on every page; nothing in it is signed."""
    book = binder.freeze(close)
    context = {
        "zone": close.client.timezone,
        "book": book,
        "is_draft": True,
        "seal": None,
        "signature": {"statement": signoff.statement(close)},
    }
    return _print(
        {**context, "lock": None, "parts": [], "foot": "Draft. Not signed, figures may change", "address": ""}
    )


def moment_in(local: datetime) -> str:
    with timezone.override(local.tzinfo):
        return moment(local)


def _print(context: dict[str, Any]) -> tuple[bytes, int]:
    with timezone.override(ZoneInfo(context["zone"])):
        return press(page(context))


def page(context: dict[str, Any]) -> str:
    """The package's HTML."""
    book = context["book"]
    drawn = {
        "sales": charts.bars(book["charts"]["sales"], label=f"Sales over twelve months to {book['label']}"),
        "legend": charts.legend(book["charts"]["sales"]),
        "cash": charts.curve(book["charts"]["cash"], label=f"Cash at each month end to {book['label']}"),
        "qr": _qr(context["address"]) if context["address"] else "",
    }
    return render_to_string("closeout/pdf/package.html", {**context, "drawn": drawn, "areas": AREAS})


def statement(context: dict[str, Any]) -> tuple[bytes, int]:
    """One statement set in type, and its pages; ``context`` as ``closeout.views.statements`` makes it."""
    with timezone.override(ZoneInfo(context["client"].timezone)):
        return press(render_to_string("closeout/pdf/statement.html", context))


def _qr(address: str) -> str:
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", border=0, omitsize=True, xmldecl=False, dark="#15201b", nl=False, title=None
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308 (drawn here from our own address)


def press(html: str) -> tuple[bytes, int]:
    """Set HTML in type in a child process. Raises PressError."""
    folder = static_folder()
    child = [sys.executable, "-m", "closeout.press", str(folder)]
    environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    environment["XDG_CACHE_HOME"] = str(settings.VAR / "press")
    try:
        done = subprocess.run(  # noqa: S603 (our own module, no shell)
            child,
            input=html.encode(),
            capture_output=True,
            cwd=settings.BASE_DIR,
            env=environment,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PressError("The package took too long to set.") from error
    if done.returncode or len(done.stdout) < 8:
        raise PressError(f"The press stopped with {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}")
    return done.stdout[4:], int.from_bytes(done.stdout[:4], "big")


def static_folder() -> Path:
    """Where report.css and its font lie."""
    from pathlib import Path

    found = finders.find("report.css")
    assert isinstance(found, str), "report.css is part of the program"
    return Path(found).parent
