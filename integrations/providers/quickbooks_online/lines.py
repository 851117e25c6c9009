"""The lines of a posted document in the making: what each line of a payload says, and what it leaves unsaid. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integrations.providers.quickbooks_online.entities import document_type
from integrations.providers.quickbooks_online.lists import reference
from integrations.records import LedgerLine

if TYPE_CHECKING:
    from integrations.payload import Payload

#: The accounts a company has exactly one of, as the pull found them beside the document.
ROLES = {
    "payable": "the accounts payable account",
    "receivable": "the accounts receivable account",
    "undeposited": "the undeposited funds account",
}


@dataclass(slots=True)
class Draft:
    """Lines in the making. Amounts are signed: positive debits, negative credits."""

    body: Payload
    currency: str
    accounts: Payload | None
    department: str = ""
    party: str = ""
    lines: list[LedgerLine] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    total: int = 0

    def add(self, account: str, amount: int, *, lacking: str, line: LedgerLine | None = None) -> None:
        """One posting; zero amounts post nothing, an unknown account is named in ``missing``."""
        if not amount:
            return
        self.total += amount
        if not account:
            self.lack(lacking)
            return
        told = line or LedgerLine(account_id="", party=self.party, department=self.department)
        self.lines.append(
            LedgerLine(
                account_id=account,
                debit=max(amount, 0),
                credit=max(-amount, 0),
                memo=told.memo,
                party=told.party or self.party,
                department=told.department or self.department,
                klass=told.klass,
                settles=told.settles,
                item=told.item,
            )
        )

    def lack(self, what: str) -> None:
        if what not in self.missing:
            self.missing.append(what)

    def role(self, name: str, told: str = "") -> str:
        """The id the document itself tells, else that of the company's only such account, else ''."""
        if told or self.accounts is None:
            return told
        return self.accounts.text(name, "")

    def amount(self, name: str) -> int:
        return self.body.minor(name, self.currency)


def entity(body: Payload, name: str) -> str:
    """``Vendor:46`` from a reference that carries its type, in either published spelling."""
    outer = body.object_or_none(name)
    if outer is None:
        return ""
    inner = outer.object_or_none("EntityRef") or outer
    word = outer.text("Type", "") or inner.text("type", "")
    number = reference(outer, "EntityRef") if outer.has("EntityRef") else reference(body, name)
    return f"{word.capitalize()}:{number}" if word and number else ""


def told(line: Payload, detail: Payload) -> LedgerLine:
    customer = reference(detail, "CustomerRef")
    return LedgerLine(
        account_id="",
        memo=line.text("Description", ""),
        party=entity(detail, "Entity") or (f"Customer:{customer}" if customer else ""),
        department=reference(detail, "DepartmentRef"),
        klass=reference(detail, "ClassRef"),
        item=reference(detail, "ItemRef"),
    )


def _item_label(detail: Payload) -> str:
    inner = detail.object_or_none("ItemRef")
    number = reference(detail, "ItemRef")
    name = inner.text("name", "") if inner else ""
    return f"the account behind item {name or '?'} ({number})" if number else "the item of a line"


def spend(draft: Draft, sign: int) -> None:
    for line in draft.body.objects("Line"):
        detail = line.object_or_none("AccountBasedExpenseLineDetail")
        item = line.object_or_none("ItemBasedExpenseLineDetail")
        if detail is not None:
            amount = sign * line.minor("Amount", draft.currency)
            draft.add(reference(detail, "AccountRef"), amount, lacking="the account of a line", line=told(line, detail))
        elif item is not None:
            amount = sign * line.minor("Amount", draft.currency)
            account = reference(item, "ItemAccountRef")
            draft.add(account, amount, lacking=_item_label(item), line=told(line, item))
        else:
            other_line(draft, line)
    tax(draft)


def other_line(draft: Draft, line: Payload) -> None:
    """Subtotals and plain text post nothing; any other line with an amount is named rather than dropped."""
    label = line.text("DetailType", "")
    plain = label in {"DescriptionOnly", "SubTotalLineDetail"} or line.has("SubTotalLineDetail")
    if not plain and line.has("Amount") and line.minor("Amount", draft.currency):
        draft.lack(f"the account of a line of kind {label or 'unknown'}")


def tax(draft: Draft) -> None:
    detail = draft.body.object_or_none("TxnTaxDetail")
    if detail is not None and detail.minor("TotalTax", draft.currency, 0):
        draft.lack("the account of its sales tax")


def sell(draft: Draft, sign: int) -> None:
    """Sales lines; ``sign`` is −1 for a sale, +1 for what is given back."""
    for line in draft.body.objects("Line"):
        _sales_line(draft, line, sign)
    tax(draft)


def _sales_line(draft: Draft, line: Payload, sign: int) -> None:
    detail, discount = line.object_or_none("SalesItemLineDetail"), line.object_or_none("DiscountLineDetail")
    group = line.object_or_none("GroupLineDetail")
    if detail is not None:
        amount = sign * line.minor("Amount", draft.currency, 0)
        draft.add(reference(detail, "ItemAccountRef"), amount, lacking=_item_label(detail), line=told(line, detail))
    elif discount is not None:
        amount = -sign * line.minor("Amount", draft.currency)
        account = reference(discount, "DiscountAccountRef")
        draft.add(account, amount, lacking="the account of a discount", line=told(line, discount))
    elif group is not None:
        for inner in group.objects("Line"):
            _sales_line(draft, inner, sign)
    else:
        other_line(draft, line)


def links(draft: Draft, *, back: frozenset[str]) -> list[tuple[int, str]]:
    """(amount, settled document) of each linked line; documents in ``back`` are credits and count negative."""
    found = []
    for line in draft.body.objects("Line"):
        for link in line.objects("LinkedTxn"):
            name = document_type(link.text("TxnType"))
            sign = -1 if name in back else 1
            found.append((sign * line.minor("Amount", draft.currency), f"{name}:{link.text('TxnId')}"))
            break
    return found


def settle(draft: Draft, account: str, total: int, sign: int, links: list[tuple[int, str]], *, lacking: str) -> None:
    """The receivable or payable side, split by what it settles when the parts tell the whole."""
    applied = sum(amount for amount, _ in links)
    if not total:
        return
    if not 0 <= total - applied < abs(total):
        links, applied = [], 0
    for amount, settled in links:
        line = LedgerLine(account_id="", party=draft.party, settles=settled)
        draft.add(account, sign * amount, lacking=lacking, line=line)
    draft.add(account, sign * (total - applied), lacking=lacking)
