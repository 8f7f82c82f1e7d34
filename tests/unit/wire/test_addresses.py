"""A broker's address and its password are told apart, and put together again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.wire.addresses import Topology, join_password, read_address, split_password
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
        (
            "redis+sentinel://console:secret@one:26379,two/signoff/1",
            "redis+sentinel://console@one:26379,two/signoff/1",
            "secret",
        ),
        (
            "rediss+cluster://:p%40ss@one:7000,[::1]:7001?ssl_ca_certs=/x",
            "rediss+cluster://one:7000,[::1]:7001?ssl_ca_certs=%2Fx",
            "p@ss",
        ),
    ],
)
def test_the_password_is_taken_out_of_an_address(url: str, bare: str, password: str) -> None:
    """Wherever the client would look for it; what is left may be written to a file."""
    assert split_password(url) == (bare, password)


@settings(deadline=None)
@given(_PASSWORDS)
def test_any_password_comes_back_out_of_an_address(password: str) -> None:
    """Slashes, at signs, percent signs, blanks and umlauts too."""
    for bare in (
        "redis://127.0.0.1:6379/0",
        "rediss://console@broker",
        "unix:///run/broker.sock",
        "redis+sentinel://console@one,two/signoff/0",
        "redis+cluster://one:7000,two:7000",
    ):
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


def test_sentinels_are_named_with_the_service_they_watch() -> None:
    """With or without ports and a database; the login is that of the servers."""
    address = read_address("rediss+sentinel://:p%40ss@one:5000,[::1],two/the%20bank?client_name=x")

    assert address.topology is Topology.SENTINEL
    assert address.hosts == (("one", 5000), ("::1", 26379), ("two", 26379))
    assert address.service == "the bank"
    assert address.url == "rediss://:p%40ss@one:5000/0?client_name=x"
    assert read_address("redis+sentinel://one/signoff/3").url == "redis://one/3"


def test_some_nodes_of_a_cluster_are_named() -> None:
    """The others are found from there; it has one database."""
    address = read_address("redis+cluster://console:pw@one,two:7001/0")

    assert address.topology is Topology.CLUSTER
    assert address.hosts == (("one", 6379), ("two", 7001))
    assert address.url == "redis://console:pw@one/0"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("redis+sentinel://one,two", "does not say what the Sentinels call the broker"),
        ("redis+sentinel://one//0", "does not say what the Sentinels call the broker"),
        ("redis+sentinel://one/signoff/first", "'first' is no number of a database"),
        ("redis+sentinel://one,,two/signoff", "a host is missing between two commas"),
        ("redis+sentinel://one:port/signoff", "'one:port' is no host and port"),
        ("redis+sentinel:///signoff", "it must look like redis\\+sentinel://"),
        ("unix+sentinel://one/signoff", "it must look like redis\\+sentinel://"),
        ("redis+sentinel://one/signoff?ssl_ca_certs=/x", "'ssl_ca_certs' is no option of it"),
        ("redis+cluster://one/1", "a Cluster has one database only, 0"),
        ("redis+cluster://one?db=1", "a Cluster has one database only, 0"),
        ("redis+cluster://one:99999", "'one:99999' is no host and port"),
        ("redis+cluster://", "it must look like redis\\+cluster://"),
    ],
)
def test_what_is_wrong_with_an_address_of_several_is_said(url: str, what: str) -> None:
    """With an example of the same kind."""
    with pytest.raises(BrokerRefused, match=what) as caught:
        read_address(url)

    kind = "sentinel" if "sentinel" in url else "cluster"
    assert caught.value.hint.startswith(f"Example: redis+{kind}://host-1:")


def test_a_way_to_run_brokers_that_nobody_knows_is_refused() -> None:
    """It is a slip, or another product's address."""
    with pytest.raises(BrokerRefused, match=r"nothing is run as 'redis\+sentinels'"):
        read_address("redis+sentinels://one/signoff")
