"""What `signoff-worker` accepts, looked at without starting anything."""

from __future__ import annotations

import pytest

from workers.cli import main


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--processes", "0", "module:runner"],
        ["run", "--processes", "-2", "module:runner"],
        ["run", "--processes", "many", "module:runner"],
        ["dlq"],
        ["dlq", "show", "payments"],
        ["dlq", "empty", "payments"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is imported or connected to."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: signoff-worker" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["doctor"], ["dlq", "list", "payments"]], ids=" ".join)
def test_without_a_broker_it_is_said_how_to_name_one(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Two lines, exit code 2."""
    assert main(arguments) == 2
    assert "No broker is named" in capsys.readouterr().err
