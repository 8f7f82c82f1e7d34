"""Every test of the project, by storey; what they share lies in `tests.support`."""
