"""What a person can do, from the window or from a command: the same rules for both."""
