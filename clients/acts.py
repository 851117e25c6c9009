"""What the audit trail keeps, in words: one table of every act, and how its subject and particulars are written for people."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from clients.catalogue import SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Act as it is kept → as it is read. The kept word never changes; the trail's hashes hold it.
ACTS: dict[str, str] = {
    "audit.exported": "Audit trail exported",
    "balance.stated": "Balance of an account typed",
    "bank-line.asked": "Client asked about a bank line",
    "bank-rule.automatic": "Bank rule set to work by itself",
    "bank-rule.made": "Bank rule made",
    "bank-rule.offers": "Bank rule set to offer only",
    "bank-rule.stopped": "Bank rule stopped",
    "bank.linked": "Bank account linked",
    "budget.replaced": "Budget of a year replaced",
    "change.taken": "Change taken into the open month",
    "client.added": "Client added",
    "client.fact_changed": "Business fact changed",
    "client.went_live": "Client went live",
    "close.note": "Note to the owner written",
    "close.opened": "Month opened",
    "close.opening_sealed": "Opening balances sealed",
    "close.prepared": "Handed to the controller",
    "close.reopened": "Month opened again",
    "close.reopening_asked": "Reopening asked for",
    "close.sealed": "Month sealed",
    "close.signed": "Month signed off",
    "connection.by_link": "Connected by a link",
    "connection.cut-over": "First day to read changed",
    "connection.disconnected": "System disconnected",
    "connection.duty": "Duty changed",
    "connection.duty_agreed": "Change of duty agreed",
    "connection.duty_asked": "Change of duty asked for",
    "connection.duty_withdrawn": "Change of duty withdrawn",
    "connection.link_sent": "Link to connect sent",
    "connection.live": "System connected",
    "connection.paused": "Reading paused",
    "connection.route": "Route that books was chosen",
    "deal.approved": "Invoice of a won deal approved",
    "deal.dismissed": "Won deal makes no invoice",
    "deal.left": "Changed deal left as invoiced",
    "deal.prepared": "Invoice of a won deal prepared",
    "demo.second_factor": "Came in by a link of the demonstration",
    "duplicate.reopened": "Decision about a pair taken back",
    "duplicate.restored": "Reversed copy stands again",
    "duty.changed": "Owner, due day or tolerance of an account changed",
    "entry.approved": "Entry approved",
    "entry.file_added": "File attached to an entry",
    "entry.posted": "Entry posted by hand",
    "entry.restored": "Reversed entry stands again",
    "entry.reversed": "Entry reversed",
    "exception.assigned": "Exception assigned",
    "exception.ignored": "Exception set aside",
    "exception.resolved": "Exception resolved",
    "exception.snoozed": "Exception snoozed",
    "figure.entered": "Figures typed by hand",
    "figure.rejected": "Figures by hand rejected",
    "figure.verified": "Figures by hand verified",
    "file.confirmed": "Bank file kept",
    "file.discarded": "Bank file put away",
    "group.changed": "Client group changed",
    "group.dissolved": "Client group dissolved",
    "group.joined": "Company joined a client group",
    "group.left": "Company left a client group",
    "group.made": "Client group made",
    "intercompany.paired": "Accounts of two companies paired",
    "intercompany.parted": "Pair of two companies' accounts taken apart",
    "item.explained": "Explanation written",
    "ledger.activated": "Account or name made active in the accounting system",
    "limits.kept": "Limits for large bills set",
    "mapping.approved": "Mapping approved",
    "mapping.drafted": "Mapping drafted",
    "mapping.moved": "Posted entries moved to a new mapping",
    "mapping.rule": "Mapping rule set",
    "mapping.rule-dropped": "Mapping rule taken out",
    "mapping.submitted": "Mapping put up for approval",
    "mapping.template": "Mapping template applied",
    "mapping.tested": "Mapping tried on a past month",
    "match.accepted": "Match accepted",
    "match.declined": "Match declined",
    "match.undone": "Match undone",
    "name.decided": "Names alike decided",
    "name.reopened": "Decision about names taken back",
    "outbox.redated": "Refused posting dated anew",
    "outbox.retried": "Posting tried again",
    "override.asked": "Override asked for",
    "override.granted": "Override granted",
    "package.published": "Package published",
    "person.assigned": "Person given this client",
    "person.deactivated": "Person's place closed",
    "person.invitation_withdrawn": "Invitation withdrawn",
    "person.invited": "Person invited",
    "person.joined": "Person joined",
    "person.reopened": "Person's place opened again",
    "person.role_changed": "Role changed",
    "person.signed_out_everywhere": "Signed out everywhere",
    "person.unassigned": "Client taken from person",
    "posting.mode": "Way of posting chosen",
    "posting.posted_again": "Entries taken back were posted again",
    "posting.rolled_back": "Entries taken back",
    "question.answered": "Client answered",
    "question.asked": "Client asked",
    "question.default_applied": "No answer; what was announced was done",
    "question.reminded": "Client reminded",
    "question.settled": "Question settled",
    "rate.kept": "Exchange rate kept",
    "reconciliation.finished": "Reconciliation prepared",
    "reconciliation.reopened": "Reconciliation opened again",
    "revaluation.booked": "Foreign balances revalued",
    "return.typed": "Filed return typed",
    "w9.recorded": "Form W-9 of a contractor recorded",
    "schedule.added": "Schedule added",
    "schedule.approved": "Schedule approved",
    "schedule.cancelled": "Schedule cancelled",
    "schedule.caught_up": "Schedule caught up",
    "schedule.changed": "Schedule changed",
    "schedule.ended": "Schedule ended",
    "schedule.resumed": "Schedule taken up again",
    "seal.broken": "Seal found broken",
    "stack.brought_back": "System that was set aside proposed again",
    "stack.chosen": "System chosen for the stack",
    "stack.dismissed": "System taken from the stack",
    "stack.set_aside": "Proposed system set aside",
    "statement.typed": "Statement balance typed",
    "task.done": "Task done",
    "task.undone": "Task opened again",
    "template.kept": "Recurring entry kept",
    "template.skipped": "Recurring entry left out once",
    "template.stopped": "Recurring entry stopped",
    "timing.noted": "Timing difference noted",
}
#: Acts that went well past a point, or that somebody should look at, for the dot beside them.
GOOD = {"close.prepared", "close.sealed", "close.signed", "package.published", "mapping.approved", "connection.live"}
BAD = {
    "close.reopened",
    "close.reopening_asked",
    "entry.reversed",
    "posting.rolled_back",
    "reconciliation.reopened",
    "seal.broken",
}
#: Particulars whose name is not yet how one says it.
NAMES = {"sha256": "fingerprint", "shown": "fingerprint of what was shown", "version": "version of the mapping"}
#: Values that are kept as the machine names them.
VALUES = {
    "totp": "authenticator app",
    "webauthn": "passkey",
    "recovery_codes": "recovery code",
    "demo": "the demonstration",
}
_NAME_OF = {system.slug: system.name for system in SYSTEMS}
_MONTH = re.compile(r"(?<![\w-])(\d{4})-(0[1-9]|1[0-2])(?![\w-])")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def words(action: str) -> str:
    """The act in plain words; one that is not in the table is written out as it is kept."""
    return ACTS.get(action) or action.replace(".", ": ").replace("_", " ").replace("-", " ").capitalize()


def colour(action: str) -> str:
    """Class of the act's dot in a timeline."""
    return "t-ok" if action in GOOD else "t-bad" if action in BAD else ""


