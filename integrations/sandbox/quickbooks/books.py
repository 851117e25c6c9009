"""One company's objects in memory, with the indexes that make balances, names, links and reports quick.

`Books` is passive: it stores what it is given and answers questions. Rules live in `preparing` and `writing`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.amounts import cents
from integrations.sandbox.quickbooks.catalogue import ACCOUNT_TYPES, KINDS, AccountType
from integrations.sandbox.quickbooks.faults import broken_rule
from integrations.sandbox.quickbooks.postings import Posting, ref

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

ROLES = {
    "receivable": ("Accounts Receivable", "", "Accounts Receivable (A/R)"),
    "payable": ("Accounts Payable", "", "Accounts Payable (A/P)"),
    "undeposited": ("Other Current Asset", "UndepositedFunds", "Undeposited Funds"),
    "sales_tax": ("Other Current Liability", "SalesTaxPayable", "Sales Tax Payable"),
    "retained": ("Equity", "RetainedEarnings", "Retained Earnings"),
    "exchange": ("Other Expense", "ExchangeGainOrLoss", "Exchange Gain or Loss"),
}


@dataclass(slots=True)
class Held:
    """An object as stored: `content` is the prepared body without Id, SyncToken, MetaData and computed figures."""

    kind: str
    id: str
    content: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    token: int = 0
    on: date | None = None
    postings: tuple[Posting, ...] = ()
    #: Home cents that a settlement in another currency takes off each document.
    reliefs: dict[str, int] = field(default_factory=dict)


class Books:
    def __init__(self) -> None:
        self.held: dict[str, dict[str, Held]] = {name: {} for name in KINDS}
        self.tombstones: dict[str, dict[str, datetime]] = {name: {} for name in KINDS}
        self.documents: dict[str, Held] = {}
        self.months: dict[tuple[int, int], dict[str, Held]] = defaultdict(dict)
        self.days: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        self.links: dict[str, dict[str, int]] = defaultdict(dict)
        self.names: dict[tuple[str, str], Held] = {}
        self.doc_numbers: dict[tuple[str, str], dict[str, Held]] = defaultdict(dict)
        self.entity_balances: dict[tuple[str, str], int] = defaultdict(int)
        self.role_ids: dict[tuple[str, str], str] = {}
        self._sequences: dict[str, int] = defaultdict(int)

    def next_id(self, kind: str) -> str:
        """Ids are shared by all documents, by customers/vendors/employees, and counted per kind otherwise."""
        entry = KINDS[kind]
        return self.next_id_of("document" if entry.is_document else entry.namespace or kind)

    def next_id_of(self, sequence: str) -> str:
        self._sequences[sequence] += 1
        return str(self._sequences[sequence])

    def find(self, kind: str, identifier: str) -> Held | None:
        return self.held[kind].get(identifier)

    def named(self, kind: str, name: str) -> Held | None:
        """The object of that kind with that (fully qualified or display) name, whatever its case."""
        held = self.names.get((KINDS[kind].namespace, name.casefold()))
        return held if held is not None and held.kind == kind else None

    # -- accounts -------------------------------------------------------------------------------------------------

    def account_type(self, account_id: str) -> AccountType:
        return ACCOUNT_TYPES[self.held["Account"][account_id].content["AccountType"]]

    @property
    def _currency_prefs(self) -> dict[str, Any]:
        held = self.held["Preferences"].get("1")
        return dict(held.content["CurrencyPrefs"]) if held else {}

    @property
    def home(self) -> str:
        """The company's own currency."""
        return ref(self._currency_prefs, "HomeCurrency") or "USD"

    @property
    def is_multicurrency(self) -> bool:
        return bool(self._currency_prefs.get("MultiCurrencyEnabled"))

    def role(self, name: str, currency: str = "") -> str:
        """The id of the account that plays a role; the engine creates it (see `writing`) before it is needed."""
        key = name, currency or self.home
        found = self.role_ids.get(key) or self._search_role(*key)
        if not found:
            raise broken_rule(f"The company has no account for {ROLES[name][2]}.")
        self.role_ids[key] = found
        return found

    def has_role(self, name: str, currency: str = "") -> bool:
        key = name, currency or self.home
        return bool(self.role_ids.get(key) or self._search_role(*key))

    def _search_role(self, name: str, currency: str) -> str:
        account_type, sub_type, label = ROLES[name]
        for held in self.held["Account"].values():
            content = held.content
            if content["AccountType"] != account_type or not content.get("Active", True):
                continue
            if ref(content, "CurrencyRef") != currency:
                continue
            if not sub_type or content.get("AccountSubType") == sub_type or content["Name"] == label:
                return held.id
        return ""

    def item_account(self, item_id: str, side: str) -> str:
        content = self.held["Item"][item_id].content
        keys = ("IncomeAccountRef",) if side == "income" else ("ExpenseAccountRef", "COGSAccountRef")
        for key in keys:
            if found := ref(content, key):
                return found
        raise broken_rule(f"The item {content['Name']} has no {side} account.")

    def balance(self, account_id: str, until: date | None = None, since: date | None = None) -> int:
        """Debit-positive cents of movement on an account between two dates, both included."""
        days = self.days.get(account_id)
        if not days:
            return 0
        return sum(
            amount for on, amount in days.items() if (until is None or on <= until) and (since is None or on >= since)
        )

    def is_named(self, kind: str, identifier: str) -> bool:
        """Whether a document moves this account, or names this party."""
        if kind == "Account":
            return identifier in self.days
        return any(
            posting.entity == (kind, identifier) for held in self.documents.values() for posting in held.postings
        )

    # -- storing --------------------------------------------------------------------------------------------------

    def put(self, held: Held) -> None:
        """Store a new object, or a changed one after `take` removed its old form."""
        self.held[held.kind][held.id] = held
        self.tombstones[held.kind].pop(held.id, None)
        kind = KINDS[held.kind]
        if kind.is_list:
            self._put_name(held, kind.namespace, kind.name_field)
        if kind.is_document:
            self._put_document(held)

    def take(self, held: Held) -> None:
        """Remove an object with all its traces; `put` brings its new form back."""
        del self.held[held.kind][held.id]
        kind = KINDS[held.kind]
        if kind.is_list:
            for key in [key for key in self._name_keys(held, kind.namespace, kind.name_field) if key in self.names]:
                if self.names[key].id == held.id and self.names[key].kind == held.kind:
                    del self.names[key]
            self.role_ids.clear()
        if kind.is_document:
            self._take_document(held)

    def _name_keys(self, held: Held, namespace: str, name_field: str) -> set[tuple[str, str]]:
        full = held.content.get("FullyQualifiedName") or held.content.get(name_field) or ""
        return {(namespace, str(full).casefold())}

    def _put_name(self, held: Held, namespace: str, name_field: str) -> None:
        for key in self._name_keys(held, namespace, name_field):
            self.names[key] = held

    def _put_document(self, held: Held) -> None:
        assert held.on is not None
        self.documents[held.id] = held
        self.months[held.on.year, held.on.month][held.id] = held
        self._move(held, 1)
        for target, amount in links_of(held.content):
            self.links[target][held.id] = self.links[target].get(held.id, 0) + amount
        if number := held.content.get("DocNumber"):
            self.doc_numbers[held.kind, str(number)][held.id] = held

    def _take_document(self, held: Held) -> None:
        assert held.on is not None
        del self.documents[held.id]
        del self.months[held.on.year, held.on.month][held.id]
        self._move(held, -1)
        for target, _ in links_of(held.content):
            self.links[target].pop(held.id, None)
        if number := held.content.get("DocNumber"):
            self.doc_numbers[held.kind, str(number)].pop(held.id, None)

    def _move(self, held: Held, sign: int) -> None:
        for posting in held.postings:
            assert held.on is not None
            self.days[posting.account][held.on] += sign * posting.amount
            if posting.entity and self._is_open_account(posting.account):
                self.entity_balances[posting.entity] += sign * posting.own

    def _is_open_account(self, account_id: str) -> bool:
        return self.held["Account"][account_id].content["AccountType"] in {"Accounts Receivable", "Accounts Payable"}

    # -- what is linked to what -----------------------------------------------------------------------------------

    def applied(self, document_id: str, until: date | None = None) -> int:
        """Cents other documents have applied to this one (bill payments to a bill, payments to an invoice …)."""
        return sum(
            amount
            for source, amount in self.links.get(document_id, {}).items()
            if until is None or self._on(source) <= until
        )

    def _on(self, document_id: str) -> date:
        on = self.documents[document_id].on
        assert on is not None
        return on

    def between(self, since: date, until: date) -> Iterable[Held]:
        """Documents dated in the range, by date and then by id."""
        found = [
            held
            for (year, month), group in self.months.items()
            if (since.year, since.month) <= (year, month) <= (until.year, until.month)
            for held in group.values()
            if held.on is not None and since <= held.on <= until
        ]
        return sorted(found, key=lambda held: (held.on, int(held.id)))


def links_of(content: dict[str, Any]) -> list[tuple[str, int]]:
    """(target id, cents) of every line that settles or carries another document."""
    return [
        (str(link["TxnId"]), cents(line["Amount"]))
        for line in content.get("Line") or ()
        for link in line.get("LinkedTxn") or ()
        if "TxnId" in link and line.get("Amount") is not None
    ]
