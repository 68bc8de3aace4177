"""The cluster of one record, without the part that it hangs together with: chains of nearest neighbours.

Average linkage may be run from anywhere: two clusters that are each other's nearest will be joined whatever happens
elsewhere, because joining others never brings anybody nearer (Murtagh 1983, A Survey of Recent Advances in Hierarchical
Clustering Algorithms; the property is Bruynooghe's, 1977). So who asks of one record follows the nearest from it, joins
where two are mutual, and has looked at a few dozen records where the part has tens of thousands. The clusters are those
of `ingest.match.linkage`, refusals included: a test holds both equal.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from ingest.match.linkage import joins_from

Number = int | str | None
Name = tuple[bytes, bytes]
"""Of a cluster that of its first record, and that record."""


class Around(Protocol):
    """What is known of records, read when it is asked for."""

    def edges(self, record: bytes) -> Mapping[bytes, float]:
        """Return how likely a record is one with each that it was compared with."""
        ...

    def meet(self, records: Collection[bytes]) -> None:
        """Hear of all who are about to be asked for."""
        ...

    def number(self, record: bytes) -> Number:
        """Return its checked number."""
        ...

    def name(self, record: bytes) -> bytes:
        """Return the name by which equals are ordered."""
        ...


class Chains:
    """Clusters that have been asked for, and whatever was joined on the way to them."""

    def __init__(self, around: Around, threshold: float) -> None:
        """Join where the mean probability reaches the threshold."""
        self._around = around
        self._least = joins_from(threshold)
        self._cluster_of: dict[bytes, bytes] = {}
        self._members: dict[bytes, list[bytes]] = {}
        self._near: dict[bytes, dict[bytes, float]] = {}
        self._name: dict[bytes, Name] = {}
        self._number: dict[bytes, Number] = {}

    def cluster_of(self, record: bytes) -> list[bytes]:
        """Return all records of the cluster that a record is in."""
        chain = [self._read(record)]
        while (nearest := self._nearest(chain[-1])) is not None:
            if len(chain) > 1 and nearest == chain[-2]:
                joined = self._join(*chain[-2:])
                chain = chain[:-2] or [joined]
            else:
                chain.append(self._read(nearest))
        return self._members[self._cluster_of[record]]

    def _read(self, record: bytes) -> bytes:
        """Return the cluster that a record is in; at first by itself."""
        known = self._cluster_of.get(record)
        if known is not None:
            return known
        near: dict[bytes, float] = {}
        for other, probability in self._around.edges(record).items():
            cluster = self._cluster_of.get(other)
            if cluster is None:
                near[other] = probability
            else:  # both say the same to the last bit, or a chain would never end
                near[cluster] = self._near[cluster][record]
        self._cluster_of[record], self._members[record], self._near[record] = record, [record], near
        self._name[record], self._number[record] = (self._around.name(record), record), self._around.number(record)
        return record

    def _nearest(self, cluster: bytes) -> bytes | None:
        """Return the likeliest cluster that may be joined; of equals that of the first names."""
        size = len(self._members[cluster])
        means = {other: between / (size * self._size(other)) for other, between in self._near[cluster].items()}
        likely = {other: mean for other, mean in means.items() if mean >= self._least}
        self._around.meet([other for other in likely if other not in self._members])
        free = [other for other in likely if not self._conflict(cluster, other)]
        return min(free, key=lambda other: (-likely[other], *self._named(cluster, other)), default=None)

    def _size(self, cluster: bytes) -> int:
        return len(self._members.get(cluster, (cluster,)))

    def _named(self, *clusters: bytes) -> list[Name]:
        return sorted(self._name.get(each) or (self._around.name(each), each) for each in clusters)

    def _conflict(self, one: bytes, other: bytes) -> bool:
        mine = self._number[one]
        theirs = self._number[other] if other in self._number else self._around.number(other)
        return mine is not None and theirs is not None and mine != theirs

    def _join(self, one: bytes, other: bytes) -> bytes:
        """Let the smaller neighbourhood go into the larger."""
        kept, gone = (one, other) if len(self._near[one]) >= len(self._near[other]) else (other, one)
        near = self._near[kept]
        for neighbour, between in self._near.pop(gone).items():
            if neighbour != kept:
                near[neighbour] = near.get(neighbour, 0.0) + between
            if neighbour in self._near:
                del self._near[neighbour][gone]
                if neighbour != kept:
                    self._near[neighbour][kept] = near[neighbour]
        members = self._members.pop(gone)
        self._members[kept] += members
        self._cluster_of |= dict.fromkeys(members, kept)
        self._name[kept] = min(self._name[kept], self._name.pop(gone))
        number = self._number.pop(gone)
        self._number[kept] = number if number is not None else self._number[kept]
        return kept
