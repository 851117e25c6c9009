"""How many examples the books' properties are tried with: fifty, or as many as EXAMPLES says (.ci/run tries five hundred)."""

from __future__ import annotations

import os

from hypothesis import settings

# On top of the profile chosen for the run, which says whether the examples are the same each time.
settings.register_profile("core", settings(), max_examples=int(os.environ.get("EXAMPLES", "50")), deadline=None)
settings.load_profile("core")
