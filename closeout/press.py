"""The printing press: HTML in, PDF out, in a process of its own that reaches nothing.

Run as ``python -m closeout.press FOLDER``: reads HTML from standard input, writes the PDF to standard output. It loads no
settings and no database. Only ``data:`` addresses and the named files of FOLDER are read; sockets cannot be opened, and
where the system allows it the process has no network at all.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import gc
import os
import resource
import socket
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

#: The files a page may name, as ``static:<name>``.
ALLOWED = {"report.css": "text/css", "fonts/hanken-grotesk-latin-wght.woff2": "font/woff2"}
SCHEME = "static:"
SECONDS, MEMORY = 60, 2 << 30
EPOCH = "1767225600"
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000


class RefusedError(ValueError):
    """A page named something it may not read."""


def lock_in() -> None:
    """Bound time and memory, leave the network, and refuse every socket."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    # Refused in many containers; the sockets below are refused in any case.
    libc.unshare(_NEW_USER | _NEW_NET)

    def no_socket(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise RefusedError("the press opens no socket")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname", "socketpair"):
        setattr(socket, name, no_socket)


def fetcher(folder: Path) -> Any:
    """A URL fetcher that answers the named static files and ``data:``; everything else is refused."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Fetcher(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.lower().startswith("data:"):
                return super().fetch(url, headers)
            name = url.removeprefix(SCHEME)
            if not url.startswith(SCHEME) or name not in ALLOWED:
                raise RefusedError(f"not allowed: {url[:80]}")
            return URLFetcherResponse(url, (folder / name).read_bytes(), {"Content-Type": ALLOWED[name]})

    return Fetcher(allowed_protocols=["data"], fail_on_errors=False)


def render(html: str, folder: Path) -> tuple[bytes, int]:
    """The PDF and its number of pages; the same HTML and files give the same bytes."""
    # The font subset carries a time of its own; one fixed moment makes the same page the same bytes.
    os.environ["SOURCE_DATE_EPOCH"] = EPOCH
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    fetch = fetcher(folder)
    fonts = FontConfiguration()
    css = (folder / "report.css").read_text().replace('url("fonts/', f'url("{SCHEME}fonts/')
    sheet = CSS(string=css, url_fetcher=fetch, font_config=fonts, base_url=None)
    page = HTML(string=html, url_fetcher=fetch, base_url=None)
    document = page.render(stylesheets=[sheet], font_config=fonts)
    identity = sha256(html.encode()).hexdigest()[:32].encode()
    return document.write_pdf(pdf_identifier=identity), len(document.pages)


def _load() -> None:
    """Load WeasyPrint before the doors close: it only defines its network classes."""
    if sys.platform == "linux":
        # It tries many spellings of each library's name, and each that is none would start a compiler and a linker to ask.
        ctypes.util.find_library = lambda _name: None  # type: ignore[assignment]
    import weasyprint  # noqa: F401

    # One document and an end: most of what is made stays until then, and need not be gone through again and again.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def main() -> int:
    _load()
    folder = Path(sys.argv[1])
    html = sys.stdin.buffer.read().decode()
    lock_in()
    pdf, pages = render(html, folder)
    sys.stdout.buffer.write(pages.to_bytes(4, "big") + pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
