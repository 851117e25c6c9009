"""Tests. A package, so that no dependency that installs a folder of this name stands in front of it."""
