"""What tests share: real brokers, processes, keyrings and daemons, waiting, and leak checks."""
