"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from ledger import api
from ledger.views import (
    books,
    completeness,
    entries,
    exceptions,
    mappings,
    payroll,
    processors,
    reconciliation,
    sources,
    stack,
)

app_name = "ledger"
RECONCILIATION = "c/<slug:slug>/reconciliation/<slug:month>/"
PAYROLL = "c/<slug:slug>/payroll/<slug:month>/"
PROCESSORS = "c/<slug:slug>/processors/<slug:month>/"
urlpatterns = [
    path("exceptions/", exceptions.index, name="exceptions"),
    path("exceptions/summary/", exceptions.summary, name="exceptions_summary"),
    path("exceptions/count/", exceptions.count, name="exceptions_count"),
    path("exceptions/retry/", exceptions.retry_all, name="exceptions_retry"),
    path("c/<slug:slug>/account-options/", exceptions.account_options, name="account_options"),
    path("c/<slug:slug>/exceptions/<int:pk>/", exceptions.detail, name="exception"),
    path("c/<slug:slug>/exceptions/<int:pk>/map/", exceptions.map_account, name="exception_map"),
    path("c/<slug:slug>/exceptions/<int:pk>/decide/", exceptions.decide, name="exception_decide"),
    path("c/<slug:slug>/exceptions/<int:pk>/retry/", exceptions.retry, name="exception_retry"),
    path("c/<slug:slug>/exceptions/<int:pk>/assign/", exceptions.assign, name="exception_assign"),
    path("c/<slug:slug>/exceptions/<int:pk>/snooze/", exceptions.snooze, name="exception_snooze"),
    path("c/<slug:slug>/exceptions/<int:pk>/resolve/", exceptions.resolve, name="exception_resolve"),
    path("c/<slug:slug>/stack/", stack.index, name="stack"),
    path("c/<slug:slug>/stack/look/", stack.look, name="stack_look"),
    path("c/<slug:slug>/stack/<slug:system>/decide/", stack.decide, name="stack_decide"),
    path("c/<slug:slug>/completeness/<slug:month>/", completeness.month, name="completeness"),
    path(RECONCILIATION, reconciliation.index, name="reconciliation"),
    path(RECONCILIATION + "<int:pk>/", reconciliation.feed, name="reconciliation_feed"),
    path(RECONCILIATION + "<int:pk>/finish/", reconciliation.finish, name="reconciliation_finish"),
    path(RECONCILIATION + "<int:pk>/statement/", reconciliation.statement, name="reconciliation_statement"),
    path(RECONCILIATION + "<int:pk>/timing/", reconciliation.timing, name="reconciliation_timing"),
    path(RECONCILIATION + "matches/<int:pk>/accept/", reconciliation.accept, name="match_accept"),
    path(RECONCILIATION + "matches/<int:pk>/decline/", reconciliation.decline, name="match_decline"),
    path(RECONCILIATION + "matches/<int:pk>/undo/", reconciliation.undo, name="match_undo"),
    path(RECONCILIATION + "lines/<int:pk>/candidates/", reconciliation.candidates, name="item_candidates"),
    path(RECONCILIATION + "lines/<int:pk>/match/", reconciliation.match_by_hand, name="item_match"),
    path(RECONCILIATION + "lines/<int:pk>/entry/", reconciliation.create_entry, name="item_entry"),
    path(RECONCILIATION + "lines/<int:pk>/asked/", reconciliation.ask, name="item_asked"),
    path(PAYROLL, payroll.index, name="payroll"),
    path(PAYROLL + "accrue/", payroll.accrue, name="payroll_accrue"),
    path(PAYROLL + "runs/<int:pk>/", payroll.people, name="payroll_people"),
    path(PAYROLL + "runs/<int:pk>/correct/", payroll.correct, name="payroll_correct"),
    path(PROCESSORS, processors.index, name="processors"),
    path(PROCESSORS + "<int:pk>/", processors.processor, name="processor"),
    path(PROCESSORS + "<int:pk>/timing/", processors.timing, name="processor_timing"),
    path("c/<slug:slug>/mapping/", mappings.index, name="mapping"),
    path("c/<slug:slug>/mapping/test/", mappings.trial, name="mapping_trial"),
    path("c/<slug:slug>/mapping/rules/", mappings.set_rule, name="mapping_rule"),
    path("c/<slug:slug>/mapping/rules/<int:pk>/drop/", mappings.drop_rule, name="mapping_drop"),
    path("c/<slug:slug>/mapping/submit/", mappings.submit, name="mapping_submit"),
    path("c/<slug:slug>/mapping/approve/", mappings.approve, name="mapping_approve"),
    path("c/<slug:slug>/mapping/versions/<int:pk>/revert/", mappings.revert, name="mapping_revert"),
    path("c/<slug:slug>/mapping/export.csv", mappings.export, name="mapping_export"),
    path("c/<slug:slug>/entries/", entries.index, name="entries"),
    path("c/<slug:slug>/entries/new/", entries.new, name="entry_new"),
    path("c/<slug:slug>/entries/<int:pk>/", entries.entry, name="entry"),
    path("c/<slug:slug>/entries/<int:pk>/reverse/", entries.reverse, name="entry_reverse"),
    path("c/<slug:slug>/entries/<int:pk>/approve/", entries.approve, name="entry_approve"),
    path("c/<slug:slug>/accounts/<int:pk>/<slug:month>/", sources.account, name="account"),
    path("c/<slug:slug>/sources/<int:pk>/", sources.source, name="source"),
    path("c/<slug:slug>/statements/<slug:month>/", books.index, name="statements"),
    path("api/v1/exceptions/", api.endpoint(api.Exceptions), name="api_exceptions"),
    path("api/v1/clients/<slug:slug>/accounts/", api.endpoint(api.Accounts), name="api_accounts"),
    path("api/v1/clients/<slug:slug>/entries/", api.endpoint(api.Entries), name="api_entries"),
    path("api/v1/clients/<slug:slug>/entries/<int:pk>/", api.endpoint(api.Entry), name="api_entry"),
    path(
        "api/v1/clients/<slug:slug>/trial-balance/<slug:month>/",
        api.endpoint(api.TrialBalance),
        name="api_trial_balance",
    ),
    path(
        "api/v1/clients/<slug:slug>/exceptions/<int:pk>/resolve/",
        api.endpoint(api.ResolveException),
        name="api_exception_resolve",
    ),
    path("api/v1/clients/<slug:slug>/matches/<int:pk>/accept/", api.endpoint(api.AcceptMatch), name="api_match_accept"),
    path("api/v1/clients/<slug:slug>/matches/<int:pk>/undo/", api.endpoint(api.UndoMatch), name="api_match_undo"),
]
