"""One QuickBooks company (realm): everything a caller or the control surface can ask of it, one lock around it."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks import attachments, batches, merging, query
from integrations.sandbox.quickbooks.amounts import dump
from integrations.sandbox.quickbooks.books import Books, Held
from integrations.sandbox.quickbooks.catalogue import KINDS
from integrations.sandbox.quickbooks.changes import captured
from integrations.sandbox.quickbooks.faults import QuickBooksFault, not_found
from integrations.sandbox.quickbooks.profile import STANDARD_METHODS, STANDARD_TERMS, Profile
from integrations.sandbox.quickbooks.rendering import answer_time, render
from integrations.sandbox.quickbooks.reports import build
from integrations.sandbox.quickbooks.seeding import Keys, kind_name, load
from integrations.sandbox.quickbooks.writing import API, USER, Change, Request, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from integrations.sandbox.quickbooks.seeding import SeedDocument

Body = dict[str, Any]
Record = dict[str, Any]


def _now() -> datetime:
    return datetime.now(UTC)


class Company:
    """A realm with its books.

    Guarantees: every accepted write is handed to `on_record` as a JSON-ready dict before it is answered; `apply` of the
    same records in the same order on the same seed restores the same objects, ids, tokens and `requestid` answers.
    `on_change` hears of each change (for webhooks). Both are called with the company's lock held: keep them short.
    """

    def __init__(
        self,
        profile: Profile,
        seeds: Iterable[SeedDocument] = (),
        *,
        clock: Callable[[], datetime] = _now,
        on_record: Callable[[Record], None] | None = None,
        on_change: Callable[[Change], None] | None = None,
    ) -> None:
        self.profile = profile
        self.zone = profile.zone
        self.clock = clock
        self.on_record = on_record
        self.on_change = on_change
        self.books = Books()
        self.writer = Writer(self.books, self.zone)
        self.keys = Keys(self.books)
        self.files: dict[str, bytes] = {}
        # Off, the company forgets what it answered: callers must not rely on request ids alone.
        self.honours_request_ids = True
        self._answers: dict[str, tuple[str, bytes]] = {}
        self._lock = threading.RLock()
        self._open()
        load(seeds, self.writer, self.keys)

    def _open(self) -> None:
        at = self.profile.opened_at
        for kind, content in (
            ("CompanyInfo", self.profile.company_info()),
            ("Preferences", self.profile.preferences()),
        ):
            self.books.put(Held(kind, "1", content, at, at))
        for name, days in STANDARD_TERMS:
            self.writer.write(Request("Term", "create", {"Name": name, "DueDays": days}, at, USER))
        for name in STANDARD_METHODS:
            self.writer.write(Request("PaymentMethod", "create", {"Name": name}, at, USER))
        for code in ("TAX", "NON"):
            content = {"Name": code, "Description": code, "Active": True, "Taxable": code == "TAX", "TaxGroup": False}
            self.books.put(Held("TaxCode", code, content, at, at))

    # -- reading --------------------------------------------------------------------------------------------------

    def read(self, kind: str, identifier: str) -> Body:
        """The object as answered; 610 when it is deleted or never was."""
        with self._lock:
            held = self.books.find(kind, identifier)
            if held is None:
                raise not_found()
            return render(held, self.books, self.zone)

    def query(self, statement: str) -> Body:
        """A QueryResponse object."""
        with self._lock:
            return query.run(query.parse(statement), self.books, self.zone)

    def changes_since(self, entities: str, since: str) -> list[Body]:
        """The QueryResponse list of a change data capture answer."""
        with self._lock:
            return captured(self.books, self.zone, entities, since, self.clock())

    def report(self, name: str, parameters: Mapping[str, str]) -> Body:
        with self._lock:
            return build(name, parameters, self.books, self.profile, self.clock())

    def time(self) -> str:
        """The `time` of an answer, in the company's own offset."""
        return answer_time(self.clock(), self.zone)

    # -- writing --------------------------------------------------------------------------------------------------

    def write(
        self,
        kind: str,
        operation: str,
        body: Body,
        *,
        request_id: str = "",
        author: str = API,
        allow_duplicate_number: bool = False,
    ) -> bytes:
        """Carry out one write and answer its JSON; the same request id answers what it answered the first time.

        Raises `QuickBooksFault`: nothing was changed, and the request id stays free.
        """
        record = {
            "method": "write",
            "kind": kind,
            "operation": operation,
            "body": dump(body).decode(),
            "author": author,
            "allow_duplicate_number": allow_duplicate_number,
        }
        return self._once(record, request_id)

    def batch(self, body: Body, *, request_id: str = "") -> bytes:
        return self._once({"method": "batch", "body": dump(body).decode()}, request_id)

    def upload(self, metadata: Body, content: bytes, *, request_id: str = "") -> bytes:
        """Keep a file as an Attachable and answer its AttachableResponse."""
        packed = base64.b64encode(content).decode()
        return self._once({"method": "upload", "body": dump(metadata).decode(), "content": packed}, request_id)

    def edit_as_user(self, kind: str, identifier: str, changes: Body) -> Change:
        """A change made in the browser: no SyncToken, closing date or not. Lines given replace all lines."""
        self.write(kind_name(kind), "update", {**changes, "Id": identifier, "sparse": True}, author=USER)
        held = self.books.held[kind_name(kind)][identifier]
        return Change(held.kind, held.id, "Update", held.updated_at, held.token)

    def create_as_user(self, kind: str, body: Body) -> str:
        """An object entered in the browser; its id."""
        answer = json.loads(self.write(kind_name(kind), "create", body, author=USER))
        return str(answer[kind_name(kind)]["Id"])

    def delete_as_user(self, kind: str, identifier: str) -> None:
        self.write(kind_name(kind), "delete", {"Id": identifier}, author=USER)

    def merge_as_user(self, kind: str, loser: str, winner: str) -> None:
        """What renaming one account, vendor or customer to another's name does: two ids become one."""
        self._once({"method": "merge", "kind": kind, "body": dump({"loser": loser, "winner": winner}).decode()}, "")

    def apply(self, record: Record) -> None:
        """Repeat a recorded write at its recorded time, telling nobody."""
        with self._lock:
            self._carry_out(record, datetime.fromisoformat(record["at"]), silent=True)

    def _once(self, record: Record, request_id: str) -> bytes:
        digest = hashlib.sha256(dump(record)).hexdigest()
        with self._lock:
            if self.honours_request_ids and request_id in self._answers:
                first, answer = self._answers[request_id]
                if first != digest:
                    raise QuickBooksFault("600", f"Duplicate request id: {request_id} was used for another request")
                return answer
            at = self.clock().astimezone(UTC).replace(microsecond=0)
            record = {**record, "at": at.isoformat(), "request_id": request_id, "digest": digest}
            return self._carry_out(record, at, silent=False)

    def _carry_out(self, record: Record, at: datetime, *, silent: bool) -> bytes:
        body = json.loads(record["body"], parse_float=Decimal)
        heard: list[Change] = []
        answer = dump(self._answer(record, body, at, heard))
        if record.get("request_id"):
            self._answers[record["request_id"]] = (record["digest"], answer)
        if not silent:
            if self.on_record is not None and (heard or record.get("request_id")):
                self.on_record(record)
            for change in heard if self.on_change is not None else ():
                assert self.on_change is not None
                self.on_change(change)
        return answer

    def _answer(self, record: Record, body: Body, at: datetime, heard: list[Change]) -> Body:
        time = answer_time(at, self.zone)
        if record["method"] == "batch":
            return {"BatchItemResponse": batches.run(self, body, at, heard), "time": time}
        if record["method"] == "merge":
            heard.append(merging.merge(self.books, record["kind"], body["loser"], body["winner"], at))
            return {"time": time}
        if record["method"] == "upload":
            content = base64.b64decode(record["content"])
            return {"AttachableResponse": [attachments.keep(self, body, content, at, heard)], "time": time}
        request = Request(
            record["kind"], record["operation"], body, at, record["author"], record["allow_duplicate_number"]
        )
        return {record["kind"]: self.carry_out(request, heard), "time": time}

    def carry_out(self, request: Request, heard: list[Change]) -> Body:
        """One write inside the lock; the object as it is afterwards, or its deletion stub."""
        change = self.writer.write(request)
        heard.append(change)
        if change.operation == "Delete":
            if change.kind == "Attachable":
                self.files.pop(change.id, None)
            return {"domain": "QBO", "status": "Deleted", "Id": change.id}
        return render(self.books.held[change.kind][change.id], self.books, self.zone)

    # -- for the control surface ----------------------------------------------------------------------------------

    def id_of(self, reference: str) -> str:
        """The id behind a seed placeholder, `Bill:rent-2026-02` or `Account:Checking`."""
        return self.keys.id_of(reference)[1]

    def ids_by_key(self, kind: str) -> dict[str, str]:
        return {key: identifier for (found, key), identifier in self.keys.by_key.items() if found == kind_name(kind)}

    def kinds(self) -> tuple[str, ...]:
        return tuple(KINDS)
