"""Faults on the wire, armed by a test: lost connections, delays, doubled writes, odd pages, broken bodies, a lost record."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Never

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request

    from integrations.sandbox.service import Service

KINDS = frozenset(
    {"drop_before", "drop_after", "delay", "duplicate", "reorder", "status", "html", "truncate", "withhold"}
)
_IDS = ("id", "Id", "uuid", "transaction_id")
STATUSES = frozenset({400, 401, 403, 404, 429, 500, 502, 503})


@dataclass(slots=True)
class Armed:
    """Fires on the next `times` requests whose path below the mount, and whose query and body, match; `seconds` delays,
    `status` answers, `what` is the id of the record that lists are withheld of.
    """

    provider: str
    kind: str
    path_regex: str = ".*"
    method: str = ""
    times: int = 1
    seconds: int = 0
    status: int = 500
    asked_regex: str = ""
    what: str = ""


class FaultBox:
    def __init__(self) -> None:
        self._armed: list[Armed] = []
        self._lock = threading.Lock()

    def arm(self, facts: dict[str, Any]) -> Armed:
        """Raises ValueError for a fault the sandbox does not know."""
        known = {name: facts[name] for name in Armed.__dataclass_fields__ if name in facts}
        fault = Armed(**known)
        if fault.kind not in KINDS or (fault.kind == "status" and fault.status not in STATUSES):
            raise ValueError(f"unknown fault {fault.kind} {fault.status}")
        re.compile(fault.path_regex)
        re.compile(fault.asked_regex)
        with self._lock:
            self._armed.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def listing(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._armed]

    def take(self, provider: str, method: str, path: str, asked: str = "") -> Armed | None:
        """The first armed fault for this request, used up by one."""
        with self._lock:
            for fault in self._armed:
                if fault.provider not in {provider, "*"} or fault.method not in {"", method}:
                    continue
                if re.search(fault.path_regex, path) and re.search(fault.asked_regex, asked):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._armed.remove(fault)
                    return fault
        return None


def cut(request: Request) -> Never:
    """Reset the connection without an answer."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("cut by an armed fault")


def _html() -> Response:
    body = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    return Response(body, status=502, content_type="text/html")


def _truncated(response: Response) -> Response:
    data = response.get_data()
    return Response(data[: len(data) * 2 // 3], status=response.status_code, content_type=response.content_type)


def _reversed_list(value: Any) -> bool:
    """Turn round the first list of two or more objects found; True when there was one."""
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], dict):
        value.reverse()
        return True
    children = value.values() if isinstance(value, dict) else ()
    return any(_reversed_list(child) for child in children)


def _reordered(response: Response) -> Response:
    if response.mimetype != "application/json":
        return response
    body = json.loads(response.get_data())
    _reversed_list(body)
    headers = {name: value for name, value in response.headers.items() if name.lower().startswith("x-")}
    return Response(json.dumps(body), response.status_code, headers, content_type="application/json")


def _without(value: Any, what: str) -> Any:
    """All of it but the objects of lists that have this very id."""
    if isinstance(value, list):
        return [_without(one, what) for one in value if not (isinstance(one, dict) and _has_id(one, what))]
    return {name: _without(one, what) for name, one in value.items()} if isinstance(value, dict) else value


def _has_id(one: dict[str, Any], what: str) -> bool:
    """Of an object, or of what its envelope holds."""
    inner = any(isinstance(value, dict) and _has_id(value, what) for value in one.values())
    return inner or any(one.get(name) == what for name in _IDS)


def _withheld(response: Response, what: str) -> Response:
    body = json.dumps(_without(json.loads(response.get_data()), what))
    return Response(body, response.status_code, response.headers, content_type="application/json")


def suffer(fault: Armed, service: Service, request: Request, handle: Callable[[], Response]) -> Response:
    """Answer a request under a fault. `handle` may be called once, twice or never."""
    if fault.kind == "drop_before":
        cut(request)
    if fault.kind == "status":
        return service.failure(fault.status)
    if fault.kind == "html":
        return _html()
    if fault.kind == "delay":
        time.sleep(fault.seconds)
    response = handle()
    if fault.kind == "drop_after":
        cut(request)
    if fault.kind == "duplicate":
        response = handle()
    if fault.kind == "withhold":
        return _withheld(response, fault.what)
    if fault.kind == "truncate":
        return _truncated(response)
    return _reordered(response) if fault.kind == "reorder" else response
