"""The sandbox's QuickBooks engine over real loopback HTTP, and what its tests share."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import UTC, date, datetime
from functools import cache
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from integrations.http import ProviderApi
from integrations.payload import Payload, parse_json, render_json
from integrations.provider import Context, Window
from integrations.providers.quickbooks_online.provider import PROVIDER
from integrations.records import LedgerDocument, LedgerLine
from integrations.sandbox.app import SandboxApp
from integrations.sandbox.clock import Clock
from integrations.sandbox.quickbooks.service import QuickBooks
from integrations.sandbox.service import Setting
from integrations.sandbox.state import StateLog
from integrations.sandbox.world import build_world

SLUG = "quickbooks-online"
CONTEXT = Context(timezone=ZoneInfo("America/Los_Angeles"), home_currency="USD")
STORY_NOW = datetime(2026, 4, 5, 18, tzinfo=UTC)
CUT_OVER = date(2026, 1, 1)
BOOKS = PROVIDER.books
STREAM = {stream.name: stream for stream in PROVIDER.streams}


class Quiet(WSGIRequestHandler):
    def log_request(self, *_words):
        """Say nothing: a test reads the sandbox's own log."""

    log_error = log_request


@cache
def running() -> SandboxApp:
    """The QuickBooks part of the sandbox on a free port, its clock at the story's now; one for the process."""
    clock = Clock()
    clock.advance(int((STORY_NOW - datetime.now(UTC)).total_seconds()))
    setting = Setting(build_world(7), clock, StateLog(None), limits=False, client_ids={SLUG: ("client", "secret")})
    app = SandboxApp(setting, [QuickBooks(setting)])
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    setting.base_url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return app


class OverHttp:
    """Inherit for tests against the engine."""

    @pytest.fixture
    def engine(self):
        """No armed faults; what earlier tests wrote to the company stays."""
        running().faults.clear()
        return running()

    @pytest.fixture
    def service(self, engine):
        return engine.services[SLUG]

    @pytest.fixture
    def company(self, service):
        return service.companies["kestrel"]

    @pytest.fixture
    def fresh(self, service):
        """The company as the world left it."""
        if service.changes["kestrel"]:
            service.changes["kestrel"] = []
            service.companies["kestrel"] = service._open("kestrel")
        return service.companies["kestrel"]

    @pytest.fixture
    def api(self, engine, service, company, monkeypatch):
        monkeypatch.setenv("TIEOUT_QUICKBOOKS_ONLINE_BASE_URL", f"{engine.setting.base_url}/{SLUG}")
        grant = service.desk.open_grant("kestrel", PROVIDER.auth.scopes[0])
        return ProviderApi(PROVIDER, grant.access_token, company.profile.realm)

    @pytest.fixture
    def marker(self):
        """A document number nobody has used."""
        return f"ST260331-{uuid4().hex[:8]}"


def now_of(company):
    return company.clock()


def pull(api, stream, company, cursor="", since=CUT_OVER):
    """All pages of one pull: items, the last cursor, and the ids that are left when it says so."""
    items, only = [], None
    for page in STREAM[stream].pull(api, Window(cursor=cursor, since=since, now=now_of(company))):
        items += page.items
        cursor = page.cursor if page.cursor is not None else cursor
        only = page.only if page.only is not None else only
    return items, cursor, only


def read(stream, items):
    return [fact for item in items for fact in STREAM[stream].to_records(Payload.of(item), CONTEXT)]


def nets(lines):
    sums = defaultdict(int)
    for line in lines:
        sums[line.account_id] += line.debit - line.credit
    return {account: amount for account, amount in sums.items() if amount}


def account(company, name):
    return company.id_of(f"Account:{name}")


def entry(company, *, on=date(2026, 3, 31), amount=1250):
    lines = (
        LedgerLine(account_id=account(company, "Merchant Fees"), debit=amount, memo="Fees of the day"),
        LedgerLine(account_id=account(company, "Stripe Clearing"), credit=amount),
    )
    return LedgerDocument(
        external_id="",
        booked_on=on,
        currency="USD",
        type="JournalEntry",
        lines=lines,
        note="pp1|stripe|x|1|abcdef\nFees",
    )


def unlinked(company):
    return next(key for key in company.books.held["Purchase"] if not company.books.links.get(key))


def send(api, document, marker, request_id=""):
    """As the outbox does it: the frozen bytes are parsed again before they are sent."""
    frozen = render_json(BOOKS.payload(document, marker=marker, context=CONTEXT))
    return BOOKS.write(api, document.type, parse_json(frozen), request_id=request_id or str(uuid4()))
