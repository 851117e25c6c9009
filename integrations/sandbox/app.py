"""The WSGI application: mounts the providers, lets faults happen, keeps the request log, answers `/_control`."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.routing import Map, RequestRedirect
from werkzeug.wrappers import Request, Response

from integrations.sandbox import faults
from integrations.sandbox.control import Control
from integrations.sandbox.service import answer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from integrations.sandbox.service import Service, Setting

LARGEST_BODY = 8 * 1024 * 1024
LOGGED = 5000


class SandboxRequest(Request):
    max_content_length = LARGEST_BODY


@dataclass(slots=True)
class _Mount:
    service: Service
    routes: Map


class SandboxApp:
    """`services` answer under `/<slug>/`; everything about a request but bodies and headers is in `log`."""

    def __init__(self, setting: Setting, services: Iterable[Service]) -> None:
        self.setting = setting
        self.faults = faults.FaultBox()
        self.log: deque[dict[str, Any]] = deque(maxlen=LOGGED)
        self._mounts = {
            service.slug: _Mount(service, Map(service.rules(), strict_slashes=False)) for service in services
        }
        self.services = {slug: mount.service for slug, mount in self._mounts.items()}
        self._control = Control(self)
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = SandboxRequest(environ)
        slug, _, rest = request.path.lstrip("/").partition("/")
        if slug == "_control":
            return self._control.handle(request, rest)(environ, start_response)
        entry: dict[str, Any] = {"provider": slug, "method": request.method, "path": f"/{rest}", "status": 0}
        with self._lock:
            self.log.append(entry)
        response = self._mounted(request, slug, f"/{rest}", entry)
        entry["status"] = response.status_code
        return response(environ, start_response)

    def _mounted(self, request: Request, slug: str, path: str, entry: dict[str, Any]) -> Response:
        mount = self._mounts.get(slug)
        if mount is None:
            return answer({"error": "no such provider", "providers": sorted(self._mounts)}, 404)
        try:
            request.get_data(cache=True, parse_form_data=False)
        except RequestEntityTooLarge:
            return mount.service.failure(400)
        asked = f"{unquote_plus(request.query_string.decode())} {request.get_data(as_text=True)}"
        fault = self.faults.take(slug, request.method, path, asked)
        if fault is None:
            return self._routed(mount, request, path)
        entry["fault"] = fault.kind
        return faults.suffer(fault, mount.service, request, lambda: self._routed(mount, request, path))

    def _routed(self, mount: _Mount, request: Request, path: str) -> Response:
        adapter = mount.routes.bind("sandbox", url_scheme="http")
        try:
            endpoint, values = adapter.match(path, request.method)
        except MethodNotAllowed:
            return mount.service.failure(405)
        except (NotFound, RequestRedirect):
            return mount.service.failure(404)
        return mount.service.handle(str(endpoint), request, dict(values))
