"""What can go wrong in the console, each with a title and a hint for the person at the desk.

The only place that defines the console's own errors; those of the wire pass through unchanged.
"""

from __future__ import annotations

from workers.wire.errors import SignoffError as SignoffError


class ConsoleError(SignoffError):
    """An expected failure of the console."""


class NotAllowedNow(ConsoleError):
    """A person asked for something that must not happen in this state."""


class PassphraseWanted(NotAllowedNow):
    """Something has to be signed, and the key is locked: a page asks for the passphrase."""


class SettingsUnreadable(ConsoleError):
    """The settings file is damaged. It is kept beside the new one."""


class VaultUnavailable(ConsoleError):
    """No keyring answers, so a password lives in this session only."""


class CacheUnusable(ConsoleError):
    """The list of conversations cannot be kept on this computer."""


class LocalWorkersFailed(ConsoleError):
    """The bundled demo, or a worker of this computer, did not start."""


class SigningLocked(ConsoleError):
    """Nothing can be signed until the passphrase is given."""
