"""Talking to agents from code and from a terminal, with the names of the base package."""
