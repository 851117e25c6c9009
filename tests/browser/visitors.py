"""Pages of a real Chromium that note everything that goes wrong behind them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.browser import portal as portals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

    from clients.models import User
    from tests.browser.portal import Portal

LOOPBACK = {"127.0.0.1", "localhost"}
WIDE = {"width": 1440, "height": 900}
#: The browser's own note beside an answer that is judged by its status.
ECHO = "Failed to load resource: the server responded with a status of"
WAIT_MILLISECONDS = 15_000
#: Says each breach of the content policy aloud, whatever the browser's console makes of it.
POLICY = """document.addEventListener("securitypolicyviolation", (breach) =>
  console.error(`content policy: ${breach.effectiveDirective} ${breach.blockedURI} ${breach.sample}`.trim()))"""


@dataclass
class Watch:
    """What went wrong in the pages of a test."""

    wrong: list[str] = field(default_factory=list)
    #: Statuses of 400 and over that a test brought about on purpose.
    expected: list[int] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(POLICY)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.wrong.append(f"page error: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(ECHO):
            self.wrong.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        host = urlsplit(request.url).hostname
        if not request.url.startswith(("data:", "blob:")) and host not in LOOPBACK:
            self.wrong.append(f"a request to {host}: {request.url}")

    def _failed(self, request: Request) -> None:
        # Leaving a page aborts what it had under way; a download aborts its navigation.
        if request.failure not in {"net::ERR_ABORTED", None}:
            self.wrong.append(f"{request.failure}: {request.method} {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.wrong.append(f"{response.status}: {response.request.method} {response.url}")

    @contextmanager
    def expecting(self, *statuses: int) -> Iterator[None]:
        self.expected.extend(statuses)
        yield
        for status in statuses:
            self.expected.remove(status)


@dataclass
class Visitors:
    """Opens browsers for people, each with cookies of its own; all are watched.

    ``stranger`` and ``person`` come for one test. ``regular`` keeps one page for all tests of a module, which spares the
    browser a new process and cold caches for each.
    """

    browser: Browser
    portal: Portal
    watch: Watch
    contexts: list[BrowserContext] = field(default_factory=list)
    kept: dict[int, Page] = field(default_factory=dict)

    def _open(self, **options: Any) -> BrowserContext:
        given = {"base_url": self.portal.base, "viewport": WIDE, "accept_downloads": True}
        context = self.browser.new_context(**(given | options))
        context.set_default_timeout(WAIT_MILLISECONDS)
        self.watch.over(context)
        return context

    def stranger(self, **options: Any) -> Page:
        """A page of someone who has not signed in."""
        context = self._open(**options)
        self.contexts.append(context)
        return context.new_page()

    def person(self, user: User, **options: Any) -> Page:
        """A page of someone who has signed in and shown a second factor just now."""
        page = self.stranger(**options)
        page.context.add_cookies([portals.cookie(user, self.portal.base)])  # type: ignore[list-item]
        return page

    def regular(self, user: User | None = None) -> Page:
        """The module's page of a person who has shown a second factor just now, or of a stranger: wide, empty, by day."""
        key = user.pk if user else 0
        if key not in self.kept:
            self.kept[key] = self._open().new_page()
            if user:
                self.kept[key].context.add_cookies([portals.cookie(user, self.portal.base)])  # type: ignore[list-item]
        page = self.kept[key]
        if user:
            portals.just_now(user)
        else:
            page.context.clear_cookies()
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        page.emulate_media(color_scheme="light", reduced_motion="null")
        return page

    def leave(self) -> None:
        """After each test: whoever came for it is gone, and what went wrong behind the pages that are kept is known."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()
        for page in self.kept.values():
            page.context.cookies()  # a round trip: events that were under way have arrived
