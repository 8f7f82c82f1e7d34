"""Proofs with the real base package, `langgraph_distributed_agent`, in its own environment."""
