"""QuickBooks Online on the wire: consent, tokens, and the v3 company endpoints, for every company of the world."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from integrations.sandbox.consent import consent
from integrations.sandbox.limits import Gate, Window
from integrations.sandbox.oauth import Desk, Policy
from integrations.sandbox.quickbooks import answers, happenings, tokens
from integrations.sandbox.quickbooks.answers import Values
from integrations.sandbox.quickbooks.attachments import content_of, signature
from integrations.sandbox.quickbooks.catalogue import BY_SEGMENT
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.events import cloud_events, legacy_notification
from integrations.sandbox.quickbooks.faults import QuickBooksFault, missing, not_found
from integrations.sandbox.quickbooks.profile import Profile
from integrations.sandbox.quickbooks.rates import rate_on
from integrations.sandbox.service import Signed, bearer
from integrations.sandbox.signing import hmac_base64
from integrations.sandbox.world import books

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from werkzeug.datastructures import FileStorage

    from integrations.sandbox.quickbooks.seeding import SeedDocument
    from integrations.sandbox.quickbooks.writing import Change
    from integrations.sandbox.service import Setting
    from integrations.sandbox.world import World

    Stock = Callable[[World, str], tuple[Profile, Sequence[SeedDocument]]]

SLUG = "quickbooks-online"
REQUESTS_A_MINUTE, BATCHES_A_MINUTE, AT_ONCE = 500, 40, 10
ACCESS_SECONDS, REFRESH_SECONDS = 3600, 8_726_400
_COMPANY = "/v3/company/<realm>"
_RULES = (
    ("/connect/oauth2", "authorize", ("GET", "POST")),
    ("/oauth2/v1/tokens/bearer", "token", ("POST",)),
    ("/v2/oauth2/tokens/revoke", "revoke", ("POST",)),
    ("/files/<realm>/<identifier>/<proof>", "file", ("GET",)),
    (f"{_COMPANY}/query", "query", ("GET", "POST")),
    (f"{_COMPANY}/cdc", "cdc", ("GET",)),
    (f"{_COMPANY}/batch", "batch", ("POST",)),
    (f"{_COMPANY}/upload", "upload", ("POST",)),
    (f"{_COMPANY}/download/<identifier>", "download", ("GET",)),
    (f"{_COMPANY}/reports/<name>", "report", ("GET",)),
    (f"{_COMPANY}/preferences", "preferences", ("GET",)),
    (f"{_COMPANY}/exchangerate", "exchangerate", ("GET",)),
    (f"{_COMPANY}/<segment>", "write", ("POST",)),
    (f"{_COMPANY}/<segment>/<identifier>", "read", ("GET",)),
)
_KEPT_CHANGES = 500


def stock_of(world: World, slug: str) -> tuple[Profile, Sequence[SeedDocument]]:
    """Who a company of the world is and what its QuickBooks holds at the start."""
    company = world.company(slug)
    facts = books.profile(company)
    closed = facts["book_close_date"]
    profile = Profile(
        facts["realm"],
        facts["name"],
        date.fromisoformat(closed) if closed else None,
        legal_name=facts["legal_name"],
        email=facts["email"],
        time_zone=facts["time_zone"],
        basis=facts["report_basis"],
    )
    return profile, books.seed(company)


class QuickBooks:
    """Implements the sandbox's `Service`. Endpoints outside a company: authorize, token, revoke, file."""

    slug = SLUG
    app = ("tieout-sandbox-qbo", "sandbox-secret-qbo")

    def __init__(self, setting: Setting, stock: Stock = stock_of) -> None:
        self.setting = setting
        self._stock = stock
        policy = Policy(ACCESS_SECONDS, REFRESH_SECONDS, "rolling", "eyJlbmMi.", "RT1-")
        self.desk = Desk(SLUG, setting, policy)
        self._window = Window(setting.clock, REQUESTS_A_MINUTE, 60)
        self._batches = Window(setting.clock, BATCHES_A_MINUTE, 60)
        self._gate = Gate(AT_ONCE)
        self.companies: dict[str, Company] = {}
        self.changes: dict[str, list[Change]] = {}
        self.reset()

    def rules(self) -> list[Rule]:
        return [Rule(path, endpoint=endpoint, methods=list(methods)) for path, endpoint, methods in _RULES]

    # -- the company behind a slug or realm -------------------------------------------------------------------------

    def _open(self, slug: str) -> Company:
        profile, seeds = self._stock(self.setting.world, slug)
        return Company(
            profile,
            seeds,
            clock=self.now,
            on_record=lambda record: self.setting.log.append(SLUG, "write", company=slug, record=record),
            on_change=lambda change: self._hear(slug, change),
        )

    def _hear(self, slug: str, change: Change) -> None:
        heard = self.changes[slug]
        heard.append(change)
        del heard[:-_KEPT_CHANGES]

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.setting.clock.precise(), UTC)

    def by_realm(self, realm: str) -> tuple[str, Company] | None:
        for slug, company in self.companies.items():
            if company.profile.realm == realm:
                return slug, company
        return None

    # -- requests ---------------------------------------------------------------------------------------------------

    def handle(self, endpoint: str, request: Request, values: Values) -> Response:
        if endpoint == "authorize":
            names = {slug: company.profile.name for slug, company in self.companies.items()}
            extra: Callable[[str], dict[str, str]] = lambda slug: {"realmId": self.companies[slug].profile.realm}  # noqa: E731
            return consent(self.desk, request, "QuickBooks Online", names, extra)
        if endpoint == "token":
            return tokens.issue(self.desk, request, self.setting.clock.now())
        if endpoint == "revoke":
            return tokens.revoke(self.desk, request)
        if endpoint == "file":
            return self._file(values)
        return self._admitted(endpoint, request, values)

    def _admitted(self, endpoint: str, request: Request, values: Values) -> Response:
        realm = values["realm"]
        grant = self.desk.authenticate(bearer(request))
        if grant is None:
            return answers.unauthenticated(bearer(request), self.now())
        found = self.by_realm(realm)
        if found is None or found[0] != grant.company:
            return answers.forbidden(self.now())
        company = found[1]
        with self._gate.pass_through(realm) as admitted:
            limited = self.setting.limits and (not admitted or self._is_over(endpoint, realm))
            if limited:
                return answers.throttled(company.time())
            try:
                return _ENDPOINTS[endpoint](company, request, values)
            except QuickBooksFault as fault:
                return answers.refused(fault, request, company.time())

    def _is_over(self, endpoint: str, realm: str) -> bool:
        if self._window.hit(realm):
            return True
        return endpoint == "batch" and bool(self._batches.hit(realm))

    def _file(self, values: Values) -> Response:
        found = self.by_realm(values["realm"])
        if found is None or values["proof"] != signature(found[1], values["identifier"]):
            return Response("AccessDenied", 403, content_type="text/plain")
        content, name, content_type = content_of(found[1], values["identifier"])
        disposition = f"attachment; filename*=UTF-8''{quote(name)}"
        return Response(content, content_type=content_type, headers={"Content-Disposition": disposition})

    def failure(self, status: int) -> Response:
        """The provider's own body for a bare status; 503 comes from its front servers and is no JSON."""
        if status == 401:
            return answers.unauthenticated("", self.now())
        if status == 403:
            return answers.forbidden(self.now())
        if status == 429:
            return answers.throttled(self.now().isoformat(timespec="milliseconds"))
        if status == 404:
            return Response("", 404)
        fault = QuickBooksFault("500" if status == 400 else "10000", status=status)
        return answers.json_fault(fault, self.now().isoformat(timespec="milliseconds"))

    # -- memory and control -----------------------------------------------------------------------------------------

    def replay(self, record: dict[str, Any]) -> None:
        if record["kind"] == "grant":
            self.desk.replay(record)
        elif record["kind"] == "write":
            self.companies[record["company"]].apply(record["record"])

    def reset(self) -> None:
        """Every company as the world left it; all grants are gone."""
        self.desk.reset()
        self.changes = {slug: [] for slug in self.setting.world.companies}
        self.companies = {slug: self._open(slug) for slug in self.setting.world.companies}

    def act(self, company: str, action: str) -> dict[str, Any]:
        """`expire-token` and `revoke` end tokens; `ignore-request-ids` and `honour-request-ids` switch whether a repeated
        write is recognised; what people do in the browser is in ``happenings``.
        """
        if (done := happenings.happen(self.companies[company], action)) is not None:
            return done
        if action == "expire-token":
            return {"expired": self.desk.expire_access(company)}
        if action == "revoke":
            return {"revoked": self.desk.revoke_company(company)}
        if action in {"ignore-request-ids", "honour-request-ids"}:
            self.companies[company].honours_request_ids = action == "honour-request-ids"
            return {"honours_request_ids": action == "honour-request-ids"}
        raise KeyError(action)

    def webhook(self, company: str, event: str, secret: str) -> Signed:
        """A signed notification of changes since the start.

        `event` is a CloudEvents type (`qbo.journalentry.created.v1`: the latest change of that type), `latest`, `all`,
        or any of these after `legacy:` for the older body. Raises KeyError when there is no such change.
        """
        form, _, wanted = event.rpartition(":")
        realm, zone = self.companies[company].profile.realm, self.companies[company].zone
        heard = self.changes[company]
        if wanted == "all":
            chosen = list(heard)
        else:
            of_type = [change for change in heard if wanted in {"latest", _type_of(realm, change)}]
            chosen = of_type[-1:]
        if not cloud_events(realm, chosen):
            raise KeyError(event)
        body_of = legacy_notification(realm, chosen, zone) if form == "legacy" else cloud_events(realm, chosen)
        body = json.dumps(body_of, separators=(",", ":")).encode()
        headers = {
            "intuit-signature": hmac_base64(secret, body),
            "intuit-created-time": self.now().isoformat(timespec="milliseconds"),
            "intuit-t-id": answers.trace_id(),
            "intuit-notification-schema-version": "0.1",
            "Content-Type": "application/json",
        }
        return Signed(body, headers)


