"""Celery is the bell: a message carries a job's id and may be lost or doubled; the job table is the truth."""

from __future__ import annotations

import os

from celery import Celery

from config import bell

bell.install()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tieout")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sweep": {"task": "integrations.tasks.sweep", "schedule": float(os.environ.get("TIEOUT_SWEEP_SECONDS") or 30)},
    "schedule": {"task": "integrations.tasks.schedule", "schedule": 300.0},
}
