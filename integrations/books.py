"""What an accounting system can do beyond giving streams: be written to, asked for proofs, and locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

    from integrations.dimensions import Dimensions
    from integrations.provider import Api, Context, Part, WrittenDocument
    from integrations.records import LedgerBalances, LedgerDocument, OpenItems


class Books(Protocol):
    """What an accounting system can do beyond giving streams: be written to, asked for proofs, and locked.

    Every write is one document with the request id the outbox froze; ``marker`` is the document number by which a lost
    answer is looked up. Raises Refused (with the provider's code), Unanswered, RetryLater, Reconnect.
    """

    def payload(self, document: LedgerDocument, *, marker: str, context: Context) -> dict[str, Any]:
        """The exact body that will be sent for this document; pure, so that it can be frozen and hashed at approval."""
        ...

    def write(self, api: Api, type_: str, payload: Mapping[str, Any], *, request_id: str) -> WrittenDocument: ...

    @property
    def voidable(self) -> frozenset[str]:
        """The kinds of document that can be voided: they stay, at nil."""
        ...

    def is_untouched(self, api: Api, external_id: str, version: str) -> bool:
        """Whether a document stands as it was written: not changed, paid, applied or deposited since."""
        ...

    def void_payload(self, external_id: str, version: str) -> dict[str, Any]:
        """The exact body that voids a document as it stood at that version; pure."""
        ...

    def void(self, api: Api, type_: str, payload: Mapping[str, Any], *, request_id: str) -> WrittenDocument:
        """The document at nil; one that is so already is that. Raises Refused where somebody changed it meanwhile."""
        ...

    def party(
        self, api: Api, kind: Literal["Vendor", "Customer"], name: str, currency: str = "", *, request_id: str
    ) -> str:
        """``<kind>:<id>`` of the active vendor or customer of that name, made where there is none.

        ``currency`` is the one its documents are in, '' where the company has one only.
        """
        ...

    def item(self, api: Api, account_id: str, name: str, *, request_id: str) -> str:
        """The id of the service item of that name which sells into an account, made where there is none."""
        ...

    def activate(self, api: Api, external_id: str, *, request_id: str) -> str:
        """The name of an account, vendor or customer (``Account:12``) that is active from now on; one that is so stays.

        Raises Refused where it is gone, or another one has its name by now.
        """
        ...

    def dimensions(self, api: Api) -> Dimensions:
        """The classes and departments as the company keeps them now."""
        ...

    def attach(self, api: Api, external_id: str, file: Part, *, request_id: str) -> str:
        """The id (``Attachable:<id>``) of a file bound to a document, put there unless one of that name is bound to it."""
        ...

    def find(self, api: Api, type_: str, marker: str) -> list[WrittenDocument]:
        """Documents carrying this marker, newest first; two of them are a double."""
        ...

    def read(self, api: Api, external_id: str) -> WrittenDocument | None:
        """The document as it stands now; None if it is gone."""
        ...

    def ledger_month(self, api: Api, month: date, context: Context) -> list[LedgerDocument]:
        """Every posted document dated in the month with exact lines, from the general ledger report."""
        ...

    def balances(self, api: Api, on: date, context: Context) -> LedgerBalances: ...

    def open_items(self, api: Api, side: Literal["receivable", "payable"], on: date, context: Context) -> OpenItems: ...

    def close_through(self, api: Api, on: date | None) -> date | None:
        """Set the closing date (None opens all) and give back the date the system itself reports afterwards."""
        ...

    def closed_through(self, api: Api) -> date | None: ...

    def exchange_rate(self, api: Api, currency: str, on: date) -> Decimal | None: ...
