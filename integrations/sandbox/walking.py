"""Answering the sandbox's own consent and Link pages without a browser, for tests and the demonstration."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 10


class _Hidden(HTMLParser):
    """Collects the hidden fields of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag == "input" and facts.get("type") == "hidden":
            self.fields[facts.get("name") or ""] = facts.get("value") or ""


def walk(url: str, company: str, *, decision: str = "approve") -> str:
    """Open a consent page or hosted Link page, choose the company and answer; `decision` is "approve" or "deny".

    Returns the address the person is sent to (with code and state), or "" where the page ends by itself.
    Raises requests.HTTPError when the page refuses.
    """
    shown = requests.get(url, timeout=SECONDS)
    shown.raise_for_status()
    page = _Hidden()
    page.feed(shown.text)
    form = {**page.fields, "company": company, "decision": decision}
    got = requests.post(url.partition("?")[0], data=form, timeout=SECONDS, allow_redirects=False)
    got.raise_for_status()
    return got.headers.get("Location", "")


@contextmanager
def catching(address: str, slug: str) -> Iterator[str]:
    """The address of a sign-in page such that keys posted to us while it is walked arrive although no web server runs.

    An address that posts nothing is given back as it is.
    """
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query))
    if "callback_url" not in query:
        yield address
        return
    bodies: list[bytes] = []

    class Caught(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_told: object) -> None:
            """Say nothing: the body holds keys."""

    with HTTPServer(("127.0.0.1", 0), Caught) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            hook = f"http://127.0.0.1:{server.server_port}/"
            yield parts._replace(query=urlencode(query | {"callback_url": hook})).geturl()
        finally:
            server.shutdown()
            thread.join()
    from integrations import postedkeys

    for body in bodies:
        postedkeys.receive(slug, body)
