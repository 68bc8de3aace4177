"""Source keys to record ids: one HMAC per distinct key, one look-up per batch of keys, unknown keys are named."""

import polars as pl

from ingest.pipeline.ports import Ports
from ingest.store.record import CHUNK, KeySpace, find_records, name_records


def records_of_keys(keys: pl.Series, space: KeySpace, ports: Ports) -> pl.DataFrame:
    """Return the record id of each distinct source key: columns key (String), record (Binary), key_index (Binary).

    A key that nobody has delivered a profile for yet gets its record now: the profile may arrive later.
    """
    distinct = keys.drop_nulls().unique().sort()
    indexes = ports.indexes.source_key(space.source).tokens_of(distinct.to_list())
    with ports.read_only() as session:
        found = find_records(session, indexes)
    unknown = [index for index in indexes if index not in found]
    for start in range(0, len(unknown), CHUNK):
        chunk = unknown[start : start + CHUNK]
        with ports.unit_of_work() as session:
            name_records(session, chunk, space, at=ports.clock())
            found.update(find_records(session, chunk))
    return pl.DataFrame(
        {"key": distinct, "record": [found[index] for index in indexes], "key_index": indexes},
        schema={"key": pl.String, "record": pl.Binary, "key_index": pl.Binary},
    )
