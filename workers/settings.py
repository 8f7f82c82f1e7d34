"""A worker's own configuration, from its environment.

The only place that reads environment variables for workers. The mode is read here and nowhere
else: nothing that arrives on the wire can change what a worker demands of a decision.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
import platformdirs

from workers.errors import NotConfigured
from workers.wire.approvals import Mode

REDIS_URL = "SIGNOFF_REDIS_URL"
MODE = "SIGNOFF_MODE"
TRUST = "SIGNOFF_TRUST"
HOME = "SIGNOFF_HOME"
CHECKPOINTS = "CHECKPOINT_DB_URL"
HEARTBEAT = "SIGNOFF_HEARTBEAT_SECONDS"
LEASE = "SIGNOFF_LEASE_SECONDS"
PRICES = "SIGNOFF_PRICES"
CURRENCY = "SIGNOFF_CURRENCY"

#: In `SIGNOFF_HOME`, unless `SIGNOFF_TRUST` says otherwise.
TRUST_FOLDER = "trust"
_HEARTBEAT_SECONDS = 3.0
_LEASE_SECONDS = 12.0


_Amount = Annotated[float, msgspec.Meta(ge=0)]


class _PriceText(msgspec.Struct, forbid_unknown_fields=True):
    """One model's price, as the environment says it."""

    tokens_in: _Amount = msgspec.field(name="in")
    tokens_out: _Amount = msgspec.field(name="out")


def _default_home() -> Path:
    return Path(platformdirs.user_data_dir("signoff", appauthor=False))


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs for a million tokens, in the operator's currency."""

    tokens_in: float
    tokens_out: float


@dataclass(frozen=True, slots=True)
class Prices:
    """What the operator pays. What has no price here has none: a cost is never guessed.

    Attributes:
        models: by the name under which it is asked, or by which it answers.
    """

    models: Mapping[str, Price] = field(default_factory=dict)
    currency: str = ""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What the environment says. An empty text means that nothing was said.

    Attributes:
        redis_url: `SIGNOFF_REDIS_URL`, else `REDIS_URL` as the base package's examples have it.
        mode: `SIGNOFF_MODE`. `enforce` (the default) takes a decision only if as many registered
            reviewers have signed it as the policy demands. `bound` takes one that is bound to the
            request, the call and its arguments; who decided is not proven. `observe` takes a bare
            answer as well, and says so in the receipt.
        checkpoint_url: `CHECKPOINT_DB_URL`.
        trust: `SIGNOFF_TRUST`, the folder with roots, registry, policy and agents' keys; `trust`
            in the home unless said.
        trust_is_named: it was said, so that a policy is missed if it is not there.
        home: `SIGNOFF_HOME`, where a worker keeps what it is not told to keep elsewhere.
        heartbeat_seconds: `SIGNOFF_HEARTBEAT_SECONDS`, 3 unless said.
        lease_seconds: `SIGNOFF_LEASE_SECONDS`, 12 unless said: so long after the death of a
            worker another takes over what it did.
        prices: `SIGNOFF_PRICES`, JSON: model name to its price for a million tokens,
            `{"in": 1.25, "out": 10}`; and `SIGNOFF_CURRENCY`, what they are in.
    """

    redis_url: str = field(default="", repr=False)
    mode: Mode = Mode.ENFORCE
    checkpoint_url: str = field(default="", repr=False)
    openai_base_url: str = ""
    openai_model: str = ""
    openai_api_key: str = field(default="", repr=False)
    home: Path = field(default_factory=_default_home)
    trust: Path = field(default_factory=lambda: _default_home() / TRUST_FOLDER)
    trust_is_named: bool = False
    heartbeat_seconds: float = _HEARTBEAT_SECONDS
    lease_seconds: float = _LEASE_SECONDS
    prices: Prices = field(default_factory=Prices)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> WorkerSettings:
        """Read the environment.

        Raises:
            NotConfigured: `SIGNOFF_MODE` is no mode, or a time is no number of seconds, or
                `SIGNOFF_PRICES` holds no prices.
        """
        home = Path(environ[HOME]) if environ.get(HOME) else _default_home()
        return cls(
            redis_url=environ.get(REDIS_URL) or environ.get("REDIS_URL", ""),
            mode=read_mode(environ.get(MODE, "")),
            checkpoint_url=environ.get(CHECKPOINTS, ""),
            openai_base_url=environ.get("OPENAI_BASE_URL", ""),
            openai_model=environ.get("OPENAI_MODEL", ""),
            openai_api_key=environ.get("OPENAI_API_KEY", ""),
            home=home,
            trust=Path(environ[TRUST]) if environ.get(TRUST) else home / TRUST_FOLDER,
            trust_is_named=bool(environ.get(TRUST)),
            heartbeat_seconds=_seconds(environ, HEARTBEAT, _HEARTBEAT_SECONDS),
            lease_seconds=_seconds(environ, LEASE, _LEASE_SECONDS),
            prices=read_prices(environ.get(PRICES, ""), environ.get(CURRENCY, "")),
        )

    @property
    def has_model(self) -> bool:
        """Whether a model service is named completely."""
        return bool(self.openai_base_url and self.openai_model and self.openai_api_key)


def read_mode(text: str) -> Mode:
    """The mode a word names; `enforce` when nothing is said.

    Raises:
        NotConfigured: another word. A worker does not guess how strict it should be.
    """
    try:
        return Mode(text.strip().lower() or Mode.ENFORCE)
    except ValueError:
        raise NotConfigured(
            f"{MODE} is {text!r}, which is no mode.",
            f"Set it to one of: {', '.join(Mode)}.",
        ) from None


def read_prices(text: str, currency: str) -> Prices:
    """The prices of models that a JSON text holds; none when nothing is said.

    Raises:
        NotConfigured: it holds something else.
    """
    if not text.strip():
        return Prices({}, currency)
    try:
        told = msgspec.json.decode(text, type=dict[str, _PriceText])
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotConfigured(
            f"{PRICES} holds no prices: {error}.",
            'Write {"MODEL": {"in": 1.25, "out": 10}}, for a million tokens.',
        ) from error
    models = {name: Price(one.tokens_in, one.tokens_out) for name, one in told.items()}
    return Prices(models, currency)


def _seconds(environ: Mapping[str, str], name: str, otherwise: float) -> float:
    text = environ.get(name, "")
    try:
        seconds = float(text) if text else otherwise
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise NotConfigured(f"{name} is {text!r}, which is no time.", "Write seconds, such as 3.")
    return seconds
