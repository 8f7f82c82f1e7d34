"""Checkpoint stores, one module for each kind of database."""
