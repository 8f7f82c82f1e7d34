"""The engine: everything that waits for the broker, on a loop and thread of its own.

Plain asyncio, no Qt. What it learns leaves as batches of facts; what it is told comes as orders.
"""
