"""Signoff workers: LangGraph agents that wait for a named person before they act."""
