"""Signoff console: what waits, what exactly would run, and who decides."""
