"""The key of a log, and the keyed hashes that stand in it for texts and ids."""

from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path

from router.cases.hedges import fold_text
from router.errors import LogError, Problem

SHORTEST, LONGEST = 16, 64
"""Bytes that a key may have."""
_KEPT = 65_536
"""Hashes kept, since words and ids come again."""
_MAKE_ONE = "make one with `openssl rand -hex 32 > log.key` and keep it apart from the log"


class Key:
    """A log's secret. Equal texts have equal hashes; without the key nobody can tell which text a hash is of.

    >>> key = Key(b"0123456789abcdef")
    >>> key.words("  Nobody was IN ") == key.words("nobody was in"), key.exact("p1") == key.exact("P1"), key.exact("")
    (True, False, '')
    """

    def __init__(self, secret: bytes) -> None:
        @lru_cache(_KEPT)
        def exact(text: str) -> str:
            return blake2b(text.encode(errors="surrogatepass"), key=secret, digest_size=16).hexdigest() if text else ""

        @lru_cache(_KEPT)
        def words(text: str) -> str:
            return exact(fold_text(text))

        self._secret = secret
        self.exact = exact
        self.words = words
        self.name = blake2b(b"the name of this key", key=secret, digest_size=4).hexdigest()

    def seal(self, data: bytes) -> str:
        """What only the holder of the key can write under some bytes."""
        return blake2b(data, key=self._secret, digest_size=32).hexdigest()

    def sealed(self, data: bytes, seal: str) -> bool:
        """Whether the seal fits."""
        return compare_digest(self.seal(data), seal)


def read_key(file: Path | None, text: str = "") -> Key:
    """The key in a file, else the one given as text. Raises :class:`LogError`, which says what to do."""
    where = str(file or "")
    if file is not None:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            said = f"the key of the log cannot be read: {error}; {_MAKE_ONE}"
            raise LogError([Problem("log-key", said, where)]) from error
    secret = text.strip().encode()
    if not secret:
        said = f"the log needs a key: a file (--key-file, log_key_file) or CASE_ROUTER_LOG_KEY; {_MAKE_ONE}"
        raise LogError([Problem("log-key", said, where)])
    if not SHORTEST <= len(secret) <= LONGEST:
        said = f"the key of the log has {len(secret)} bytes, not {SHORTEST} to {LONGEST}; {_MAKE_ONE}"
        raise LogError([Problem("log-key", said, where)])
    return Key(secret)
