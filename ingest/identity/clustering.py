"""From shared tokens to moves between entities: a function of the set of records, whatever the order they came in.

Rules kept here, for the records that a chain of shared tokens connects (see `exact` for what a token is):
- records that share a checksummed number are one, unless a number contradicts: two records that both carry numbers and
  none in common are never in one cluster. Where a record with two numbers would bridge such a pair, each set of
  numbers stands for itself;
- records without a number are one if weaker tokens (e-mail or phone with name) link them, and join the numbered
  cluster that weaker tokens link them to if there is exactly one; linked to several they stay together and apart;
- weaker tokens never join two numbered clusters.
What is asked is always the whole connected part, so a late record can also take records apart again that an earlier
state of knowledge had joined.

- Every record has an entity of its own, made with its name; a cluster goes by the oldest of them (ties: the smaller
  id), so ids are stable for life and do not tell in which order things were joined. A cluster that is an entity
  already keeps its id.
- Records that share an entity although no token connects them were joined by somebody else than these rules: that
  counts as one more weak link; but not for a record that was just corrected: a wrong value may be all that held it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

import polars as pl

from ingest.identity.exact import NUMBERS
from privacy.terms import EntityId, RecordId

Token = tuple[str, bytes]
Member = tuple[bytes, bytes, bytes, int]
"""A record, its entity, the entity that was made with its name, and when (microseconds)."""
_KEPT: Final = "kept"


@dataclass(frozen=True, slots=True)
class Move:
    """One record changes entity."""

    record: RecordId
    from_entity: EntityId
    to_entity: EntityId


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Moves that belong together: between them somebody would be with the wrong people.

    `records` are all whose entity gains or loses a record, the moving ones included.
    """

    moves: list[Move]
    records: set[RecordId]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What clustering decided, and how many shared tokens joined not all of their records because numbers disagree."""

    regroupings: list[Regrouping]
    refused: int

    @property
    def moves(self) -> list[Move]:
        """All moves."""
        return [move for regrouping in self.regroupings for move in regrouping.moves]


@dataclass(slots=True)
class _Forest:
    """Union-find over records."""

    parent: dict[bytes, bytes] = field(default_factory=dict)

    def root(self, node: bytes) -> bytes:
        """Find the root, shortening the path on the way."""
        while (above := self.parent.setdefault(node, node)) != node:
            self.parent[node] = self.parent.setdefault(above, above)
            node = self.parent[node]
        return node

    def join(self, nodes: Sequence[bytes]) -> None:
        """Put nodes into one tree; the smallest root stays, so that order leaves no trace."""
        roots = {self.root(node) for node in nodes}
        least = min(roots, default=b"")
        for root in roots:
            self.parent[root] = least

    def trees(self, nodes: Iterable[bytes]) -> dict[bytes, list[bytes]]:
        """Return the nodes of each tree, by root."""
        found: dict[bytes, list[bytes]] = defaultdict(list)
        for node in nodes:
            found[self.root(node)].append(node)
        return found


def moves_of(
    indexes: pl.DataFrame, members: pl.DataFrame, rules: Sequence[str], *, corrected: Collection[bytes] = ()
) -> Outcome:
    """Cluster connected records, and say which of them move.

    Args:
        indexes: record, field, token: every counted token of every record that tokens connect.
        members: record, entity, own_entity, own_created_us: those records and all others of their entities, with the
            entity that was made with the record's name, and when.
        rules: the fields that join.
        corrected: records that stay in their entity only by tokens that they still have.

    """
    carriers: dict[Token, list[bytes]] = defaultdict(list)
    for record, name, token in indexes.filter(pl.col("field").is_in(list(rules))).iter_rows():
        carriers[name, token].append(record)
    return moves_among(carriers, members.rows(), corrected=corrected)


def moves_among(
    carriers: dict[Token, list[bytes]], members: Sequence[Member], *, corrected: Collection[bytes] = ()
) -> Outcome:
    """Do as `moves_of` does, of the carriers of each token and the rows of members."""
    home = {record: entity for record, entity, *_ in members}
    parts = _connected(carriers, home, corrected)
    fold = _folds(carriers, home)
    refused = sum(len({fold[record] for record in records}) > 1 for records in carriers.values())
    target = _targets(fold, members, home)
    return Outcome(_regroupings(parts, home, target), refused)


def _connected(
    carriers: dict[Token, list[bytes]], home: Mapping[bytes, bytes], corrected: Collection[bytes]
) -> _Forest:
    """Connect records by tokens, and by entities that no token explains; the latter become tokens themselves."""
    forest = _Forest()
    for records in carriers.values():
        forest.join(records)
    together: dict[bytes, list[bytes]] = defaultdict(list)
    for record, entity in home.items():
        together[entity].append(record)
    for entity, records in together.items():
        if len({forest.root(record) for record in records}) > 1:
            carriers[_KEPT, entity] = [record for record in records if record not in corrected]
    for entity, records in together.items():  # after the look, so that one entity's link explains no other's
        if (_KEPT, entity) in carriers:
            forest.join(records)
    return forest


def _folds(carriers: Mapping[Token, list[bytes]], home: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return a name for the cluster of each record."""
    blocks = _numbered(carriers)
    free = _Forest()
    for (name, _), records in carriers.items():
        if name not in NUMBERS:
            free.join([record for record in records if record not in blocks])
    linked: dict[bytes, set[bytes]] = defaultdict(set)
    for (name, _), records in carriers.items():
        if name not in NUMBERS:
            near = {blocks[record] for record in records if record in blocks}
            for record in records:
                if record not in blocks:
                    linked[free.root(record)] |= near
    return {record: blocks.get(record) or _joined(free.root(record), linked) for record in home}


