"""A small Expensify: the export, download and workspace jobs of its Integration Server, with templates filled in as written."""
