"""Addresses of the close."""

from __future__ import annotations

from django.urls import path

from closeout.views import board, changes, client, close, groups, impact, questions, signing, statements, verify

app_name = "closeout"
MONTH = "c/<slug:slug>/close/<str:month>/"
urlpatterns = [
    path("", board.index, name="board"),
    path("board/bulk/", board.bulk, name="bulk"),
    path("questions/", questions.everyone, name="all_questions"),
    path("questions/count/", questions.count, name="questions_count"),
    path("groups/<int:pk>/", groups.index, name="group"),
    path("groups/<int:pk>/<slug:month>/", groups.month, name="group_month"),
    path("verify/", verify.verify, name="verify"),
    path("c/<slug:slug>/", client.dashboard, name="client"),
    path("c/<slug:slug>/statements/<slug:month>/print.pdf", statements.print_out, name="statement_pdf"),
    path("c/<slug:slug>/connections/<int:pk>/impact/", impact.show, name="impact"),
    path("c/<slug:slug>/packages/", client.packages, name="packages"),
    path("c/<slug:slug>/packages/<str:code>.pdf", client.download, name="package"),
    path("c/<slug:slug>/questions/", questions.index, name="questions"),
    path("c/<slug:slug>/questions/ask/", questions.ask, name="question_ask"),
    path("c/<slug:slug>/questions/remind/", questions.remind, name="questions_remind"),
    path("c/<slug:slug>/questions/<int:pk>/answer/", questions.answer, name="question_answer"),
    path("c/<slug:slug>/questions/<int:pk>/settle/", questions.settle, name="question_settle"),
    path("c/<slug:slug>/changes/", changes.index, name="changes"),
    path("c/<slug:slug>/changes/<int:pk>/accept/", changes.accept, name="change_accept"),
    path(MONTH, close.index, name="close"),
    path(MONTH + "body/", close.body, name="close_body"),
    path(MONTH + "open/", close.open_month, name="close_open"),
    path(MONTH + "rerun/", close.rerun, name="close_rerun"),
    path(MONTH + "explain/", close.explain, name="close_explain"),
    path(MONTH + "note/", close.note, name="close_note"),
    path(MONTH + "prepare/", close.prepare, name="close_prepare"),
    path(MONTH + "tasks/<int:pk>/", close.task, name="close_task"),
    path(MONTH + "override/", close.ask_override, name="close_override"),
    path(MONTH + "overrides/<int:pk>/grant/", close.grant_override, name="close_override_grant"),
    path(MONTH + "draft.pdf", signing.draft, name="draft"),
    path(MONTH + "sign/", signing.preview, name="sign_preview"),
    path(MONTH + "sign/confirm/", signing.confirm, name="sign_confirm"),
    path(MONTH + "sign/now/", signing.sign, name="sign"),
    path(MONTH + "reopen/", signing.reopen, name="reopen"),
    path(MONTH + "reopen/<int:pk>/grant/", signing.grant_reopening, name="reopen_grant"),
]
