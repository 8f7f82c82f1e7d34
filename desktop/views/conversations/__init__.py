"""The conversations page: who said what, and a way to say something."""
