"""The language console and workers share: keys, events, approvals, and the streams they travel on.

The only room both sides may import. It knows neither Qt nor LangGraph, and does no input or output
outside `workers.wire.streams`.
"""
