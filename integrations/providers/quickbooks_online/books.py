"""QuickBooks Online as books: writing once, looking up, proofs from its reports, and the closing date.

https://developer.intuit.com/app/developer/qbo/docs/develop/explore-the-quickbooks-online-api/minor-versions
"""

from __future__ import annotations

from calendar import monthrange
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from integrations.dimensions import Dimensions
from integrations.errors import NotSupported, PayloadError, Reconnect, Refused, RetryLater, Unanswered
from integrations.payload import Payload
from integrations.provider import Context, WrittenDocument
from integrations.providers.quickbooks_online import (
    documents,
    inactive,
    making,
    mirror,
    reports,
    voiding,
    wire,
    writing,
)
from integrations.providers.quickbooks_online.entities import BY_NAME, DOCUMENTS, Entity
from integrations.providers.quickbooks_online.lists import closing_date, month_number, reference
from integrations.records import LedgerBalances, LedgerDocument, OpenItems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from decimal import Decimal

    from integrations.provider import Api, Part

#: Where a kind has no searchable number, this many pages of the newest documents are looked through for the marker.
SEARCHED_PAGES = 3
_PARTY = {"Bill": "VendorRef", "VendorCredit": "VendorRef", "Invoice": "CustomerRef", "CreditMemo": "CustomerRef"}
_AGED = {"receivable": "AgedReceivable", "payable": "AgedPayable"}


