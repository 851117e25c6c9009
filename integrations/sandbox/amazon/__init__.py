"""Amazon Seller as the sandbox plays it: the Selling Partner API and its settlement reports."""
