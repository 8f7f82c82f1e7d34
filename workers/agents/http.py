"""HTTP clients for models and MCP servers.

The only place that makes them. What listens on this machine is reached directly: a proxy that the
environment names for the world outside knows nothing of our loopback.
"""

from __future__ import annotations

import ipaddress
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine by its loopback."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def model_client(base_url: str) -> AbstractAsyncContextManager[Any]:
    """A client for a model service, of the kind and with the timeouts its library wants."""
    return openai.DefaultAsyncHttpxClient(trust_env=not is_loopback(base_url))


def direct_mcp_client(
    headers: dict[str, str] | None = None,
    timeout: httpx.Timeout | None = None,
    auth: httpx.Auth | None = None,
) -> httpx.AsyncClient:
    """A client for an MCP server on the loopback; the MCP library closes it."""
    return httpx.AsyncClient(headers=headers, timeout=timeout, auth=auth, trust_env=False)