def _type_of(realm: str, change: Change) -> str:
    events = cloud_events(realm, [change])
    return str(events[0]["type"]) if events else ""


# -- company endpoints ------------------------------------------------------------------------------------------------


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data(), parse_float=Decimal)
    except ValueError as error:
        raise QuickBooksFault("2010", f"Request body cannot be read as JSON: {error}") from error
    if not isinstance(body, dict):
        raise QuickBooksFault("2010", "Request body must be a JSON object")
    return body


def _request_id(request: Request) -> str:
    found = request.args.get("requestid", "")
    if len(found) > 50:
        raise QuickBooksFault("2050", "requestid : max length 50", element="requestid")
    return found


def _query(company: Company, request: Request, values: Values) -> Response:
    del values
    statement = request.get_data(as_text=True) if request.method == "POST" else request.args.get("query", "")
    if not statement.strip():
        raise missing("query")
    return answers.ok({"QueryResponse": company.query(statement), "time": company.time()})


def _cdc(company: Company, request: Request, values: Values) -> Response:
    del values
    found = company.changes_since(request.args.get("entities", ""), request.args.get("changedSince", ""))
    return answers.ok({"CDCResponse": [{"QueryResponse": found}], "time": company.time()})


def _report(company: Company, request: Request, values: Values) -> Response:
    return answers.ok(company.report(values["name"], request.args))


