"""Addresses of people, clients and signing in."""

from __future__ import annotations

from django.urls import path

from clients.views import account, audit, groups, onboarding, people

app_name = "clients"
urlpatterns = [
    path("health/", account.health, name="health"),
    path("invitation/<str:token>/", account.invitation, name="invitation"),
    path("second-factor/", account.second_factor, name="second_factor"),
    path("preferences/", account.preferences, name="preferences"),
    path("preferences/sign-out-everywhere/", account.sign_out_everywhere, name="sign_out_everywhere"),
    path("preferences/practice/", account.switch_practice, name="switch_practice"),
    path("preferences/sessions/<int:pk>/end/", account.session_end, name="session_end"),
    path("demo/confirm/", account.demo_confirm, name="demo_confirm"),
    path("demo/<str:token>/", account.demo_enter, name="demo_enter"),
    path("people/", people.index, name="people"),
    path("people/invite/", people.invite, name="invite"),
    path("people/invitations/<int:pk>/withdraw/", people.withdraw, name="invitation_withdraw"),
    path("people/<int:pk>/role/", people.change_role, name="person_role"),
    path("people/<int:pk>/clients/", people.assign, name="person_clients"),
    path("people/<int:pk>/active/", people.set_active, name="person_active"),
    path("audit/", audit.index, name="audit"),
    path("audit/export.csv", audit.export, name="audit_export"),
    path("audit/verify/", audit.verify, name="audit_verify"),
    path("clients/", onboarding.clients, name="clients"),
    path("groups/new/", groups.new, name="group_new"),
    path("groups/<int:pk>/edit/", groups.edit, name="group_edit"),
    path("groups/<int:pk>/dissolve/", groups.dissolve, name="group_dissolve"),
    path("c/<slug:slug>/onboarding/", onboarding.index, name="onboarding"),
    path("c/<slug:slug>/onboarding/facts/<slug:name>/", onboarding.save_fact, name="onboarding_fact"),
    path("c/<slug:slug>/onboarding/stack/choose/", onboarding.choose, name="stack_choose"),
    path("c/<slug:slug>/onboarding/stack/settle/", onboarding.settle, name="stack_settle"),
    path("c/<slug:slug>/onboarding/stack/<slug:system>/describe/", onboarding.describe, name="stack_describe"),
    path("c/<slug:slug>/onboarding/go-live/", onboarding.go_live, name="go_live"),
    path("c/<slug:slug>/onboarding/<slug:step>/", onboarding.step, name="onboarding_step"),
]
