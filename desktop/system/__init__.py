"""What the operating system gives: keyring, notifications, child processes, one instance."""
