"""The audit page: the log searched, one entry opened, the whole verified and exported."""
