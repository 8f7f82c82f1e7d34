"""Timed claims, each with its peer measured in the same run. `make bench` runs them."""
