"""Where a row of a snapshot stands: rows are in the order of the CRC-32 of their ids, so that a shard is a range of hashes.

CRC-32 is that of zlib, PNG and Spark's ``crc32``, over the UTF-8 of the id in NFC: any proxy can work it out.
"""

from zlib import crc32

BUCKET_BITS = 10
BUCKETS = 1 << BUCKET_BITS
"""The hash's leading bits are the bucket of an id; a shard is a run of whole buckets, so there are at most so many."""
REST_BITS = 32 - BUCKET_BITS
"""The bits of a hash behind those of its bucket."""
CUSTOMERS, ORDERS = "customers", "orders"
"""The tables of a snapshot, each cut into shards by its own ids."""


def shard_of(customer_id: str, shards: int) -> int:
    """The shard of an id that is in NFC, from 0, where there are so many.

    >>> [shard_of(each, 4) for each in ("C1", "C2", "Zoë")]
    [3, 1, 1]
    """
    return shard_of_bucket(crc32(customer_id.encode(errors="surrogatepass")) >> REST_BITS, shards)


def shard_of_bucket(bucket: int, shards: int) -> int:
    """The shard that has a bucket."""
    return bucket * shards >> BUCKET_BITS


def first_hash(shard: int, shards: int) -> int:
    """Where a shard begins: no smaller hash belongs to it. That of ``shards`` itself is where the last one ends.

    >>> [first_hash(shard, 3) >> REST_BITS for shard in range(4)]
    [0, 342, 683, 1024]
    """
    return -(-shard * BUCKETS // shards) << REST_BITS


def file_name(table: str, shard: int, shards: int) -> str:
    """The file of a shard.

    >>> file_name(CUSTOMERS, 0, 1), file_name(CUSTOMERS, 3, 16)
    ('customers.arrow', 'customers-0003-of-0016.arrow')
    """
    return f"{table}.arrow" if shards == 1 else f"{table}-{shard:04}-of-{shards:04}.arrow"
