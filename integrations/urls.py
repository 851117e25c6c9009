"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from integrations import api
from integrations.views import arriving, bankfiles, byhand, connections

app_name = "integrations"
urlpatterns = [
    path("webhooks/<slug:provider>/", arriving.webhook, name="webhook"),
    path("connect/<slug:provider>/callback/", arriving.callback, name="callback"),
    path("connect/<slug:provider>/keys/", arriving.posted_keys, name="posted_keys"),
    path("connect/link/<str:token>/", arriving.link, name="link"),
    path("connect/done/", arriving.link_done, name="link_done"),
    path("c/<slug:slug>/connections/", connections.index, name="connections"),
    path("c/<slug:slug>/connections/sync/", connections.sync_all, name="sync_all"),
    path("c/<slug:slug>/connections/connect/<slug:provider>/", connections.connect, name="connect"),
    path("c/<slug:slug>/connections/link/<slug:provider>/", connections.send_link, name="send_link"),
    path("c/<slug:slug>/connections/files/", bankfiles.index, name="files"),
    path("c/<slug:slug>/connections/files/upload/", bankfiles.upload, name="file_upload"),
    path("c/<slug:slug>/connections/files/<int:pk>/", bankfiles.show_file, name="file"),
    path("c/<slug:slug>/connections/files/<int:pk>/layout/", bankfiles.settle, name="file_layout"),
    path("c/<slug:slug>/connections/files/<int:pk>/confirm/", bankfiles.confirm, name="file_confirm"),
    path("c/<slug:slug>/connections/files/<int:pk>/discard/", bankfiles.discard, name="file_discard"),
    path("c/<slug:slug>/stack/<slug:system>/capture/", byhand.capture, name="capture"),
    path("c/<slug:slug>/stack/figures/<int:pk>/", byhand.figure, name="figure"),
    path("c/<slug:slug>/stack/figures/<int:pk>/verify/", byhand.verify, name="figure_verify"),
    path("c/<slug:slug>/stack/figures/<int:pk>/reject/", byhand.reject, name="figure_reject"),
    path("c/<slug:slug>/stack/figures/<int:pk>/evidence/", byhand.evidence, name="figure_evidence"),
    path("c/<slug:slug>/connections/<int:pk>/", connections.connection, name="connection"),
    path("c/<slug:slug>/connections/<int:pk>/row/", connections.row, name="connection_row"),
    path("c/<slug:slug>/connections/<int:pk>/sync/", connections.sync, name="sync"),
    path("c/<slug:slug>/connections/<int:pk>/reconnect/", connections.reconnect, name="reconnect"),
    path("c/<slug:slug>/connections/<int:pk>/pause/", connections.pause, name="pause"),
    path("c/<slug:slug>/connections/<int:pk>/resume/", connections.resume, name="resume"),
    path("c/<slug:slug>/connections/<int:pk>/disconnect/", connections.disconnect, name="disconnect"),
    path("c/<slug:slug>/connections/<int:pk>/duty/<slug:name>/", connections.ask_duty, name="duty_ask"),
    path("c/<slug:slug>/connections/<int:pk>/duty/<slug:name>/agree/", connections.agree_duty, name="duty_agree"),
    path(
        "c/<slug:slug>/connections/<int:pk>/duty/<slug:name>/withdraw/", connections.withdraw_duty, name="duty_withdraw"
    ),
    path("api/v1/clients/<slug:slug>/connections/", api.Connections.as_view(), name="api_connections"),
    path("api/v1/clients/<slug:slug>/connections/<int:pk>/", api.OneConnection.as_view(), name="api_connection"),
    path("api/v1/clients/<slug:slug>/connections/<int:pk>/sync/", api.SyncNow.as_view(), name="api_sync"),
]
