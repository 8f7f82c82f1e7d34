"""A broker's address and its password are told apart, and put together again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.wire.addresses import join_password, split_password
from workers.wire.errors import BrokerRefused

_PASSWORDS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    ("url", "bare", "password"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0", ""),
        ("redis://:secret@127.0.0.1:6379/0", "redis://127.0.0.1:6379/0", "secret"),
        ("redis://console:secret@broker:6379/2", "redis://console@broker:6379/2", "secret"),
        ("rediss://:p%40ss@broker?ssl_keyfile=/x", "rediss://broker?ssl_keyfile=%2Fx", "p@ss"),
        ("redis://:secret@[::1]:6379/0", "redis://[::1]:6379/0", "secret"),
        ("unix://:secret@/run/broker.sock", "unix:///run/broker.sock", "secret"),
        ("unix:///run/broker.sock?db=1&password=secret", "unix:///run/broker.sock?db=1", "secret"),
        ("redis://broker/0?password=s%2Bt", "redis://broker/0", "s+t"),
    ],
)
def test_the_password_is_taken_out_of_an_address(url: str, bare: str, password: str) -> None:
    """Wherever the client would look for it; what is left may be written to a file."""
    assert split_password(url) == (bare, password)


@settings(deadline=None)
@given(_PASSWORDS)
def test_any_password_comes_back_out_of_an_address(password: str) -> None:
    """Slashes, at signs, percent signs, blanks and umlauts too."""
    for bare in ("redis://127.0.0.1:6379/0", "rediss://console@broker", "unix:///run/broker.sock"):
        assert split_password(join_password(bare, password)) == (bare, password)


def test_an_address_without_a_password_stays_as_it_is() -> None:
    """Nothing is put in front of the host."""
    assert join_password("redis://broker/0", "") == "redis://broker/0"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker",
        "127.0.0.1:6379",
        "http://broker",
        "redis://",
        "redis://broker:port/0",
        "redis://broker:99999/0",
        "redis://[::1",
        "redis://:pass#word@broker/0",
        "redis://broker/0?decode_responses=1",
        "redis://broker/0?connection_class=x",
        "redis://broker/0?ssl_ca_certs=/x",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(url: str) -> None:
    """A person sees what is wrong with it, and how one looks; an option cannot break the client."""
    with pytest.raises(BrokerRefused, match="This is not a broker address") as caught:
        split_password(url)

    assert caught.value.hint == "Example: redis://127.0.0.1:6379/0"
