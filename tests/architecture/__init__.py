"""Tests of the house itself: who may import whom, sizes, names, locks, and a sane Qt."""
