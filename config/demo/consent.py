"""Gets access to a system as a person would: fills in what is asked, and walks its consent page back to the callback."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from django.db import transaction

from clients.tenancy import client_context, system_context
from config.demo import truth
from integrations import files, oauth, pasting
from integrations.models import Connection
from integrations.provider import FileOnly
from integrations.registry import provider
from integrations.sandbox import walking

if TYPE_CHECKING:
    from clients.models import Client, User
    from integrations.provider import Provider

TIMEOUT_SECONDS = 20


class _Form(HTMLParser):
    """The fields of a page's form: hidden ones, the chosen company, and approval."""

    def __init__(self, company: str) -> None:
        super().__init__()
        self.company = company
        self.fields: dict[str, str] = {"decision": "approve"}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden":
            self.fields[str(given["name"])] = str(given.get("value") or "")
        elif tag == "input" and given.get("type") == "radio" and given.get("value") == self.company:
            self.fields[str(given["name"])] = self.company


def connect(client: Client, slug: str, *, by: User, connection: Connection | None = None) -> Connection:
    """Connect (or reconnect) one system of a client in its real way, and bring the files it gives beside; the live connection."""
    declared = provider(slug)
    if isinstance(declared.auth, FileOnly):
        return bring_exports(client, declared, by=by)
    live = _sign_in(client, declared, by=by, connection=connection)
    if declared.files and truth.exports(client, slug):
        bring_exports(client, declared, by=by)
    return live


def _sign_in(client: Client, declared: Provider, *, by: User, connection: Connection | None) -> Connection:
    """By pasted keys, or over the vendor's own page."""
    slug = declared.slug
    known = truth.access(client, slug)
    if pasting.is_direct(declared.auth):
        with client_context(client.pk), transaction.atomic():
            return pasting.connect(by, client, declared, known, connection=connection)
    with client_context(client.pk):
        address = oauth.begin(by, client, declared, connection=connection, hint=client.slug, asked=known)
    with walking.catching(address, slug) as reachable:
        params = approve(reachable, client.slug)
    with transaction.atomic():
        return oauth.finish(by, slug, params)


def bring_exports(client: Client, declared: Provider, *, by: User) -> Connection:
    """Bring every export file of a system without access: looked at first, then confirmed; gives the connection by file."""
    found: set[Connection] = set()
    for filename, content in truth.exports(client, declared.slug).items():
        with client_context(client.pk), transaction.atomic():
            brought = files.preview(by, client, filename=filename, content=content, system=declared)
            found |= set(files.confirm(brought, actor=by, account=client.name))
    (connection,) = found
    return connection


def approve(address: str, company: str) -> dict[str, str]:
    """Approve on the page at ``address`` for a company; gives the query of the callback it sends the browser to."""
    page = requests.get(address, timeout=TIMEOUT_SECONDS)
    page.raise_for_status()
    form = _Form(company)
    form.feed(page.text)
    answer = requests.post(page.url, data=form.fields, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    if answer.status_code not in {302, 303}:
        raise RuntimeError(f"the consent page answered {answer.status_code}")
    back = urljoin(page.url, answer.headers["Location"])
    return dict(parse_qsl(urlsplit(back).query))


def connection(client: Client, slug: str) -> Connection | None:
    """The client's connection to a system, if it has one."""
    with system_context():
        return Connection.objects.filter(client=client, provider=slug).exclude(state="disconnected").first()
