"""Generated cases of the accounting core: enough of them, and never failed for a busy machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("core", max_examples=50, deadline=None)
settings.load_profile("core")
