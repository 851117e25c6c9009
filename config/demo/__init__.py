"""The demonstration: a fictional practice, its people and clients, and one month-end run end to end against the sandbox."""