def _joined(root: bytes, linked: Mapping[bytes, set[bytes]]) -> bytes:
    """Join records without a number to the numbered cluster they are linked to, if there is exactly one."""
    near = linked.get(root, set())
    return next(iter(near)) if len(near) == 1 else root


def _numbered(carriers: Mapping[Token, list[bytes]]) -> dict[bytes, bytes]:
    """Name the cluster of each record that carries a number by one of its records."""
    numbers: dict[bytes, set[Token]] = defaultdict(set)
    forest = _Forest()
    for token, records in carriers.items():
        if token[0] in NUMBERS:
            forest.join(records)
            for record in records:
                numbers[record].add(token)
    blocks = {}
    for records in forest.trees(numbers).values():
        sets = {record: frozenset(numbers[record]) for record in records}
        if any(one.isdisjoint(other) for one, other in combinations(set(sets.values()), 2)):
            least: dict[frozenset[Token], bytes] = {}
            for record in sorted(records):
                blocks[record] = least.setdefault(sets[record], record)
        else:
            blocks |= dict.fromkeys(records, min(records))
    return blocks


def _targets(fold: Mapping[bytes, bytes], members: Sequence[Member], home: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the entity by which each cluster goes."""
    own = {record: (created, entity) for record, _, entity, created in members}
    clusters: dict[bytes, set[bytes]] = defaultdict(set)
    entities: dict[bytes, set[bytes]] = defaultdict(set)
    for record, name in fold.items():
        clusters[name].add(record)
        entities[home[record]].add(record)
    target: dict[bytes, bytes] = {}
    for records in clusters.values():
        if entities[home[next(iter(records))]] == records:
            target |= dict.fromkeys(records, home[next(iter(records))])
    taken = set(target.values())
    for records in clusters.values():
        if not target.keys() >= records:
            free = [born for record in records if (born := own[record])[1] not in taken]
            target |= dict.fromkeys(records, min(free or [own[record] for record in records])[1])
    return target


def _regroupings(parts: _Forest, home: Mapping[bytes, bytes], target: Mapping[bytes, bytes]) -> list[Regrouping]:
    regroupings = []
    for _, records in sorted(parts.trees(home).items()):
        moving = sorted(record for record in records if target[record] != home[record])
        if moving:
            changed = {entity for record in moving for entity in (home[record], target[record])}
            moves = [Move(RecordId(r), EntityId(home[r]), EntityId(target[r])) for r in moving]
            touched = {RecordId(record) for record in records if home[record] in changed}
            regroupings.append(Regrouping(moves, touched))
    return regroupings
