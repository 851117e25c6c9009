"""Walks a provider's consent page as a person's browser would: reads the form, approves, follows back to the callback."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from django.db import transaction

from clients.tenancy import client_context, system_context
from integrations import oauth
from integrations.models import Connection
from integrations.registry import provider

if TYPE_CHECKING:
    from clients.models import Client, User

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
    """Connect (or reconnect) one system of a client through its real consent page; gives the live connection."""
    with client_context(client.pk):
        address = oauth.begin(by, client, provider(slug), connection=connection, hint=client.slug)
    params = approve(address, client.slug)
    with transaction.atomic():
        return oauth.finish(by, slug, params)


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
