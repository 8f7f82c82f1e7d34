"""The reviewer's own record: what was decided at this desk, by whom, when, and what came of it.

Entries (`entries`), how they are chained (`chain`), the file they are in (`log`), and whether it is
still what was written (`verifying`). SQLite; no Qt.
"""
