"""Tests of the reusable widgets, offscreen and with real Qt."""
