"""The ledger's tables, by noun."""

from ledger.models.accounts import Account, MappingRule, MappingTemplate, MappingVersion, Period
from ledger.models.bank import BankFeed, BankItem, Match, MatchMember, StatementBalance, TimingItem
from ledger.models.budgets import BudgetLine
from ledger.models.contractors import ContractorW9
from ledger.models.deals import DealInvoice
from ledger.models.inbox import LedgerException
from ledger.models.journal import EntryApproval, JournalEntry, JournalLine, MonthlyBalance
from ledger.models.mirror import (
    ChangedAfterClose,
    MirrorDocument,
    MirrorLink,
    OutboxItem,
    OutboxMember,
    ReportedBalance,
)
from ledger.models.names import NameDecision
from ledger.models.posting import MovedTraits, PostingMode, Rollback, RollbackMember
from ledger.models.rates import ExchangeRate
from ledger.models.recurring import EntryTemplate, TemplateDate, TemplateLine
from ledger.models.schedules import BooksLimits, Schedule, ScheduleLine, ScheduleStep, WatchedAccount
from ledger.models.standing import BankRule, FiledReturn, IntercompanyPair, ReconciliationDuty, StatedBalance
from ledger.models.support import SupportFile

__all__ = [
    "Account",
    "BankFeed",
    "BankItem",
    "BankRule",
    "BooksLimits",
    "BudgetLine",
    "ChangedAfterClose",
    "ContractorW9",
    "DealInvoice",
    "EntryApproval",
    "EntryTemplate",
    "ExchangeRate",
    "FiledReturn",
    "IntercompanyPair",
    "JournalEntry",
    "JournalLine",
    "LedgerException",
    "MappingRule",
    "MappingTemplate",
    "MappingVersion",
    "Match",
    "MatchMember",
    "MirrorDocument",
    "MirrorLink",
    "MonthlyBalance",
    "MovedTraits",
    "NameDecision",
    "OutboxItem",
    "OutboxMember",
    "Period",
    "PostingMode",
    "ReconciliationDuty",
    "ReportedBalance",
    "Rollback",
    "RollbackMember",
    "Schedule",
    "ScheduleLine",
    "ScheduleStep",
    "StatedBalance",
    "StatementBalance",
    "SupportFile",
    "TemplateDate",
    "TemplateLine",
    "TimingItem",
    "WatchedAccount",
]
