"""The agents page: who is on the broker, and the bundled demo."""
