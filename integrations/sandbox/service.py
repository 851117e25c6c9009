"""What the sandbox asks of each provider it plays, and the few response builders they share."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, Self

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from werkzeug.routing import Rule

    from integrations.sandbox.clock import Clock
    from integrations.sandbox.state import Record, StateLog
    from integrations.sandbox.world import World

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """A webhook ready for delivery: the exact bytes that were signed and the headers that prove it."""

    body: bytes
    headers: dict[str, str]


@dataclass(slots=True)
class Setting:
    """Where a provider lives: the world it shows, its clock, its memory, and the address callers know it by."""

    world: World
    clock: Clock
    log: StateLog
    base_url: str = "http://127.0.0.1"
    limits: bool = True
    client_ids: dict[str, tuple[str, str]] = field(default_factory=dict)


class Service(Protocol):
    """One provider. `rules` are relative to its mount; `handle` answers a matched request; `app` is our id and secret there."""

    slug: str
    app: tuple[str, str]

    def rules(self) -> list[Rule]: ...

    def handle(self, endpoint: str, request: Request, values: Values) -> Response: ...

    def failure(self, status: int) -> Response:
        """The provider's own error body for a bare status."""
        ...

    def replay(self, record: Record) -> None:
        """Restore one remembered change at start."""
        ...

    def reset(self) -> None:
        """Forget every change made by callers."""
        ...

    def act(self, company: str, action: str) -> dict[str, Any]:
        """A control action on one company. Raises KeyError when the provider knows no such action."""
        ...

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """Raises KeyError for an event the sandbox cannot build."""
        ...


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return _Number(value)
    raise TypeError(type(value).__name__)


class _Number(float):
    """A Decimal on its way into JSON: written with its own digits, never computed with."""

    def __new__(cls, text: Decimal) -> Self:
        made = super().__new__(cls, text)
        made.text = str(text)
        return made

    text: str

    def __repr__(self) -> str:
        return self.text


def dumps(body: object) -> bytes:
    return json.dumps(body, default=_plain, ensure_ascii=False).encode()


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(dumps(body), status=status, headers=headers, content_type="application/json")


def page(title: str, content: str, status: int = 200) -> Response:
    """A plain page without style or script; `content` is already escaped."""
    html = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body><main>'
    html += f"<h1>{title}</h1>{content}</main></body></html>"
    return Response(html, status=status, content_type="text/html; charset=utf-8")


def bearer(request: Request) -> str:
    """The bearer token of a request, or an empty text."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def basic(request: Request) -> tuple[str, str]:
    """User and password of HTTP Basic, or two empty texts."""
    found = request.authorization
    if found is None or found.type != "basic":
        return "", ""
    return found.username or "", found.password or ""
