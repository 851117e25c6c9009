"""A small ADP: final payroll runs and previews by part and cost centre, and the queue of events."""
