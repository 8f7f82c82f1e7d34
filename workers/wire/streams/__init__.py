"""The broker: every command that Signoff sends to Redis or Valkey.

The only place that imports redis. Its errors leave here as `BrokerError`, with a title and a hint.
"""
