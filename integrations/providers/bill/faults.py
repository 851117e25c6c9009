"""BILL's kinds of error in plain words. https://developer.bill.com/docs/errors"""

from __future__ import annotations

from integrations.faults import Plain, group

FAULTS = group(
    {
        Plain("BILL could not read what it was asked", "report"): "REQUEST",
        Plain("BILL's own rules refuse it", "open_document"): "APPLICATION",
        Plain("BILL, or a bank behind it, had an error of its own", "wait"): "SERVER DOWNSTREAM",
    }
)
