"""Amazon's endpoints: https://developer-docs.amazon.com/sp-api/ (reports, finances, transfers, sellers)."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from integrations.sandbox.amazon import shapes
from integrations.sandbox.amazon.story import Account
from integrations.sandbox.doors import OAuthDoor
from integrations.sandbox.oauth import Policy
from integrations.sandbox.played import PlayedService
from integrations.sandbox.service import answer
from integrations.sandbox.world.calendar import STORY_NOW, book_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

    from integrations.sandbox.oauth import Grant
    from integrations.sandbox.service import Setting, Values

#: Seconds that the address of a document works for.
PRESIGNED = 300
PAGE, PAYOUTS_PAGE = 40, 4
SPAN = timedelta(days=180)
_WORDS = {
    400: ("InvalidInput", "Request has missing or invalid parameters."),
    401: ("Unauthorized", "Access to requested resource is denied."),
    403: ("Unauthorized", "Access to requested resource is denied."),
    404: ("NotFound", "The resource specified does not exist."),
    429: ("QuotaExceeded", "You exceeded your quota for the requested resource."),
    503: ("ServiceUnavailable", "Service is temporarily unavailable."),
}


class Wrong(Exception):  # noqa: N818  # an answer to the caller, status 400
    """Parameters that the operation does not take."""


def problem(status: int, details: str = "") -> Response:
    code, message = _WORDS.get(status, ("InternalFailure", "We encountered an internal error. Please try again."))
    headers = {"x-amzn-RequestId": hashlib.sha256(code.encode()).hexdigest()[:32]}
    if status == 429:
        headers["x-amzn-RateLimit-Limit"] = "0.5"
    return answer({"errors": [{"code": code, "message": message, "details": details}]}, status, headers)


class AmazonService(PlayedService):
    slug = "amazon"
    app = ("amzn1.application-oa2-client.tieout", "amzn1.oa2-cs.v1.tieoutsandboxsecret")
    policy = Policy(
        access_seconds=3600,
        refresh_seconds=0,
        rotation="none",
        access_prefix="Atza|",
        refresh_prefix="Atzr|",
    )
    limit = (90, 60)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.doors = (
            OAuthDoor(
                authorize="/apps/authorize/consent",
                token="/auth/o2/token",  # noqa: S106  # a path
                title="Authorize application",
                client_key="application_id",
                code_key="spapi_oauth_code",
                callback=lambda company: {"selling_partner_id": shapes.seller_of(company)},
                told=_told,
                present=lambda request: request.headers.get("x-amz-access-token", ""),
            ),
        )

    def access(self, company: str) -> dict[str, str]:
        return {"marketplace": shapes.MARKETPLACE, **super().access(company)}

    def account(self, company: str) -> Account:
        data = self.setting.world.company(company).told[self.slug].data
        assert isinstance(data, Account)
        return data

    # -- endpoints ------------------------------------------------------------------------------------------------

    def api_rules(self) -> list[Rule]:
        paths = {
            "/reports/2021-06-30/reports": "reports",
            "/reports/2021-06-30/reports/<id>": "report",
            "/reports/2021-06-30/documents/<id>": "document",
            "/finances/2024-06-19/transactions": "transactions",
            "/finances/2024-06-19/balances": "balances",
            "/finances/transfers/2024-06-01/payouts": "payouts",
            "/sellers/v1/marketplaceParticipations": "markets",
        }
        return [Rule(path, endpoint=name, methods=["GET"]) for path, name in paths.items()]

    def open_rules(self) -> list[Rule]:
        return [Rule("/presigned/<company>/<id>", endpoint="presigned", methods=["GET"])]

    def failure(self, status: int) -> Response:
        if status == 401:
            # A token that is no good is answered like a right that is missing; only the details tell.
            return problem(403, "The access token you provided is revoked, malformed or invalid.")
        return problem(status)

    def too_many(self, wait: int) -> Response:
        """No Retry-After: the header tells the rate."""
        del wait
        return problem(429)

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        account, args = self.account(company), request.args.to_dict()
        if endpoint in ("report", "document"):
            return self._one(endpoint, account, company, values["id"])
        lists = {
            "reports": _reports,
            "payouts": _payouts,
            "transactions": self._transactions,
            "balances": self._balances,
        }
        try:
            told = lists[endpoint](account, company, args) if endpoint in lists else [_market(self.companies[company])]
        except Wrong as wrong:
            return problem(400, str(wrong))
        return answer({"payload": told} if endpoint in ("transactions", "markets") else told)

    def _one(self, endpoint: str, account: Account, company: str, mark: str) -> Response:
        for index, settlement in enumerate(account.settlements):
            told = shapes.report(settlement)
            if endpoint == "report" and told["reportId"] == mark:
                return answer(told)
            if endpoint == "document" and told["reportDocumentId"] == mark:
                packed = {"compressionAlgorithm": "GZIP"} if index % 2 else {}
                return answer({"reportDocumentId": mark, "url": self._presigned(company, mark), **packed})
        return self.failure(404)

    # -- documents ------------------------------------------------------------------------------------------------

    def _presigned(self, company: str, mark: str) -> str:
        ends = self.setting.clock.now() + PRESIGNED
        path = f"{self.setting.base_url}/{self.slug}/presigned/{company}/{mark}"
        return f"{path}?X-Amz-Expires={ends}&X-Amz-Signature={_signature(company, mark, str(ends))}"

    def open(self, endpoint: str, request: Request, values: Values) -> Response:
        """The store behind the address: it knows no token, and answers in words of its own."""
        del endpoint
        company, mark, ends = values["company"], values["id"], request.args.get("X-Amz-Expires", "0")
        genuine = request.args.get("X-Amz-Signature", "") == _signature(company, mark, ends)
        if not genuine or int(ends) < self.setting.clock.now():
            body = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
            return Response(body, status=403, content_type="application/xml")
        settlements = self.account(company).settlements
        index = next(place for place, one in enumerate(settlements) if shapes.document_id(one) == mark)
        content = shapes.flat_file(settlements[index])
        packed = gzip.compress(content, mtime=0) if index % 2 else content
        return Response(packed, content_type="text/plain;charset=UTF-8")

    # -- finances -------------------------------------------------------------------------------------------------

    def _transactions(self, account: Account, company: str, args: dict[str, str]) -> dict[str, Any]:
        now = datetime.fromtimestamp(self.setting.clock.now(), UTC)
        after, before = _moment(args, "postedAfter"), _moment(args, "postedBefore", now - timedelta(minutes=2))
        if before > now - timedelta(minutes=2) or after >= before:
            raise Wrong("Date range is invalid.")
        found = [] if before - after > SPAN else shapes.transactions(account, company)
        kept = [one for one in found if after <= datetime.fromisoformat(one["postedDate"]) < before]
        return _paged(kept, "transactions", PAGE, args)

    def _balances(self, account: Account, company: str, args: dict[str, str]) -> dict[str, Any]:
        today = datetime.fromtimestamp(self.setting.clock.now(), UTC).date()
        try:
            asked = date.fromisoformat(args["asOfDate"]) if "asOfDate" in args else None
        except ValueError as error:
            raise Wrong("asOfDate is invalid.") from error
        if asked is not None and asked >= today:
            raise Wrong("asOfDate must be in the past.")
        on = asked or book_date(STORY_NOW)
        return {"balances": [shapes.balance(account, company, on, is_past=asked is not None)]}


def _told(_company: str, _grant: Grant) -> dict[str, Any]:
    return {"token_type": "bearer"}


def _signature(*parts: str) -> str:
    return hashlib.sha256("|".join(("presigned", *parts)).encode()).hexdigest()


def _market(name: str) -> dict[str, Any]:
    marketplace = {
        "id": shapes.MARKETPLACE,
        "countryCode": "US",
        "name": "Amazon.com",
        "defaultCurrencyCode": "USD",
        "defaultLanguageCode": "en_US",
        "domainName": "www.amazon.com",
    }
    participation = {"isParticipating": True, "hasSuspendedListings": False}
    return {"marketplace": marketplace, "storeName": name, "participation": participation}


def _reports(account: Account, _company: str, args: dict[str, str]) -> dict[str, Any]:
    """A token comes alone, whatever it was given for is in it."""
    if "nextToken" in args:
        if len(args) > 1:
            raise Wrong("nextToken must be the only parameter.")
        args = dict(part.split("=", 1) for part in args["nextToken"].split("&"))
    start, size = int(args.pop("start", "0")), int(args.get("pageSize", "10"))
    if shapes.REPORT not in args.get("reportTypes", "").split(",") or not 1 <= size <= 100:
        raise Wrong("reportTypes or pageSize is invalid.")
    since = _moment(args, "createdSince", STORY_NOW - timedelta(days=90))
    told = [shapes.report(one) for one in reversed(account.settlements)]
    found = [one for one in told if datetime.fromisoformat(one["createdTime"]) >= since]
    page: dict[str, Any] = {"reports": found[start : start + size]}
    if start + size < len(found):
        page["nextToken"] = "&".join(f"{name}={value}" for name, value in {**args, "start": start + size}.items())
    return page


def _payouts(account: Account, company: str, args: dict[str, str]) -> dict[str, Any]:
    since = _moment(args, "createdAfter", datetime.min.replace(tzinfo=UTC))
    told = shapes.payouts(account, company)
    kept = [one for one in told if datetime.fromisoformat(one["creationDate"]) >= since]
    return _paged(kept, "payouts", PAYOUTS_PAGE, args)


def _paged(rows: list[dict[str, Any]], name: str, size: int, args: dict[str, str]) -> dict[str, Any]:
    """A page; its token works only with everything that was asked repeated."""
    token = args.pop("nextToken", "")
    digest = hashlib.sha256(repr(sorted(args.items())).encode()).hexdigest()[:16]
    start, _, asked = token.partition("-")
    if token and asked != digest:
        raise Wrong("nextToken does not fit the other parameters.")
    begin = int(start or 0)
    page: dict[str, Any] = {name: rows[begin : begin + size]}
    if begin + size < len(rows):
        page["nextToken"] = f"{begin + size}-{digest}"
    return page


def _moment(args: Mapping[str, str], name: str, default: datetime | None = None) -> datetime:
    try:
        found = datetime.fromisoformat(args[name]) if name in args else default
    except ValueError as error:
        raise Wrong(f"{name} is invalid.") from error
    if found is None or found.tzinfo is None:
        raise Wrong(f"{name} is missing or has no offset.")
    return found


SERVICE = AmazonService