def about(action: str, subject: str) -> str:
    """What was acted on: systems by their names, months written out, items of checks by their check."""
    first, _, rest = subject.partition(" ")
    if action == "item.explained":
        return f"check {first}"
    if first in _NAME_OF:
        return f"{_NAME_OF[first]} {rest}".strip()
    return _months(subject.replace("_", " ") if action == "client.fact_changed" else subject)


def particulars(detail: Mapping[str, Any]) -> list[tuple[str, Any, bool]]:
    """(name, value, whether it is in minor units) of what was kept beside an act; digests by their first twelve digits."""
    found = []
    for name, value in detail.items():
        if value in (None, "", [], {}):
            continue
        is_money = (name == "amount" or name.endswith("_minor")) and isinstance(value, int)
        named = NAMES.get(name, name.removesuffix("_minor").replace("_", " "))
        found.append((named, value if is_money else _written(value), is_money))
    return found


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_written(one) for one in value)
    text = VALUES.get(str(value), str(value))
    if _DIGEST.fullmatch(text):
        return " ".join(text[at : at + 4] for at in range(0, 12, 4))
    return _months(text)


def _months(text: str) -> str:
    """``2026-03`` as ``March 2026``; days and document numbers stay as they are."""
    return _MONTH.sub(lambda found: f"{date(int(found[1]), int(found[2]), 1):%B %Y}", text)
