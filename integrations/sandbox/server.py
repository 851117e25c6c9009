"""Start the sandbox: `serve` in the foreground, or `Sandbox` in a thread for tests. Loopback only."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from integrations.sandbox.app import SandboxApp
from integrations.sandbox.clock import Clock
from integrations.sandbox.service import Setting
from integrations.sandbox.state import StateLog
from integrations.sandbox.world import build_world

if TYPE_CHECKING:
    from types import TracebackType

    from integrations.sandbox.service import Service

HOST = "127.0.0.1"


def _played() -> tuple[type[Any], ...]:
    """The providers that are played: every folder here with an ``api.py``, its ``SERVICE``, in order of slug."""
    folders = sorted(place.parent.name for place in Path(__file__).parent.glob("*/api.py"))
    modules = (importlib.import_module(f"integrations.sandbox.{name}.api") for name in folders)
    return tuple(sorted((module.SERVICE for module in modules), key=lambda service: str(service.slug)))


PLAYED = _played()
# What an application registered with each provider would hold; (client id, client secret).
CLIENT_IDS: dict[str, tuple[str, str]] = {service.slug: service.app for service in PLAYED}


class _QuietHandler(WSGIRequestHandler):
    """No line per request: paths may hold tokens, and the control log has what a test needs."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def log_error(self, format: str, *args: object) -> None:  # noqa: A002  # name set by the library
        """Say nothing: cut connections are armed on purpose."""


def build_app(*, seed: int = 7, state: Path | None = None, limits: bool = True) -> SandboxApp:
    """The application with its remembered changes replayed."""
    log = StateLog(state)
    setting = Setting(build_world(seed), Clock(), log, limits=limits, client_ids=dict(CLIENT_IDS))
    services: list[Service] = [service(setting) for service in PLAYED]
    app = SandboxApp(setting, services)
    for record in log.records():
        app.services[record["provider"]].replay(record)
    return app


class Sandbox:
    """A running sandbox: `with Sandbox(seed=7, state=tmp_path) as sandbox: sandbox.url`."""

    def __init__(self, *, seed: int = 7, state: Path | str | None = None, port: int = 0, limits: bool = True) -> None:
        self.app = build_app(seed=seed, state=Path(state) if state else None, limits=limits)
        self._server = make_server(HOST, port, self.app, threaded=True, request_handler=_QuietHandler)
        self.url = f"http://{HOST}:{self._server.server_port}"
        self.app.setting.base_url = self.url
        self._thread = threading.Thread(target=self._server.serve_forever, name="sandbox", daemon=True)

    def base_url(self, slug: str) -> str:
        return f"{self.url}/{slug}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def serve_forever(self) -> None:
        self._server.serve_forever()


def serve(port: int = 8700, state: Path | str | None = None, seed: int = 7) -> None:
    """Run in the foreground until interrupted."""
    sandbox = Sandbox(seed=seed, state=state, port=port)
    print(f"sandbox on {sandbox.url}, state {state or 'not kept'}, seed {seed}", flush=True)
    sandbox.serve_forever()
