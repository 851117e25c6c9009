"""What QuickBooks refuses once a body is well-formed: closed periods, taken numbers, wrong accounts, wrong links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.amounts import cents
from integrations.sandbox.quickbooks.faults import QuickBooksFault, broken_rule
from integrations.sandbox.quickbooks.postings import entity_of, ref
from integrations.sandbox.quickbooks.preparing import amount_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.quickbooks.books import Books, Held

Body = dict[str, Any]
# LinkedTxn.TxnType as sent on a settling line → the kind it must point to, and +1 where it is being paid, −1 where it pays.
SETTLES = {
    "BillPayment": {"Bill": 1, "VendorCredit": -1},
    "Payment": {"Invoice": 1, "CreditMemo": -1},
}
DEPOSITABLE = frozenset({"Payment", "SalesReceipt", "JournalEntry"})
_MONEY_ACCOUNTS = frozenset({"Bank", "Credit Card"})


def check_accounts(kind: str, content: Body, books: Books) -> None:
    """Each document insists on the type of the accounts that make it what it is."""
    if kind == "Purchase":
        wanted = "Credit Card" if content["PaymentType"] == "CreditCard" else "Bank"
        _must_be(books, ref(content, "AccountRef"), {wanted}, "AccountRef")
        if content.get("Credit") and content["PaymentType"] != "CreditCard":
            raise broken_rule("Only a credit card purchase can be a credit.")
    elif kind == "BillPayment":
        cheque = ref(content.get("CheckPayment") or {}, "BankAccountRef")
        card = ref(content.get("CreditCardPayment") or {}, "CCAccountRef")
        if not (cheque if content["PayType"] == "Check" else card):
            raise broken_rule("Select an account to pay from.")
        _must_be(books, cheque or card, {"Bank"} if cheque else {"Credit Card"}, "PayType")
    elif kind == "CreditCardPaymentTxn":
        _must_be(books, ref(content, "BankAccountRef"), {"Bank"}, "BankAccountRef")
        _must_be(books, ref(content, "CreditCardAccountRef"), {"Credit Card"}, "CreditCardAccountRef")
    elif kind == "Transfer":
        accounts = ref(content, "FromAccountRef"), ref(content, "ToAccountRef")
        if accounts[0] == accounts[1]:
            raise broken_rule("Choose two different accounts to transfer between.")
        if any(books.account_type(account).is_profit_and_loss for account in accounts):
            raise broken_rule("A transfer moves funds between balance sheet accounts only.")
    elif kind == "JournalEntry":
        _check_open_lines(content, books)


def _must_be(books: Books, account_id: str, types: set[str], element: str) -> None:
    found = books.held["Account"][account_id].content["AccountType"]
    if found not in types:
        text = f"{element} must be an account of type {' or '.join(sorted(types))}, not {found}."
        raise QuickBooksFault("6000", f"Business Validation Error: {text}", element=element)


def _check_open_lines(content: Body, books: Books) -> None:
    wants = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}
    used = set()
    for line in content["Line"]:
        detail = line.get("JournalEntryLineDetail")
        if not detail:
            continue
        account_id = ref(detail, "AccountRef")
        who = wants.get(books.held["Account"][account_id].content["AccountType"])
        if who is None:
            continue
        used.add(account_id)
        entity = entity_of(detail.get("Entity") or {})
        if entity is None or entity[0] != who:
            raise broken_rule(
                f"When you use the account of type {who}s you must choose a {who.lower()} in the Name field."
            )
    if len(used) > 1:
        raise broken_rule("A journal entry can use only one accounts receivable or accounts payable account.")


def check_number(kind: str, content: Body, books: Books, changing: Held | None) -> None:
    """6140 when the number is taken; a bill's number only counts among the same vendor's bills."""
    number = str(content.get("DocNumber") or "")
    for held in books.doc_numbers.get((kind, number), {}).values() if number else ():
        if changing is not None and held.id == changing.id:
            continue
        if kind == "Bill" and ref(held.content, "VendorRef") != ref(content, "VendorRef"):
            continue
        raise QuickBooksFault(
            "6140",
            "Duplicate Document Number Error : You must specify a different number. This number has already been used. "
            f"DocNumber={number} is assigned to TxnType={kind} with TxnId={held.id}",
        )


# -- links ------------------------------------------------------------------------------------------------------------


def linked_lines(content: Body) -> Iterator[tuple[str, str, int]]:
    """(target id, TxnType, cents) of each linked line."""
    for line in content.get("Line") or ():
        for link in line.get("LinkedTxn") or ():
            yield str(link.get("TxnId")), str(link.get("TxnType")), amount_of(line, "Amount")


def check_links(kind: str, content: Body, books: Books, changing: Held | None) -> None:
    """Links point to open documents of the same party, and never apply more than is open."""
    own = changing.id if changing else ""
    if kind == "Deposit":
        for target, txn_type, amount in linked_lines(content):
            _check_deposited(books, target, txn_type, amount, own)
        return
    if kind not in SETTLES:
        return
    party = "VendorRef" if kind == "BillPayment" else "CustomerRef"
    settled = 0
    for target, txn_type, amount in linked_lines(content):
        sign = SETTLES[kind].get(txn_type)
        held = books.documents.get(target)
        if sign is None or held is None or held.kind != txn_type:
            raise QuickBooksFault("620", f"Transaction {txn_type} {target} cannot be linked to a {kind}.")
        if ref(held.content, party) != ref(content, party):
            raise broken_rule(f"{txn_type} {target} belongs to another {party.removesuffix('Ref').lower()}.")
        others = sum(cents_ for source, cents_ in books.links.get(target, {}).items() if source != own)
        if amount + others > cents(held.content["TotalAmt"]):
            raise broken_rule(f"The amount applied to {txn_type} {target} is more than its open balance.")
        settled += sign * amount
    if cents(content["TotalAmt"]) < settled:
        raise broken_rule("The total amount is less than what is applied.")


def _check_deposited(books: Books, target: str, txn_type: str, amount: int, own: str) -> None:
    held = books.documents.get(target)
    if held is None or held.kind != txn_type or txn_type not in DEPOSITABLE:
        raise QuickBooksFault("620", f"Transaction {txn_type} {target} cannot be linked to a Deposit.")
    undeposited = books.role("undeposited")
    waiting = sum(posting.own for posting in held.postings if posting.account == undeposited)
    if waiting != amount:
        raise broken_rule(f"{txn_type} {target} does not hold this amount in Undeposited Funds.")
    if any(books.documents[source].kind == "Deposit" and source != own for source in books.links.get(target, {})):
        raise broken_rule(f"{txn_type} {target} is already on a deposit.")


def check_not_deposited(held: Held, books: Books) -> None:
    """6540 while a deposit carries the receipt."""
    if any(books.documents[source].kind == "Deposit" for source in books.links.get(held.id, {})):
        raise QuickBooksFault("6540", "The transaction has been deposited. Take it off the deposit first.")


def check_still_covered(held: Held, content: Body, books: Books) -> None:
    """A settled document cannot shrink below what was applied to it."""
    if held.kind in {"Bill", "Invoice", "VendorCredit", "CreditMemo"} and cents(content["TotalAmt"]) < books.applied(
        held.id
    ):
        raise broken_rule("The new total is less than the payments applied to this transaction.")
