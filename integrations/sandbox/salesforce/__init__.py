"""Salesforce as the sandbox plays it."""
