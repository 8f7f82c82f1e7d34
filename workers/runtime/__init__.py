"""The worker's engine: inbox, runs, decisions, ledger, heartbeat. Plain asyncio.

It knows no LangGraph; agents come in through `workers.runtime.ports`.
"""
