"""Providers of every scheme for the tests: their answers come from a loopback server, their facts do not matter."""

from __future__ import annotations

from typing import Any

from integrations.errors import Reconnect, RetryLater
from integrations.provider import Ask, ClientCredentials, PastedKeys, PostedKeys, Provider, SessionLogin
from tests.integrations import scripted

SHOP = Ask(
    name="shop",
    label="Shop address",
    pattern=r"[a-z0-9][a-z0-9-]*\.shops\.example",
    example="larch.shops.example",
    tidy=lambda text: text.strip().lower().removeprefix("https://").rstrip("/"),
    wrong="That is not the address of a shop there.",
)
KEYS = PastedKeys(
    fields=(
        Ask(name="key", label="Secret key", secret=True, pattern=r"sk_[a-z0-9]{4,40}", where="the vendor's settings"),
        Ask(name="region", label="Region", choices=(("us", "United States"), ("eu", "Europe"))),
        Ask(name="hook", label="Webhook secret", secret=True, required=False),
    ),
    help="Make a key that may only read.",
)
TOKEN = ClientCredentials(
    token_url="/token",
    fields=(Ask(name="client_id", label="Client id"), Ask(name="client_secret", label="Secret", secret=True)),
    scopes=("read",),
)
SESSION = SessionLogin(
    fields=(Ask(name="username", label="User"), Ask(name="password", label="Password", secret=True)),
    login_path="/login",
    logout_path="/logout",
    body=lambda c: {"username": c.keys["username"], "password": c.keys["password"], "devKey": c.secret},
    app="secret",
)
POSTED = PostedKeys(
    authorize_url="/wc-auth",
    query=lambda reference, back, hook: {"user_id": reference, "return_url": back, "callback_url": hook},
    read=lambda body: (body.text("user_id"), {name: body.text(name) for name in ("consumer_key", "consumer_secret")}),
    names=("consumer_key", "consumer_secret"),
)


def read_error(status: int, _headers: Any, body: Any) -> Exception | None:
    code = body.get("code") if isinstance(body, dict) else ""
    if code == "SESSION_OVER" or status == 401:
        return Reconnect("it does not accept this")
    return RetryLater("busy") if status >= 500 else None


def is_over(status: int, body: Any) -> bool:
    return status == 401 or (isinstance(body, dict) and body.get("code") == "SESSION_OVER")


def provider(auth: Any, **more: Any) -> Provider:
    """A provider whose ``whoami`` asks ``/me`` and takes its answer's id and name."""

    def whoami(api: Any) -> tuple[str, str]:
        me = api.get("/me")
        return me["id"], me["name"]

    given = {"auth": auth, "whoami": whoami, "read_error": read_error, "is_over": is_over, **more}
    return scripted.Scripted().provider(**given)
