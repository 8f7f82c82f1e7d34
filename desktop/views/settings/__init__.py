"""The settings page: the broker, the person, the look, notifications."""
