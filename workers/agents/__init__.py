"""Agents built with LangChain and LangGraph; the only room, beside the demo, that knows them."""
