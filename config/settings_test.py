"""Settings of the test suite: the same engine, a fast hasher, mail in memory, no other difference."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TIEOUT_VAR", str(Path(__file__).resolve().parent.parent / "var" / "test"))
os.environ.setdefault("TIEOUT_SECRET_KEY", "test-" + "s" * 60)

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_TASK_ALWAYS_EAGER = False
