"""Driving the real window as a person would: for the tour, and for the tests."""
