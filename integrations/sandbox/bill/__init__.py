"""A small BILL: sign-in by session, and the read side of bills, credits and payments for the story's payables."""
