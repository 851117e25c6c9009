"""A small Ramp: both ways in, and the read side of cards, statements, bills and reimbursements for the story's spending."""
