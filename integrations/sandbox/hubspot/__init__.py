"""HubSpot as the sandbox plays it."""
