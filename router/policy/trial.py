"""Trials: a version that decides beside the one in force, in shadow or for a share of the customers."""

from dataclasses import dataclass
from hashlib import blake2b

from router.policy.model import Policy
from router.text import nfc

_PLACES = 1 << 64


@dataclass(frozen=True, slots=True)
class Trial:
    """A version on trial. ``share`` is the part of the customers whom it decides for, from 0 to 1; 0: it is in shadow,
    decides every case as well, and nobody is treated by it."""

    policy: Policy
    share: float = 0.0

    @property
    def shadow(self) -> bool:
        """Whether nobody is treated by it."""
        return not self.share

    def takes(self, customer: str) -> bool:
        """Whether it decides for a customer; for one who gave no id, ask by the id of the case."""
        return place_of(customer) < self.share


def place_of(customer: str) -> float:
    """Where a customer stands between 0 and 1: at the same place in every trial, on every machine.

    So nobody goes back and forth, and a larger share contains the smaller one.

    >>> place_of("ann") == place_of("ann"), 0 <= place_of("bob") < 1
    (True, True)
    """
    digest = blake2b(nfc(customer).encode(errors="surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (_PLACES >> 11)
