"""The main pages, where they are, and who looks at them; pages with a number in their address are found by a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

MONTH = "2026-03"
CLIENT = "/c/quillfeather"


@dataclass(frozen=True)
class Place:
    """``link``: the page is what the first such link at ``path`` leads to; ``then``: what the first such link of that page leads
    to. ``status``: what the page answers with.
    """

    name: str
    path: str
    link: str = ""
    then: str = ""
    status: int = 200

    def visit(self, page: Page) -> None:
        response = page.goto(self.path)
        for link in filter(None, (self.link, self.then)):
            found = page.locator(link).first.get_attribute("href")
            assert found, f"nothing at {page.url} leads to {self.name}"
            response = page.goto(found)
        assert response is not None
        assert response.status == self.status, f"{self.name} answered {response.status}"
        page.evaluate("document.fonts.ready.then(() => true)")


#: Nobody has signed in.
PUBLIC = (
    Place("sign-in", "/accounts/login/"),
    Place("code-by-mail", "/accounts/login/code/"),
    Place("password-forgotten", "/accounts/password/reset/"),
    Place("by-invitation", "/accounts/signup/"),
    Place("link-is-over", "/connect/link/none/", status=410),
    Place("invitation-is-over", "/invitation/none/", status=410),
    Place("verify", "/verify/"),
)
#: The controller of the practice.
STAFF = (
    Place("board", "/"),
    Place("close", f"{CLIENT}/close/{MONTH}/"),
    Place("close-signed", f"{CLIENT}/close/2026-02/"),
    Place("close-not-open", f"{CLIENT}/close/2026-04/"),
    Place("sign", f"{CLIENT}/close/{MONTH}/sign/"),
    Place("changes", f"{CLIENT}/changes/"),
    Place("packages", f"{CLIENT}/packages/"),
    Place("questions", f"{CLIENT}/questions/"),
    Place("all-questions", "/questions/"),
    Place("exceptions", "/exceptions/"),
    Place("duplicates", f"{CLIENT}/duplicates/"),
    Place("names", f"{CLIENT}/names/"),
    Place("reconciliation", f"{CLIENT}/reconciliation/{MONTH}/"),
    Place("payroll-year", f"{CLIENT}/payroll-year/2026/"),
    Place("payroll-year-runs", f"{CLIENT}/payroll-year/2026/runs/1/"),
    Place("intercompany", f"{CLIENT}/intercompany/{MONTH}/"),
    Place("timing-register", f"{CLIENT}/reconciliation/{MONTH}/timing/"),
    Place("bank-rules", f"{CLIENT}/bank-rules/"),
    Place(
        "reconciliation-balance",
        f"{CLIENT}/reconciliation/{MONTH}/",
        link="main tbody a[href*='/accounts/']:has-text('Type its balance')",
    ),
    Place(
        "reconciliation-account",
        f"{CLIENT}/reconciliation/{MONTH}/",
        link="main tbody a[href*='/reconciliation/']:has-text('Checking')",
    ),
    Place("payroll", f"{CLIENT}/payroll/{MONTH}/"),
    Place("payroll-people", f"{CLIENT}/payroll/{MONTH}/", link="main a[href*='/runs/']"),
    Place("processors", f"{CLIENT}/processors/{MONTH}/"),
    Place("processor", f"{CLIENT}/processors/{MONTH}/", link="main tbody a[href*='/processors/']"),
    Place("profit-and-loss", f"{CLIENT}/statements/{MONTH}/?statement=pl"),
    Place("balance-sheet", f"{CLIENT}/statements/{MONTH}/?statement=bs"),
    Place("trial-balance", f"{CLIENT}/statements/{MONTH}/?statement=tb"),
    Place("cash-flow", f"{CLIENT}/statements/{MONTH}/?statement=cf&compare=prior-year&compare=t12"),
    Place(
        "profit-and-loss-compared", f"{CLIENT}/statements/{MONTH}/?compare=prior-month&compare=prior-year&compare=ytd"
    ),
    Place("balance-sheet-cash", f"{CLIENT}/statements/{MONTH}/?statement=bs&basis=cash"),
    Place("general-ledger", f"{CLIENT}/statements/{MONTH}/?statement=gl"),
    Place("receivables", f"{CLIENT}/statements/{MONTH}/?statement=ar"),
    Place("sales-by-channel", f"{CLIENT}/statements/{MONTH}/?statement=ch&open=key:online"),
    Place("sales-tax", f"{CLIENT}/statements/{MONTH}/?statement=st"),
    Place("payroll-cost", f"{CLIENT}/statements/{MONTH}/?statement=pr"),
    Place("budget", f"{CLIENT}/budget/{MONTH}/"),
    Place("account", f"{CLIENT}/payroll/{MONTH}/", link="main a[href*='/accounts/']"),
    Place("entries", f"{CLIENT}/entries/"),
    Place("entry", f"{CLIENT}/entries/?origin=source", link="main tbody a[href*='/entries/']"),
    Place("entry-new", f"{CLIENT}/entries/new/"),
    Place("schedules", f"{CLIENT}/schedules/month/{MONTH}/"),
    Place("schedule-new", f"{CLIENT}/schedules/new/?kind=asset"),
    Place("schedule-limits", f"{CLIENT}/schedules/limits/"),
    Place("entry-import", f"{CLIENT}/entries/import/"),
    Place("recurring", f"{CLIENT}/entries/recurring/"),
    Place("recurring-new", f"{CLIENT}/entries/recurring/new/"),
    Place("source", "/exceptions/", link="main tbody a[href*='/sources/']"),
    Place("deals", f"{CLIENT}/deals/"),
    Place("posting", f"{CLIENT}/posting/"),
    Place("records", f"{CLIENT}/posting/", link="main tbody a[href*='/posting/']"),
    Place("document", f"{CLIENT}/posting/", link="main tbody a[href*='/documents/']"),
    Place("revaluation", f"{CLIENT}/revaluation/{MONTH}/"),
    Place("rollbacks", f"{CLIENT}/rollbacks/"),
    Place("mapping", f"{CLIENT}/mapping/"),
    Place("mapping-templates", "/mapping-templates/"),
    Place("connections", f"{CLIENT}/connections/"),
    Place("connection", f"{CLIENT}/connections/", link="main tbody a[href*='/connections/']"),
    Place("stack", f"{CLIENT}/stack/"),
    Place("capture", f"{CLIENT}/stack/toast/capture/"),
    Place("days", f"{CLIENT}/connections/", link="#completeness a.fig"),
    Place("proven", f"{CLIENT}/close/{MONTH}/", link="main a[href*='/proven/']"),
    Place("connections-begun", "/c/brambling/connections/"),
    Place("files", f"{CLIENT}/connections/files/"),
    Place("what-the-client-sees", f"{CLIENT}/?see=client"),
    Place("clients", "/clients/"),
    Place("group-new", "/groups/new/"),
    Place("group", "/clients/", link="main tbody a[href*='/groups/']"),
    Place("group-edit", "/clients/", link="main tbody a[href*='/groups/']", then="main a[href$='/edit/']"),
    Place("group-statements", "/clients/", link="main tbody a[href*='/groups/']", then="main a[href*='/statements/']"),
    Place("onboarding", "/c/brambling/onboarding/"),
    Place("onboarding-facts", "/c/brambling/onboarding/facts/"),
    Place("onboarding-stack", "/c/brambling/onboarding/stack/"),
    Place("onboarding-connect", "/c/brambling/onboarding/connect/"),
    Place("onboarding-live", "/c/brambling/onboarding/live/"),
    Place("people", "/people/"),
    Place("audit", "/audit/"),
    Place("preferences", "/preferences/"),
    Place("sessions", "/accounts/sessions/"),
    Place("second-factors", "/accounts/2fa/"),
    Place("authenticator", "/accounts/2fa/totp/activate/"),
    Place("passkeys", "/accounts/2fa/webauthn/"),
    Place("passkey-new", "/accounts/2fa/webauthn/add/"),
    Place("password-change", "/accounts/password/change/"),
    Place("addresses", "/accounts/email/"),
    Place("second-factor-first", "/second-factor/"),
    Place("nothing-here", "/nothing/", status=404),
)
#: The client's own user.
CLIENTS = (
    Place("client", f"{CLIENT}/"),
    Place("client-packages", f"{CLIENT}/packages/"),
    Place("client-preferences", "/preferences/"),
    Place("client-nothing-here", "/nothing/", status=404),
)
