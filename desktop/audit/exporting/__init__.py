"""Copies of the audit log for people who were not there: auditors, spreadsheets, paper, a SIEM.

`selecting` takes the entries out of the log, `writing` makes a file of them, and each form has a
module of its own. Pure over entries; no Qt, no broker.
"""
