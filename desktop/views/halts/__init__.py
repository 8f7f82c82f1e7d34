"""What is halted, and halting."""
