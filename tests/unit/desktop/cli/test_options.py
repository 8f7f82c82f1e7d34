"""The command line: what it takes, and what it says when it does not."""

from __future__ import annotations

import pytest

from desktop import cli


@pytest.mark.parametrize(
    "arguments",
    [
        ["decide", "c-1", "call_1", "maybe"],
        ["decide", "c-1"],
        ["chat", "treasury_agent"],
        ["dance"],
        ["inbox", "--limit", "3"],
    ],
)
def test_what_is_no_command_is_explained(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, with how it is used; nothing is connected."""
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)

    assert caught.value.code == 2
    assert "usage: signoff" in capsys.readouterr().err


def test_the_environment_names_the_broker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless the command does."""
    monkeypatch.setenv("SIGNOFF_REDIS_URL", "http://from-the-environment")
    assert cli.main(["inbox"]) == cli.EXIT_ERROR
    assert "not a broker address" in capsys.readouterr().err

    assert cli.main(["inbox", "--redis-url", "redis://127.0.0.1:1/0"]) == cli.EXIT_ERROR
    assert "does not answer" in capsys.readouterr().err

    assert cli.main(["--redis-url", "redis://127.0.0.1:1/0", "inbox"]) == cli.EXIT_ERROR
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["inbox", "conversations", "show", "decide", "chat"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With its own options."""
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])

    assert caught.value.code == 0
    assert "--json" in capsys.readouterr().out
