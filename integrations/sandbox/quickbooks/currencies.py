"""Companies that trade in several currencies: what a document may be in, and what it is worth in home currency.

Amounts of a document are in its own currency (``CurrencyRef``), ``ExchangeRate`` is home per unit of it. Receivables and
payables are relieved at the rate of what is settled; what the settlement's own rate makes of it goes to exchange gain or loss.
https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-multiple-currencies
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.amounts import cents, number
from integrations.sandbox.quickbooks.catalogue import ACCOUNT_TYPES
from integrations.sandbox.quickbooks.faults import QuickBooksFault, broken_rule
from integrations.sandbox.quickbooks.postings import Posting, ref

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.sandbox.quickbooks.books import Books

Body = dict[str, Any]
NAMES = {
    "USD": "United States Dollar",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "CAD": "Canadian Dollar",
    "JPY": "Japanese Yen",
}
WRONG = "The currency of the transaction is invalid for customer / vendor / account."
ONE = "You can only use one foreign currency per transaction."
_SETTLED = {"BillPayment": {"Bill": -1, "VendorCredit": 1}, "Payment": {"Invoice": 1, "CreditMemo": -1}}
_OPEN = frozenset({"Accounts Receivable", "Accounts Payable"})


def reference(code: str) -> Body:
    return {"value": code, "name": NAMES.get(code, code)}


def place_currency(content: Body, books: Books) -> None:
    """The currency a list object or document is in: as given, else the company's own; 6000 where it keeps no other."""
    given = ref(content, "CurrencyRef") or books.home
    if given != books.home and not books.is_multicurrency:
        raise broken_rule(f"Multicurrency is not enabled for this company: {given} cannot be used.")
    content["CurrencyRef"] = reference(given)


def check_account_currency(content: Body, books: Books) -> None:
    """Income, expenses and equity are kept in home currency."""
    known = ACCOUNT_TYPES[content["AccountType"]]
    if ref(content, "CurrencyRef") != books.home and (known.is_profit_and_loss or content["AccountType"] == "Equity"):
        raise broken_rule(f"An account of type {content['AccountType']} is kept in {books.home}.")


def rate_of(content: Body) -> Decimal:
    """Home currency per unit of the document's own. Raises `QuickBooksFault` for what is no rate."""
    try:
        rate = Decimal(str(content.get("ExchangeRate", 1)))
    except ArithmeticError as error:
        raise QuickBooksFault("2010", "ExchangeRate", element="ExchangeRate") from error
    if not rate.is_finite() or rate <= 0:
        raise QuickBooksFault("2010", f"ExchangeRate {rate}", element="ExchangeRate")
    return rate


def check_currencies(content: Body, found: Sequence[Posting], books: Books) -> None:
    """One foreign currency a document; names and open accounts in the document's, other accounts in it or at home."""
    if not books.is_multicurrency:
        return
    currency = ref(content, "CurrencyRef")
    if currency == books.home and rate_of(content) != 1:
        raise broken_rule("The exchange rate of the home currency is 1.")
    for posting in found:
        account = books.held["Account"][posting.account].content
        kept = ref(account, "CurrencyRef") or books.home
        if kept not in {currency, books.home}:
            raise broken_rule(WRONG if currency == books.home else ONE)
        if account["AccountType"] in _OPEN:
            _check_open(kept, posting, currency, books)


def _check_open(kept: str, posting: Posting, currency: str, books: Books) -> None:
    held = books.find(*posting.entity) if posting.entity else None
    whose = (ref(held.content, "CurrencyRef") or books.home) if held else currency
    if {kept, whose} != {currency}:
        raise broken_rule(WRONG)


def is_foreign(content: Body, books: Books) -> bool:
    return ref(content, "CurrencyRef") not in {"", books.home}


def home_of(amount: int, rate: Decimal) -> int:
    """Home cents of cents in another currency."""
    return int((Decimal(amount) * rate).to_integral_value(rounding=ROUND_HALF_UP))


def valued(
    kind: str, content: Body, found: Sequence[Posting], books: Books
) -> tuple[tuple[Posting, ...], dict[str, int]]:
    """The postings in home currency with their own amounts beside them; and home cents relieved by document settled."""
    rate, currency = rate_of(content), ref(content, "CurrencyRef")
    reliefs = _reliefs(kind, content, books) if kind in _SETTLED else {}
    worth = [
        posting._replace(amount=home_of(posting.amount, rate), foreign=posting.amount, currency=currency)
        for posting in found
    ]
    if reliefs:
        return tuple(_settled(kind, content, worth, reliefs, rate, books)), reliefs
    rest = sum(posting.amount for posting in worth)
    if rest:
        # The document's own line is its total at the rate; a journal entry has none. The largest other bears the cents.
        others = range(0 if kind == "JournalEntry" else 1, len(worth))
        largest = max(others, key=lambda index: abs(worth[index].amount))
        worth[largest] = worth[largest]._replace(amount=worth[largest].amount - rest)
    return tuple(worth), {}


def _reliefs(kind: str, content: Body, books: Books) -> dict[str, int]:
    """Home cents by settled document, as they move its open account: together never more than it is worth."""
    found: dict[str, int] = {}
    for line in content.get("Line") or ():
        for link in line.get("LinkedTxn") or ():
            target = books.documents.get(str(link.get("TxnId")))
            sign = _SETTLED[kind].get(str(link.get("TxnType")))
            if target is None or sign is None:
                continue
            rate, before = rate_of(target.content), books.applied(target.id)
            after = before + cents(line["Amount"])
            found[target.id] = found.get(target.id, 0) - sign * (home_of(after, rate) - home_of(before, rate))
    return found


def _settled(
    kind: str, content: Body, worth: Sequence[Posting], reliefs: dict[str, int], rate: Decimal, books: Books
) -> list[Posting]:
    """The open account at the rates of what is settled (the rest at the document's own), and the difference."""
    party, role = ("VendorRef", "payable") if kind == "BillPayment" else ("CustomerRef", "receivable")
    currency = ref(content, "CurrencyRef")
    account = ref(content, {"payable": "APAccountRef", "receivable": "ARAccountRef"}[role]) or books.role(
        role, currency
    )
    entity = (party.removesuffix("Ref"), ref(content, party))
    others = [posting for posting in worth if posting.account != account]
    foreign = sum(posting.foreign for posting in worth if posting.account == account)
    loose = home_of(foreign - sum(_linked(kind, content)), rate)
    relieved = Posting(account, sum(reliefs.values()) + loose, entity, foreign=foreign, currency=currency)
    found = [*others, relieved]
    if rest := sum(posting.amount for posting in found):
        found.append(Posting(books.role("exchange"), -rest, memo="Exchange gain or loss"))
    return [posting for posting in found if posting.amount]


def _linked(kind: str, content: Body) -> list[int]:
    """Cents in the document's currency on the open account, debit positive, of each settling line."""
    return [
        -_SETTLED[kind].get(str(link.get("TxnType")), 0) * cents(line["Amount"])
        for line in content.get("Line") or ()
        for link in line.get("LinkedTxn") or ()
    ]


def home_figures(content: Body, open_amount: int | None) -> Body:
    """What an answer says of a foreign document in home currency."""
    rate = rate_of(content)
    said: Body = {"ExchangeRate": content.get("ExchangeRate", 1)}
    if "TotalAmt" in content:
        total = cents(content["TotalAmt"])
        said["HomeTotalAmt"] = number(home_of(total, rate) if total else 0)
    if open_amount is not None:
        said["HomeBalance"] = number(home_of(open_amount, rate))
    return said
