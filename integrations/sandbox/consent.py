"""The consent page: a person (or a test posting its form) chooses the company and approves or declines."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from werkzeug.utils import redirect

from integrations.sandbox.oauth import Refused
from integrations.sandbox.service import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.oauth import Desk

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback(url: str) -> bool:
    """Whether the sandbox itself may call an address."""
    return urlsplit(url).hostname in _LOOPBACK


def is_local(url: str) -> bool:
    """Whether a browser may be sent to an address: this machine, the test client's host, or a name that cannot exist."""
    host = urlsplit(url).hostname or ""
    return is_loopback(url) or host == "testserver" or host.endswith(".example")


def _form(title: str, request: Request, companies: dict[str, str]) -> Response:
    wanted = request.args.get("company") or request.args.get("login_hint") or ""
    chosen = wanted if wanted in companies else next(iter(companies))
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in request.args.items()
        if name not in {"company", "decision"}
    )
    choices = "".join(
        f'<p><label><input type="radio" name="company" value="{slug}"{" checked" if slug == chosen else ""}> '
        f"{escape(name)}</label></p>"
        for slug, name in companies.items()
    )
    buttons = (
        '<p><button type="submit" name="decision" value="approve">Approve</button> '
        '<button type="submit" name="decision" value="deny">Deny</button></p>'
    )
    text = "<p>An application asks to read this company's data.</p>"
    return page(title, f'{text}<form method="post">{hidden}<fieldset>{choices}</fieldset>{buttons}</form>')


def consent(
    desk: Desk,
    request: Request,
    title: str,
    companies: dict[str, str],
    extra: Callable[[str], dict[str, str]],
    names: tuple[str, str] = ("client_id", "code"),
    sign: Callable[[dict[str, str]], dict[str, str]] = dict,
) -> Response:
    """GET shows the page, POST answers it by a redirect with `code`, `state` and what `extra(company)` adds.

    `names` are what the provider calls the client id and the code; `sign` adds a signature to the query of the redirect.
    A wrong client id or an address outside this machine is shown to the person, never redirected to.
    """
    given = request.form if request.method == "POST" else request.args
    try:
        desk.check_client(given.get(names[0], ""), None)
    except Refused as refused:
        return page(title, f"<p>{escape(refused.description)}</p>", 400)
    target = given.get("redirect_uri", "")
    if not is_local(target) or given.get("response_type", "code") != "code":
        return page(title, "<p>The redirect address or the response type is not allowed.</p>", 400)
    if request.method != "POST":
        return _form(title, request, companies)
    state = {"state": given["state"]} if "state" in given else {}
    company = given.get("company", "")
    if given.get("decision") != "approve" or company not in companies:
        return _back(target, {"error": "access_denied", "error_description": "The user denied your request.", **state})
    code = desk.issue_code(company, target, given.get("scope", ""), given.get("code_challenge", ""))
    return _back(target, sign({names[1]: code, **state, **extra(company)}))


def _back(target: str, query: dict[str, str]) -> Response:
    return redirect(f"{target}{'&' if '?' in target else '?'}{urlencode(query)}", 302)
