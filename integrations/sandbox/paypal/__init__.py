"""A small PayPal: its reports, disputes and signed notices for the story's wallet."""