def _read(company: Company, request: Request, values: Values) -> Response:
    del request
    kind = BY_SEGMENT.get(values["segment"].lower())
    if kind is None:
        raise QuickBooksFault("500", f"Unsupported Operation : {values['segment']}")
    # CompanyInfo is asked for by the realm and answers with Id 1.
    identifier = "1" if kind.family == "single" else values["identifier"]
    return answers.ok({kind.name: company.read(kind.name, identifier), "time": company.time()})


def _preferences(company: Company, request: Request, values: Values) -> Response:
    del request, values
    return answers.ok({"Preferences": company.read("Preferences", "1"), "time": company.time()})


def _exchange_rate(company: Company, request: Request, values: Values) -> Response:
    del values
    code, asked = request.args.get("sourcecurrencycode", ""), request.args.get("asofdate", "")
    day = date.fromisoformat(asked) if asked else company.clock().date()
    rate = rate_on(code, day)
    if rate is None:
        raise QuickBooksFault("2010", f"Currency {code} is not on the company's list")
    body = {"SourceCurrencyCode": code, "TargetCurrencyCode": "USD", "Rate": float(rate), "AsOfDate": day.isoformat()}
    return answers.ok({"ExchangeRate": body, "time": company.time()})


def _write(company: Company, request: Request, values: Values) -> Response:
    kind = BY_SEGMENT.get(values["segment"].lower())
    if kind is None:
        raise QuickBooksFault("500", f"Unsupported Operation : {values['segment']}")
    body = _body(request)
    includes = set(request.args.get("include", "").split(","))
    operation = request.args.get("operation") or ("update" if body.get("Id") else "create")
    if "void" in includes and operation == "update":
        operation = "void"
    if operation not in {"create", "update", "delete", "void"}:
        raise QuickBooksFault("500", f"Operation {operation} is not supported")
    allow = "allowduplicatedocnum" in includes
    answer = company.write(kind.name, operation, body, request_id=_request_id(request), allow_duplicate_number=allow)
    return answers.raw(answer)


def _batch(company: Company, request: Request, values: Values) -> Response:
    del values
    return answers.raw(company.batch(_body(request), request_id=_request_id(request)))


def _bytes_of(part: FileStorage) -> bytes:
    """From the start: a request can be handled twice."""
    part.stream.seek(0)
    content: bytes = part.read()
    return content


def _upload(company: Company, request: Request, values: Values) -> Response:
    """The first pair of parts; a second file is a second request here."""
    del values
    metadata = request.files.get("file_metadata_01") or request.files.get("file_metadata_0")
    text = _bytes_of(metadata) if metadata else request.form.get("file_metadata_01", "").encode()
    content = request.files.get("file_content_01") or request.files.get("file_content_0")
    if content is None:
        raise missing("file_content_01")
    try:
        described = json.loads(text or b"{}", parse_float=Decimal)
    except ValueError as error:
        raise QuickBooksFault("2010", f"file_metadata_01 cannot be read as JSON: {error}") from error
    described.setdefault("FileName", content.filename or "attachment")
    described.setdefault("ContentType", content.mimetype)
    return answers.raw(company.upload(described, _bytes_of(content), request_id=_request_id(request)))


def _download(company: Company, request: Request, values: Values) -> Response:
    identifier = values["identifier"]
    if identifier not in company.files:
        raise not_found()
    address = f"{request.host_url}{SLUG}/files/{company.profile.realm}/{identifier}/{signature(company, identifier)}"
    return Response(address, content_type="text/plain", headers={"intuit_tid": answers.trace_id()})


_ENDPOINTS: dict[str, Callable[[Company, Request, Values], Response]] = {
    "query": _query,
    "cdc": _cdc,
    "report": _report,
    "read": _read,
    "preferences": _preferences,
    "exchangerate": _exchange_rate,
    "write": _write,
    "batch": _batch,
    "upload": _upload,
    "download": _download,
}
