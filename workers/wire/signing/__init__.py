"""Signed statements: who says what, and how anybody can check it without trusting the broker.

Envelopes (`dsse`), keys (`keys`), what is stated (`statements`), whose keys count (`registry`), and
whether a decision may let a call run (`verifying`). Pure: nothing here reads a file or a clock.
"""
