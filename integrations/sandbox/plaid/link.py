"""Link tokens, sessions and the hosted page where a person logs in at the bank (plaid.com/docs/link/hosted-link)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from werkzeug.utils import redirect

from integrations.sandbox.consent import is_local
from integrations.sandbox.plaid.items import INSTITUTION, INSTITUTION_NAME
from integrations.sandbox.plaid.shapes import ACCOUNTS, account_shape, link_account
from integrations.sandbox.service import page

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.plaid.items import Item, Items
    from integrations.sandbox.service import Setting

LINK_SECONDS = 4 * 3600
DEFAULT_DAYS = 90
MOST_DAYS = 730


@dataclass(slots=True)
class LinkToken:
    token: str
    created: int
    body: dict[str, Any]
    updates: Item | None = None
    sessions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def days_requested(self) -> int:
        return int((self.body.get("transactions") or {}).get("days_requested") or DEFAULT_DAYS)

    @property
    def after(self) -> str:
        """Where the hosted page sends the person when done."""
        return str((self.body.get("hosted_link") or {}).get("completion_redirect_uri") or "")


def stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Link:
    def __init__(self, setting: Setting, items: Items) -> None:
        self._setting = setting
        self._items = items
        self._tokens: dict[str, LinkToken] = {}

    def create(self, body: dict[str, Any], updates: Item | None) -> dict[str, Any]:
        token = f"link-sandbox-{secrets.token_hex(16)}"
        made = LinkToken(token, self._setting.clock.now(), body, updates)
        self._tokens[token] = made
        answer = {"link_token": token, "expiration": stamp(made.created + LINK_SECONDS)}
        if "hosted_link" in body:
            answer["hosted_link_url"] = f"{self._setting.base_url}/plaid/link?token={token}"
        return answer

    def find(self, token: str) -> LinkToken | None:
        found = self._tokens.get(token)
        fresh = found and found.created + LINK_SECONDS >= self._setting.clock.now()
        return found if fresh else None

    def describe(self, found: LinkToken) -> dict[str, Any]:
        body = found.body
        return {
            "link_token": found.token,
            "created_at": stamp(found.created),
            "expiration": stamp(found.created + LINK_SECONDS),
            "link_sessions": found.sessions,
            "metadata": {
                "initial_products": body.get("products") or [],
                "webhook": body.get("webhook"),
                "country_codes": body.get("country_codes") or ["US"],
                "language": body.get("language") or "en",
                "redirect_uri": body.get("redirect_uri"),
                "client_name": body.get("client_name"),
            },
        }

    def show(self, request: Request) -> Response:
        """The hosted page: GET asks, POST finishes the session."""
        found = self.find(request.values.get("token", ""))
        if found is None:
            return page("Link your bank", "<p>This link has expired. Go back and start again.</p>", 400)
        if request.method == "POST":
            return self._finish(found, request)
        return page("Link your bank", self._form(found, request))

    def _form(self, found: LinkToken, request: Request) -> str:
        companies = self._setting.world.using("plaid")
        wanted = found.updates.company if found.updates else request.args.get("company", "")
        chosen = wanted if wanted in companies else next(iter(companies))
        shown = [chosen] if found.updates else list(companies)
        choices = "".join(
            f'<p><label><input type="radio" name="company" value="{slug}"{" checked" if slug == chosen else ""}> '
            f"{escape(companies[slug].cast.name)}</label></p>"
            for slug in shown
        )
        hidden = f'<input type="hidden" name="token" value="{escape(found.token)}">'
        buttons = (
            '<p><button type="submit" name="decision" value="approve">Approve</button> '
            '<button type="submit" name="decision" value="deny">Cancel</button></p>'
        )
        text = "Log in again at" if found.updates else "Share accounts at"
        intro = f"<p>{text} {escape(INSTITUTION_NAME)} with {escape(str(found.body.get('client_name') or ''))}.</p>"
        return f'{intro}<form method="post"><fieldset>{choices}</fieldset>{hidden}{buttons}</form>'

    def _finish(self, found: LinkToken, request: Request) -> Response:
        company = request.form.get("company", "")
        if request.form.get("decision") != "approve" or company not in self._setting.world.using("plaid"):
            found.sessions.append(self._session(None))
        elif found.updates is not None:
            self._items.repair(found.updates)
            found.sessions.append(self._session(found.updates, public_token=""))
        else:
            item = self.attach(company, found.days_requested, str(found.body.get("webhook") or ""))
            found.sessions.append(self._session(item, self._items.issue_public_token(item)))
        if found.after and is_local(found.after):
            return redirect(found.after, 302)
        return page("Done", "<p>You can close this page and go back.</p>")

    def attach(self, company: str, days_requested: int, webhook: str) -> Item:
        days = max(1, min(days_requested, MOST_DAYS))
        return self._items.add(company, days_requested=days, webhook=webhook)

    def _session(self, item: Item | None, public_token: str = "") -> dict[str, Any]:
        """One finished session; update mode and a cancelled one add no item."""
        now = stamp(self._setting.clock.now())
        session_id = secrets.token_hex(16)
        base = {"link_session_id": session_id, "started_at": now, "finished_at": now, "events": []}
        empty: dict[str, list[Any] | None] = {
            "cra_item_add_results": [],
            "cra_update_results": [],
            "bank_income_results": [],
            "payroll_income_results": [],
            "document_income_results": None,
        }
        institution = {"institution_id": INSTITUTION, "name": INSTITUTION_NAME}
        if item is None:
            left = {"institution": institution, "status": "requires_credentials", "link_session_id": session_id}
            gone = {"error": None, "metadata": {**left, "request_id": secrets.token_hex(8)}}
            return {**base, "exit": gone, "results": {"item_add_results": [], **empty}}
        company = self._setting.world.company(item.company)
        accounts = [link_account(account_shape(item, company, name)) for name in ACCOUNTS]
        added = [{"public_token": public_token, "accounts": accounts, "institution": institution}]
        return {**base, "results": {"item_add_results": added if public_token else [], **empty}}
