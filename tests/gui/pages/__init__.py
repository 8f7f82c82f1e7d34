"""Tests of whole pages: a real store, real actions, and what a person sees and presses."""
