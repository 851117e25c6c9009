"""The running sandbox, and walking its sign-in pages as a person's browser would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integrations.models import Connection
    from integrations.sandbox.server import Sandbox


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Sandbox]:
    from integrations.sandbox.server import Sandbox

    with Sandbox(seed=7, limits=False) as running:
        yield running


@pytest.fixture
def sandbox(_sandbox: Sandbox, settings: Any) -> Sandbox:
    """The sandbox over real loopback HTTP, without what an earlier test granted, took back, armed or moved ahead."""
    settings.SANDBOX_URL = _sandbox.url
    for slug, service in _sandbox.app.services.items():
        # The accounting system keeps its documents: to make them anew takes longer than most tests.
        (service.desk.reset if slug == "quickbooks-online" else service.reset)()
    _sandbox.app.setting.clock._ahead = 0
    _sandbox.app.faults.clear()
    return _sandbox


def walk(address: str, company: str, decision: str = "approve") -> dict[str, str]:
    """Answer the sign-in page at this address; the query the browser is sent back with."""
    page = requests.get(address, timeout=10)
    assert page.status_code == 200, page.text
    form = dict(parse_qsl(urlsplit(address).query)) | {"company": company, "decision": decision}
    answer = requests.post(urljoin(address, urlsplit(address).path), data=form, timeout=10, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def access(sandbox: Sandbox, slug: str, company: str) -> dict[str, str]:
    """What the company's people would type: where their account is, and their keys."""
    return dict(requests.get(f"{sandbox.url}/_control/access/{company}/{slug}", timeout=10).json())


@pytest.fixture
def connect(sandbox: Sandbox) -> Callable[..., Connection]:
    """``connect(user, client, "stripe")`` goes the whole way in of the company with the client's slug, by any scheme."""
    from clients.tenancy import client_context
    from integrations import oauth, pasting, registry
    from integrations.sandbox import walking

    def run(
        user: Any, client: Any, slug: str, *, company: str = "", kind: str = "", connection: Connection | None = None
    ) -> Connection:
        declared = registry.provider(slug)
        whose = company or client.slug
        known = access(sandbox, slug, whose)
        scheme = declared.scheme(kind or (connection.scheme if connection is not None else ""))
        if pasting.is_direct(scheme):
            with client_context(client.pk):
                return pasting.connect(user, client, declared, known, kind=scheme.kind, connection=connection)
        with client_context(client.pk):
            address = oauth.begin(user, client, declared, connection=connection, kind=scheme.kind, asked=known)
        with walking.catching(address, slug) as reachable:
            params = walk(reachable, whose)
        return oauth.finish(user, slug, params)

    return run