class QuickBooksBooks:
    """The ``Books`` of a company file. Stateless; every call names its connection."""

    # -- writing ---------------------------------------------------------------------------------------------------

    def payload(self, document: LedgerDocument, *, marker: str, context: Context) -> dict[str, Any]:
        """The exact body for a document. Raises NotSupported."""
        return writing.payload(document, marker=marker, context=context)

    def write(self, api: Api, type_: str, payload: Mapping[str, Any], *, request_id: str) -> WrittenDocument:
        """One POST with the frozen request id. Raises Refused with QuickBooks' code, Unanswered when it may have happened."""
        entity = _entity(type_)
        if type_ in writing.THEIRS and (standing := _same_number(api, entity, payload, _PARTY[type_])):
            if standing.get("PrivateNote") == payload.get("PrivateNote"):
                return _written(api, entity, standing)
            whose = _PARTY[type_].removesuffix("Ref").lower()
            said = f"QuickBooks already has a document {payload['DocNumber']} of this {whose} (id {standing['Id']})"
            raise Refused(said, code="6140")
        try:
            answer = wire.post(api, entity.segment, payload, requestid=request_id)
        except Refused as refusal:
            raise inactive.named(api, payload, refusal) from refusal
        body = answer.get(entity.json_key)
        if not isinstance(body, dict):
            raise Unanswered(f"QuickBooks answered a write without the {type_}")
        try:
            return _written(api, entity, body)
        except PayloadError as error:
            raise Unanswered(f"QuickBooks' answer to a write does not read: {error.path} {error.problem}") from error
        except (RetryLater, Reconnect, Refused) as error:
            raise Unanswered("the document was written, its accounts could not be read back") from error

    @property
    def voidable(self) -> frozenset[str]:
        """What QuickBooks voids; a journal entry and a bill it can only delete."""
        return frozenset(voiding.SPELLINGS)

    def is_untouched(self, api: Api, external_id: str, version: str) -> bool:
        """Whether its SyncToken is still the one we were answered, and nothing is linked to it."""
        return voiding.is_untouched(api, external_id, version)

    def void_payload(self, external_id: str, version: str) -> dict[str, Any]:
        """The body that voids a document as it stood at that version."""
        return voiding.payload(external_id, version)

    def void(self, api: Api, type_: str, payload: Mapping[str, Any], *, request_id: str) -> WrittenDocument:
        """The document at nil. Raises Refused (5010 where somebody changed it meanwhile), Unanswered."""
        return _written(api, _entity(type_), voiding.void(api, type_, payload, request_id=request_id))

    def party(
        self, api: Api, kind: Literal["Vendor", "Customer"], name: str, currency: str = "", *, request_id: str
    ) -> str:
        """``Vendor:46`` of the active one of that name and currency, made where there is none. Raises Refused: 6240 where a
        customer, vendor or employee of another kind has the name, or an inactive one.
        """
        return making.party(api, kind, name, currency, request_id=request_id)

    def item(self, api: Api, account_id: str, name: str, *, request_id: str) -> str:
        """The service item that sells into an account: named like it, or so with the account's id where that name is taken.

        Raises Refused: 6240 where both names are taken, or what QuickBooks has against the account.
        """
        return making.item(api, account_id, name, request_id=request_id)

    def activate(self, api: Api, external_id: str, *, request_id: str) -> str:
        """The name of what is active from now on. Raises Refused: 610 where it is gone, 6240 where its name is taken."""
        return inactive.activate(api, external_id, request_id=request_id)

    def dimensions(self, api: Api) -> Dimensions:
        """Classes and locations, read only where the company's preferences turn them on: lower plans have none."""
        return making.dimensions(api)

    def attach(self, api: Api, external_id: str, file: Part, *, request_id: str) -> str:
        """``Attachable:5`` of the file bound to a document: looked up by document and file name, else uploaded.

        Raises Refused where QuickBooks takes no such file, or knows the document no more.
        """
        return making.attachable(api, external_id, file, request_id=request_id)

    def find(self, api: Api, type_: str, marker: str) -> list[WrittenDocument]:
        """Documents of this type with the marker as their number (or in their note), newest first."""
        entity = _entity(type_)
        rows, _time = wire.query(api, entity, f"DocNumber = {wire.quote(marker)}")
        if not rows and type_ in writing.UNNUMBERED | writing.THEIRS:
            rows = list(_noted(api, entity, marker))
        return [_written(api, entity, row) for row in sorted(rows, key=_newest_first)]

    def read(self, api: Api, external_id: str) -> WrittenDocument | None:
        """The document as it stands; None when QuickBooks knows it no more (610, or a tombstone)."""
        name, _, number = external_id.partition(":")
        entity = _entity(name)
        try:
            body = wire.get(api, f"{entity.segment}/{number}").get(entity.json_key)
        except Refused as refusal:
            if refusal.code in {"610", "404"}:
                return None
            raise
        if not isinstance(body, dict) or body.get("status") == "Deleted":
            return None
        return _written(api, entity, body)

    # -- proofs ----------------------------------------------------------------------------------------------------

    def ledger_month(self, api: Api, month: date, context: Context) -> list[LedgerDocument]:
        """Every posted document dated in the month of ``month``, accrual, from the general ledger report."""
        first = month.replace(day=1)
        last = month.replace(day=monthrange(month.year, month.month)[1])
        report = _report(api, "GeneralLedger", _span(first, last) | {"columns": reports.LEDGER_COLUMNS})
        return reports.read_ledger(report, context)

    def balances(self, api: Api, on: date, context: Context) -> LedgerBalances:
        """The trial balance at a date, accrual; profit and loss since the fiscal year began."""
        info = Payload.of(wire.get(api, f"companyinfo/{api.account_id}")).object("CompanyInfo")
        month = month_number(info, "FiscalYearStartMonth")
        began = on.replace(year=on.year - (on.month < month), month=month, day=1)
        return reports.read_trial_balance(_report(api, "TrialBalance", _span(began, on)), on, context)

    def open_items(self, api: Api, side: Literal["receivable", "payable"], on: date, context: Context) -> OpenItems:
        """Open documents at a date from the ageing detail; one row a party where only the summary is to be had."""
        params = {"report_date": on.isoformat(), "aging_method": "Report_Date"}
        try:
            report = _report(api, f"{_AGED[side]}Detail", params)
        except Refused as refusal:
            if refusal.code not in {"404", "5030"}:
                raise
            report = _report(api, f"{_AGED[side]}s", params)
        return reports.read_open_items(report, side, on, context)

    # -- the lock --------------------------------------------------------------------------------------------------

    def closed_through(self, api: Api) -> date | None:
        """The closing date as QuickBooks reports it; None when the books are open."""
        return closing_date(Payload.of(wire.get(api, "preferences")).object("Preferences"))

    def exchange_rate(self, api: Api, currency: str, on: date) -> Decimal | None:
        """Home per unit as the company's list has it on a day; None where it keeps none, or one currency only.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/exchangerate
        """
        try:
            answer = wire.get(api, "exchangerate", {"sourcecurrencycode": currency, "asofdate": on.isoformat()})
        except Refused:
            return None
        rate = Payload.of(answer).object("ExchangeRate").decimal("Rate")
        return rate if rate > 0 else None

    def close_through(self, api: Api, on: date | None) -> date | None:
        """Set the closing date (None opens all) with the newest SyncToken; gives what QuickBooks reports afterwards.

        The whole block of accounting preferences is sent back: a sparse update replaces nested objects as a whole.
        """
        preferences = Payload.of(wire.get(api, "preferences")).object("Preferences")
        accounting = dict(preferences.object("AccountingInfoPrefs").data)
        accounting["BookCloseDate"] = on.isoformat() if on else ""
        body = {
            "Id": preferences.text("Id", "1"),
            "SyncToken": preferences.text("SyncToken", "0"),
            "sparse": True,
            "AccountingInfoPrefs": accounting,
        }
        wire.post(api, "preferences", body)
        return self.closed_through(api)


