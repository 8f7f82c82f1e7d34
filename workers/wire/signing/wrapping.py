"""A signing key under a passphrase, as a file or a keyring keeps it.

The only place that turns a passphrase into a key: Argon2id (RFC 9106) into AES-256-GCM. Whoever
has the wrapped key alone, or the passphrase alone, cannot sign.
"""

from __future__ import annotations

import secrets
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.keys import SigningKey, from_base64, to_base64
from workers.wire.signing.statements import Statement, write_statement

#: RFC 9106, section 4, second recommended option.
ITERATIONS: Final = 3
LANES: Final = 4
MEMORY_KIB: Final = 64 * 1024
#: What somebody else's file may make this machine spend.
_MOST: Final = {"iterations": 16, "lanes": 16, "memory_kib": 1024 * 1024}
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
SHORTEST_PASSPHRASE: Final = 8


class WrappedKey(Statement, frozen=True, kw_only=True):
    """A key that only a passphrase opens; binary values are base64.

    Attributes:
        key_id: of the key inside, so that nobody has to open it to know which it is.
        label: whose it is, for people.
    """

    key_id: str
    label: str
    iterations: int = ITERATIONS
    lanes: int = LANES
    memory_kib: int = MEMORY_KIB
    salt: str
    nonce: str
    box: str


def wrap(
    key: SigningKey, passphrase: str, label: str, *, memory_kib: int = MEMORY_KIB
) -> WrappedKey:
    """Lock a key.

    Args:
        memory_kib: what each guess at the passphrase shall cost, in KiB of memory.

    Raises:
        NotTrusted: the passphrase has fewer than eight characters.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        title = f"A passphrase has at least {SHORTEST_PASSPHRASE} characters."
        raise NotTrusted(Distrust.MALFORMED, title, "Several words are easy to keep in mind.")
    wrapped = WrappedKey(
        key_id=key.public.key_id,
        label=label,
        memory_kib=memory_kib,
        salt=to_base64(secrets.token_bytes(_SALT_BYTES)),
        nonce=to_base64(secrets.token_bytes(_NONCE_BYTES)),
        box="",
    )
    box = AESGCM(_derive(wrapped, passphrase)).encrypt(
        from_base64(wrapped.nonce), key.seed, _header(wrapped)
    )
    return msgspec.structs.replace(wrapped, box=to_base64(box))


def unwrap(wrapped: WrappedKey, passphrase: str) -> SigningKey:
    """Open a key.

    Raises:
        NotTrusted: another passphrase (`CANNOT_OPEN`), or a file that was tampered with.
    """
    for name, most in _MOST.items():
        if not 1 <= getattr(wrapped, name) <= most:
            raise NotTrusted(Distrust.MALFORMED, "A locked key asks for too much to be opened.")
    nonce = from_base64(wrapped.nonce)
    if len(nonce) != _NONCE_BYTES or len(from_base64(wrapped.salt)) != _SALT_BYTES:
        raise NotTrusted(Distrust.MALFORMED, "A locked key is damaged.")
    derived = _derive(wrapped, passphrase)
    try:
        seed = AESGCM(derived).decrypt(nonce, from_base64(wrapped.box), _header(wrapped))
    except (InvalidTag, ValueError) as error:
        title = "The passphrase does not open this key."
        raise NotTrusted(Distrust.CANNOT_OPEN, title) from error
    key = SigningKey(seed)
    if key.public.key_id != wrapped.key_id:
        raise NotTrusted(Distrust.MALFORMED, "A locked key holds another than it says.")
    return key


def _derive(wrapped: WrappedKey, passphrase: str) -> bytes:
    kdf = Argon2id(
        salt=from_base64(wrapped.salt),
        length=_KEY_BYTES,
        iterations=wrapped.iterations,
        lanes=wrapped.lanes,
        memory_cost=max(wrapped.memory_kib, 8 * wrapped.lanes),
    )
    return kdf.derive(passphrase.encode(errors="surrogatepass"))


def _header(wrapped: WrappedKey) -> bytes:
    """Everything but the box: what is said of a key cannot be changed without its passphrase."""
    return write_statement(msgspec.structs.replace(wrapped, box=""))
