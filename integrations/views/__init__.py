"""The pages of this app, a module each area."""
