"""From shared tokens to moves between entities: deterministic, whatever the order of rows or batches' files.

Rules kept here:
- records that share an exact token belong together (the token's rule decides what "exact" means, see `exact`);
- two clusters that carry different values of a checksummed number are never joined by anything (hard refusal);
- the oldest entity survives a merge, so ids are stable for life; ties go to the smaller id.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from privacy.terms import EntityId, RecordId


@dataclass(frozen=True, slots=True)
class Move:
    """One record changes entity."""

    record: RecordId
    from_entity: EntityId
    to_entity: EntityId


@dataclass(frozen=True, slots=True)
class Outcome:
    """What clustering decided: the moves, and how many joins it refused because checksummed numbers disagree."""

    moves: list[Move]
    refused: int


@dataclass(slots=True)
class _Forest:
    """Union-find over entities, each root with the checksummed numbers its records carry."""

    parent: dict[bytes, bytes] = field(default_factory=dict)
    numbers: dict[bytes, dict[str, set[bytes]]] = field(default_factory=dict)
    age: Mapping[bytes, int] = field(default_factory=dict)

    def root(self, entity: bytes) -> bytes:
        """Find the root, shortening the path on the way."""
        while (above := self.parent.setdefault(entity, entity)) != entity:
            self.parent[entity] = self.parent.setdefault(above, above)
            entity = self.parent[entity]
        return entity

    def conflicts(self, left: bytes, right: bytes) -> bool:
        """Say whether two roots carry different values of one checksummed number."""
        mine, theirs = self.numbers.get(left, {}), self.numbers.get(right, {})
        return any(mine[name].isdisjoint(theirs[name]) for name in mine.keys() & theirs.keys())

    def join(self, left: bytes, right: bytes) -> bool:
        """Join two entities under the older one; False if their numbers conflict."""
        a, b = self.root(left), self.root(right)
        if a == b:
            return True
        if self.conflicts(a, b):
            return False
        elder, younger = sorted((a, b), key=lambda entity: (self.age[entity], entity))
        self.parent[younger] = elder
        merged = self.numbers.setdefault(elder, defaultdict(set))
        for name, values in self.numbers.pop(younger, {}).items():
            merged.setdefault(name, set()).update(values)
        return True

    def join_all(self, entities: Sequence[bytes]) -> int:
        """Join each entity with the first earlier one that it does not conflict with; return how many found none."""
        refused = 0
        for position, entity in enumerate(entities):
            if position and not any(self.join(earlier, entity) for earlier in entities[:position]):
                refused += 1
        return refused


def moves_of(indexes: pl.DataFrame, members: pl.DataFrame, numbers: pl.DataFrame, rules: Sequence[str]) -> Outcome:
    """Cluster what shares a token, and say which records move.

    Args:
        indexes: record, field, token: the rows that share a token with the batch.
        members: record, entity, created_us: every record of every entity that `indexes` touches.
        numbers: record, field, token: the checksummed numbers of those records.
        rules: the fields that join, strongest first.

    """
    home = {record: entity for record, entity, _ in members.iter_rows()}
    forest = _Forest(age={entity: created for _, entity, created in members.iter_rows()})
    for record, name, token in numbers.iter_rows():
        forest.numbers.setdefault(home[record], {}).setdefault(name, set()).add(token)
    refused = 0
    for strength in rules:
        groups = (
            indexes.filter(pl.col("field") == strength)
            .group_by("token")
            .agg(pl.col("record").unique().sort())
            .filter(pl.col("record").list.len() > 1)
            .sort("token")
        )
        for records in groups["record"]:
            refused += forest.join_all(sorted({home[record] for record in records}, key=lambda e: (forest.age[e], e)))
    moves = [
        Move(RecordId(record), EntityId(entity), EntityId(root))
        for record, entity in sorted(home.items())
        if (root := forest.root(entity)) != entity
    ]
    return Outcome(moves, refused)
