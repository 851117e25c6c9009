"""What the portal holds of other systems: the connection, what came through it, and the work still to do."""

from __future__ import annotations

from integrations.models.connections import AppBudget, Connection, OAuthAttempt, RateBudget, StreamState, Token
from integrations.models.facts import ControlTotal, Fact, SourceDocument, WaitingFact
from integrations.models.figures import ManualFigure
from integrations.models.inbox import FileImport, WebhookEvent
from integrations.models.jobs import SyncJob

__all__ = [
    "AppBudget",
    "Connection",
    "ControlTotal",
    "Fact",
    "FileImport",
    "ManualFigure",
    "OAuthAttempt",
    "RateBudget",
    "SourceDocument",
    "StreamState",
    "SyncJob",
    "Token",
    "WaitingFact",
    "WebhookEvent",
]
