"""The read model: what the console knows, as plain Python.

Facts go in at one place (`store.Store.apply`), records come out; nothing here knows Qt, the broker
or the clock.
"""
