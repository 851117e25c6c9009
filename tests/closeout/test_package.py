"""The package: made from the seal alone, the same bytes each time, reaching nothing."""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
import threading
import zlib

import pytest
from django.conf import settings
from pypdf import PdfReader

from closeout import binder, manifest, pdf, press, seal
from tests.closeout import scene


def pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


@pytest.fixture
def row(books):
    books.close.note = "April rent rises."
    books.close.save()
    return scene.sealed(books)


@pytest.mark.django_db
def test_the_same_seal_gives_the_same_bytes(row):
    assert pdf.sealed(row) == pdf.sealed(row)


@pytest.mark.django_db
def test_the_package_says_who_signed_what_and_the_seal(row):
    content, count = pdf.sealed(row)
    said = pages(content)
    assert count == len(said)
    assert row.code in said[0]
    whole = "\n".join(said)
    for words in ("Alice Arden", "Bob Birch", "April rent rises.", "9,800.00", "Profit and loss", "Kept on paper."):
        assert words in whole, words
    assert "DRAFT" not in whole
    assert f"Page {count} of {count}" in said[-1]
    assert "January 2026" in said[3]


@pytest.mark.django_db
def test_a_draft_says_so_on_every_page(books):
    scene.make_ready(books)
    content, count = pdf.draft(books.close)
    said = pages(content)
    assert len(said) == count > 5
    assert all("DRAFT" in page for page in said)
    assert "Alice" not in "".join(said)


@pytest.mark.django_db
def test_the_binder_of_the_same_books_is_the_same(books):
    scene.make_ready(books)
    assert manifest.canonical(binder.freeze(books.close)) == manifest.canonical(binder.freeze(books.close))


@pytest.mark.django_db
def test_a_year_later_the_sealed_figures_are_printed_and_not_the_books(row):
    said = manifest.opened(row)
    assert said["reports"]["profit"][-1]["total"]["figures"][0] == 730_000
    assert seal.code_of(row.sha256) == row.code


@pytest.mark.django_db
def test_names_with_markup_are_printed_as_names(books):
    books.client.name = "Fern & <b>Finch</b> <img src=x>"
    books.client.save()
    books.close.note = "<script>alert(1)</script>"
    books.close.save()
    scene.make_ready(books)
    books.close.client = books.client
    content, _count = pdf.draft(books.close)
    whole = "\n".join(pages(content))
    assert "Fern & <b>Finch</b> <img src=x>" in whole.replace("\n", " ")
    assert "<script>alert(1)</script>" in whole


# ---- it reaches nothing ----------------------------------------------------------------------------------------------------


class Listener:
    """A server on loopback that notes whether anyone knocks."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.knocks = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                self.socket.accept()[0].close()
            except OSError:
                return
            self.knocks += 1


def vectors(port: int, secret: str) -> list[str]:
    addresses = [
        f"http://127.0.0.1:{port}/a", f"https://127.0.0.1:{port}/b", f"ftp://127.0.0.1:{port}/c", f"//127.0.0.1:{port}/d",
        f"HTTP://127.0.0.1:{port}/e", f"file://{secret}", f"FILE://localhost{secret}", secret, "file:///etc/passwd",
        "static:../config/settings.py", "static:fonts/../../manage.py", "static:/etc/passwd", "static:tieout.css",
        f"data:text/css,@import url(http://127.0.0.1:{port}/f)",
    ]  # fmt: skip
    places = (
        '<img src="{}">', '<link rel="stylesheet" href="{}">', "<style>@import url('{}');</style>", '<object data="{}"></object>',
        '<embed src="{}">', '<p style="background:url({})">x</p>', '<link rel="attachment" href="{}">', '<a rel="attachment" href="{}">x</a>',
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image width="9" height="9" xlink:href="{}"/></svg>',
        '<svg><use href="{}#x"/></svg>', "<style>@font-face{{font-family:q;src:url('{}')}} p{{font-family:q}}</style><p>x</p>",
        '<base href="{}"><img src="y.png">', '<iframe src="{}"></iframe>', "<style>li{{list-style:url('{}')}}</style><ul><li>x</li></ul>",
        "<style>p{{content:url('{}')}}</style><p>x</p>", '<meta http-equiv="refresh" content="0;url={}">',
    )  # fmt: skip
    return [place.format(address) for place in places for address in addresses]


def test_no_vector_reaches_the_network_or_a_file(tmp_path):
    """224 vectors in one document: nobody is called, and nothing of a file is in the PDF."""
    listener = Listener()
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-4711")
    html = "<html><body>" + "\n".join(vectors(listener.port, str(secret))) + "<p>the end</p></body></html>"
    content, _pages = pdf.press(html)
    listener.socket.close()
    assert listener.knocks == 0
    assert "the end" in "".join(pages(content))
    streams = b"".join(unpacked(content))
    assert b"canary-4711" not in content + streams
    assert b"root:x:" not in streams


def unpacked(content: bytes):
    """Every stream of a PDF as its writer compressed it."""
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            yield zlib.decompress(match.group(1))
        except zlib.error:
            yield match.group(1)


def test_the_press_opens_no_socket():
    code = "from closeout import press; press.lock_in(); import socket; socket.create_connection(('127.0.0.1', 9))"
    done = subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, check=False)
    assert b"opens no socket" in done.stderr


def test_the_press_knows_no_settings_and_no_database():
    code = "import sys; from closeout import press; press.render('<p>x</p>', __import__('pathlib').Path('static')); print([m for m in ('django', 'psycopg', 'config') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_only_named_files_are_read():
    assert set(press.ALLOWED) == {"report.css", "fonts/hanken-grotesk-latin-wght.woff2"}


def test_a_page_that_cannot_be_set_is_an_error(monkeypatch):
    monkeypatch.setattr(pdf, "static_folder", lambda: settings.BASE_DIR / "absent")
    with pytest.raises(pdf.PressError):
        pdf.press("<p>x</p>")
