"""What the people who run workers need: the quarantine, an examination, several processes."""