def _entity(type_: str) -> Entity:
    entity = BY_NAME.get(type_)
    if entity is None or entity not in DOCUMENTS:
        raise NotSupported(f"{type_} is not a document of QuickBooks")
    return entity


def _written(api: Api, entity: Entity, body: Mapping[str, Any]) -> WrittenDocument:
    """The document as returned; what its payload leaves out is put beside it from the company's accounts."""
    item: dict[str, Any] = {entity.json_key: body}
    context = _context(api, Payload.of(body, f"$.{entity.json_key}"))
    document = _read(item, context)
    if document.missing:
        document = _read(mirror.KnownAccounts(api).beside(item), context)
    return WrittenDocument(
        external_id=document.external_id, version=document.version, document=document, raw=dict(body), trace=""
    )


def _read(item: dict[str, Any], context: Context) -> LedgerDocument:
    record = next(iter(documents.read_documents(Payload.of(item), context)))
    if not isinstance(record, LedgerDocument):
        raise PayloadError("$", "is a tombstone, not a document")
    return record


def _context(api: Api, body: Payload) -> Context:
    """The home currency: the document's own where the company has one only, else as its preferences have it."""
    currency = reference(body, "CurrencyRef")
    if not currency or body.has("ExchangeRate"):
        preferences = Payload.of(wire.get(api, "preferences")).object("Preferences")
        currency = reference(preferences.object("CurrencyPrefs"), "HomeCurrency")
    return Context(timezone=ZoneInfo("UTC"), home_currency=currency, account_id=api.account_id)


def _same_number(api: Api, entity: Entity, payload: Mapping[str, Any], party: str) -> dict[str, Any] | None:
    """A document of the same vendor or customer under the same number: it came by another way too."""
    rows, _time = wire.query(api, entity, f"DocNumber = {wire.quote(str(payload['DocNumber']))}")
    whose = payload[party]["value"]
    return next((row for row in rows if reference(Payload.of(row), party) == whose), None)


def _noted(api: Api, entity: Entity, marker: str) -> Iterator[dict[str, Any]]:
    """Notes cannot be queried: the newest documents are read and their notes compared."""
    for page in range(SEARCHED_PAGES):
        start = page * wire.PAGE_ROWS + 1
        rows, _time = wire.query(api, entity, start=start, order="MetaData.LastUpdatedTime DESC")
        yield from (row for row in rows if marker in str(row.get("PrivateNote") or "").split())
        if len(rows) < wire.PAGE_ROWS:
            return


def _newest_first(row: Mapping[str, Any]) -> int:
    number = str(row.get("Id") or "")
    return -int(number) if number.isdecimal() else 0


def _report(api: Api, name: str, params: Mapping[str, str]) -> Payload:
    return Payload.of(wire.get(api, f"reports/{name}", params))


def _span(first: date, last: date) -> dict[str, str]:
    """Explicit dates and method: the defaults are the company's preference and this fiscal year to date."""
    return {"start_date": first.isoformat(), "end_date": last.isoformat(), "accounting_method": "Accrual"}
