"""A small Square: the read side of the API and OAuth for the story's tills."""
