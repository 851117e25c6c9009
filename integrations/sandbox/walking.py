"""Answering the sandbox's own consent and Link pages without a browser, for tests and the demonstration."""

from __future__ import annotations

from html.parser import HTMLParser

import requests

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
