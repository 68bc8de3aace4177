"""Who must not come back is dropped at the door, and a no that waited for somebody is written before they are read.

Rules kept here:
- rows are screened before anything of them is named, sealed or measured; what is dropped leaves only its count, and the
  key under which an erased person came back (`ingest.pipeline.returned`);
- a row that has no more than an address in common with an erased person waits in quarantine (`suppressed_unclear`);
- a refused row of an erased person is dropped, too: quarantine must not bring back what erasure took away;
- opt-outs are looked up once more after the chunk's blind indexes are committed, under the epoch's lock: who notes an
  opt-out at that moment either sees those indexes or is seen here, and nobody falls between (ADR 0034).
Nothing is computed for an empty list, and no token for an attribute that no entry is of.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Final

import polars as pl
from sqlmodel import Session

from ingest.canonical.catalogue import LAKE_TABLES
from ingest.canonical.table import Erasure
from ingest.contract.model import Contract
from ingest.errors import BatchBusy, ListRekeyed
from ingest.identity.comparable import comparable
from ingest.identity.exact import match_values
from ingest.pipeline.erased_keys import KEEPS_OUT, ErasedKeys, is_cleared
from ingest.pipeline.ports import Ports
from ingest.pipeline.returned import keep_out
from ingest.pipeline.unclear import put_aside
from ingest.readers.chunk import Chunk
from ingest.store.record import keys_on_record
from privacy.blind_index import BlindIndex
from privacy.store import suppression as entries
from privacy.store.epoch import lock_epoch
from privacy.suppression import PROOF, Attribute, EntryKind, Evidence, Verdict, verdict_of
from privacy.terms import EntityKind

_TOKENS: Final = {"_line": pl.Int64, "attribute": pl.String, "token": pl.Binary}
_WAITS: Final = frozenset({EntryKind.OPT_OUT, EntryKind.CONTACT})
_OF_PERSON: Final = frozenset(Attribute)
_OF_ORGANISATION: Final = frozenset({Attribute.SOURCE_KEY, Attribute.NUMBER})
"""An organisation is known by its numbers: the address it shares with an erased person is no hint of that person."""
Present = Mapping[tuple[EntryKind, Attribute], int]


class Screen:
    """The suppression list as one delivery meets it: `screened` before a chunk is staged, `waiting` after its indexes.

    `suppressed` counts the rows of this delivery that were dropped; `restricted` the records that were told of before,
    and are now known to be an erased person's.
    """

    def __init__(self, contract: Contract, ports: Ports) -> None:
        self._contract = contract
        self._ports = ports
        self._chunk = pl.DataFrame()
        self._tokens = pl.DataFrame(schema=_TOKENS)
        self._made: set[Attribute] = set()
        self._seen = 0
        self._counts: Present = {}
        self._whole: pl.DataFrame | None = None
        self._found = pl.DataFrame(schema=entries.ENTRIES)
        self._innocent = ErasedKeys()
        self.suppressed = 0
        self.restricted = 0

    def screened(self, chunk: Chunk) -> Chunk:
        """Return a chunk of people or organisations without the rows that must not be let in."""
        self._chunk, self._tokens, self._made = chunk.frame, pl.DataFrame(schema=_TOKENS), set()
        present, self._found = self._present(), pl.DataFrame(schema=entries.ENTRIES)
        if not present:
            return chunk
        self._look_up(present)
        verdicts = self._verdicts()
        dropped = self._kept_out(verdicts.filter(pl.col("verdict") == Verdict.DROP.value)["_line"])
        unclear = verdicts.filter(verdict=Verdict.UNCLEAR.value).drop("verdict")
        unclear = unclear.filter(~pl.col("_line").is_in(dropped.implode()))
        refused = self._without_erased(chunk.rejected, "subject")
        self.suppressed += len(dropped) + chunk.rejected.height - refused.height
        away = pl.concat([dropped, unclear["_line"]]).to_frame()
        kept = chunk.frame.join(away, on="_line", how="anti", maintain_order="left")
        if unclear.height:
            refused = pl.concat([refused, put_aside(chunk, unclear, self._contract)]).sort("line")
        restrictive = chunk.restrictive
        if restrictive.height:
            restrictive = self._without_erased(restrictive, "_key")
        return replace(chunk, frame=kept, rejected=refused, restrictive=restrictive)

    def screened_events(self, chunk: Chunk) -> Chunk:
        """Return a chunk of events without those of erased people; a fact that is an organisation's stays without them.

        As erasure does with the same table: the row goes, or the person is taken out of it.
        """
        if not any(kind is EntryKind.ERASED and of is Attribute.SOURCE_KEY for kind, of in self._present()):
            return chunk
        refused = self._without_erased(chunk.rejected, "subject")
        frame = self._of_nobody_erased(chunk.frame)
        self.suppressed += chunk.frame.height - frame.height + chunk.rejected.height - refused.height
        return replace(chunk, frame=frame, rejected=refused)

    def screened_again(self, named: pl.DataFrame) -> pl.DataFrame:
        """Return events whose keys are named by now without those of whom was listed since they were screened.

        Whoever lists a key under the epoch's lock closes the record it names, or is seen here: then it names nothing.
        """
        with self._ports.unit_of_work() as session:
            lock_epoch(session)
            if entries.newest_entry(session) == self._seen:
                return named
        kept = self._of_nobody_erased(named)
        self.suppressed += named.height - kept.height
        return kept

    def _of_nobody_erased(self, frame: pl.DataFrame) -> pl.DataFrame:
        stays = LAKE_TABLES[self._contract.table].erasure is Erasure.CLEAR_PERSON and "_organisation_key" in frame
        gone = self._erased_keys(frame, "_organisation_key", EntityKind.ORGANISATION)
        theirs = self._erased_keys(frame, "_person_key", EntityKind.PERSON)
        if theirs is not None and stays:
            fact = theirs & pl.col("_organisation_key").is_not_null()
            frame = frame.with_columns(_person_key=pl.when(~fact).then("_person_key"))
            theirs = theirs & pl.col("_organisation_key").is_null()
        for keys in (gone, theirs):
            frame = frame if keys is None else frame.filter(~keys)
        return frame

    def of_this_chunk(self) -> "Screen":
        """Return the screen as it is now: the next chunk may be screened while this one is still being written."""
        return copy(self)

    def waiting(self, fresh: pl.DataFrame) -> pl.DataFrame:
        """Return the entries that wait for rows just indexed: columns of the list, `record` and `attribute`.

        Call it when the rows' blind indexes are committed and before the batch is flipped.

        Raises:
            BatchBusy: somebody whom the chunk brings was erased since it was screened; begin anew.
            ListRekeyed: an entry is under a key that this delivery does not know; begin anew.

        """
        with self._ports.unit_of_work() as session:
            lock_epoch(session)
            later = entries.entries_since(session, self._seen)
            if later.height:
                self._verify_keys(session)
        self._verify_not_overtaken(later)
        found = pl.concat([self._found, later]).filter(pl.col("kind").is_in([kind.value for kind in _WAITS]))
        if found.is_empty():
            return found.with_columns(record=pl.lit(None, dtype=pl.Binary))
        self._make({Attribute(each) for each in found["attribute"].unique()})
        records = fresh.select("_line", "record")
        hit = self._tokens.drop("attribute").join(found, on="token").join(records, on="_line")
        return hit.unique(["record", "seq"]).sort("record", "seq")

    def _verify_not_overtaken(self, later: pl.DataFrame) -> None:
        """Refuse a chunk that was screened just before one of its people was erased: its indexes are there already."""
        proofs = [attribute.value for attribute in PROOF]
        erased = later.filter((pl.col("kind") == EntryKind.ERASED.value) & pl.col("attribute").is_in(proofs))
        if erased.is_empty():
            return
        self._make({Attribute(each) for each in erased["attribute"].unique()} | {Attribute.SOURCE_KEY})
        hits = self._tokens.join(erased, on="token", how="semi")
        own = hits.filter(pl.col("attribute") == Attribute.SOURCE_KEY.value)  # the erasure finds these by their key
        if not hits.join(own, on="_line", how="anti").is_empty():
            raise BatchBusy(self._contract.name)

    def _present(self) -> Present:
        with self._ports.read_only() as session:
            newest = entries.newest_entry(session)
            if newest != self._seen:
                self._verify_keys(session)
                self._seen, self._counts = newest, entries.entries_present(session)
        return self._counts

    def _verify_keys(self, session: Session) -> None:
        """Refuse to go on where an entry is under a key that is not known here: whom it means would be let in."""
        if entries.newest_key_version(session) > self._ports.suppression.version:
            raise ListRekeyed(self._contract.name)

    def _look_up(self, present: Present) -> None:
        self._make({attribute for _, attribute in present})
        distinct, listed = self._tokens["token"].unique(), sum(present.values())
        with self._ports.read_only() as session:
            if self._whole is None and entries.is_worth_looking_up(len(distinct), listed=listed):
                self._found = entries.entries_among(session, distinct.to_list(), listed=listed)
                return
            # Read once a delivery, and what was added since: `seq` is in the order of commits.
            whole = pl.DataFrame(schema=entries.ENTRIES) if self._whole is None else self._whole
            newest = whole["seq"].max()
            self._whole = pl.concat([whole, entries.entries_since(session, newest if isinstance(newest, int) else 0)])
        self._found = self._whole.join(distinct.to_frame("token"), on="token", how="semi")

    def _make(self, attributes: set[Attribute]) -> None:
        """Compute the tokens of attributes that were not asked for yet in this chunk."""
        missing = attributes - self._made
        self._made |= missing
        parts = [self._keyed()] if Attribute.SOURCE_KEY in missing else []
        if missing - {Attribute.SOURCE_KEY}:
            kind = self._contract.entity_kind or EntityKind.PERSON
            values = match_values(comparable(self._chunk, kind=kind, country=self._contract.country))
            lines = self._chunk.select("_line").with_row_index("record_row")
            named = values.join(lines, on="record_row").rename({"field": "attribute"})
            parts.append(named.filter(pl.col("attribute").is_in([each.value for each in missing])))
        made = [self._digested(part.select("_line", "attribute", "value")) for part in parts]
        self._tokens = pl.concat([self._tokens, *made])

    def _keyed(self) -> pl.DataFrame:
        """Return the source keys of the chunk as they are digested: as the hex of their blind index."""
        distinct = self._chunk["_key"].unique()
        tokens = self._source_keys().tokens_of(distinct.to_list())
        named = pl.DataFrame({"_key": distinct, "value": [token.hex() for token in tokens]})
        of = pl.lit(Attribute.SOURCE_KEY.value).alias("attribute")
        return self._chunk.select("_line", "_key").join(named, on="_key").with_columns(of)

    def _digested(self, values: pl.DataFrame) -> pl.DataFrame:
        """Turn standardised values into tokens of every key version: one HMAC a distinct value."""
        parts = [pl.DataFrame(schema=_TOKENS)]
        for (attribute,), some in values.group_by("attribute"):
            distinct = some["value"].unique()
            for tokens in self._ports.suppression.versions_of(Attribute(attribute), distinct.to_list()):
                named = pl.DataFrame(
                    {"value": distinct, "token": tokens}, schema={"value": pl.String, "token": pl.Binary}
                )
                parts.append(some.join(named, on="value").select(*_TOKENS))
        return pl.concat(parts)

    def _verdicts(self) -> pl.DataFrame:
        """Return the rows that are not simply let in: `_line`, `verdict`, and `agrees`, what decides."""
        hits = self._hits()
        cleared = pl.col("kind") == EntryKind.CLEARED.value
        rows = hits.group_by("_line").agg(
            agrees=pl.col("attribute").filter(~cleared).unique().sort(), cleared=is_cleared()
        )
        rows = rows.join(self._on_record(rows["_line"]), on="_line")
        patterns = rows.select("agrees", "cleared", "on_record").unique()  # a handful, however many rows there are
        answers = [_verdict(agrees, cleared, on_record) for agrees, cleared, on_record in patterns.iter_rows()]
        judged = patterns.with_columns(verdict=pl.Series(answers, dtype=pl.String))
        verdicts = rows.join(judged, on=["agrees", "cleared", "on_record"], nulls_equal=True)
        return verdicts.filter(pl.col("verdict") != Verdict.ACCEPT.value).select("_line", "verdict", "agrees")

    def _hits(self) -> pl.DataFrame:
        """Return what rows have in common with the list, as far as it decides: `_line`, `attribute`, `set_id`, ..."""
        known = _OF_PERSON if self._contract.entity_kind is EntityKind.PERSON else _OF_ORGANISATION
        decides = pl.col("kind").is_in([kind.value for kind in KEEPS_OUT])
        found = self._found.filter(decides & pl.col("attribute").is_in([each.value for each in known]))
        columns = found.select("token", "kind", "attribute", "seq", "set_id")
        return self._tokens.drop("attribute").join(columns, on="token")

    def _kept_out(self, dropped: pl.Series) -> pl.Series:
        """List the keys of dropped rows that are not listed yet; return the lines to drop, all of those keys'."""
        if dropped.is_empty():
            return dropped
        proofs = [attribute.value for attribute in PROOF]
        theirs = pl.col("_line").is_in(dropped.implode()) & pl.col("attribute").is_in(proofs)
        known = self._hits().filter(theirs, kind=EntryKind.ERASED.value)
        listed = known.filter(attribute=Attribute.SOURCE_KEY.value)
        fresh = known.join(listed, on="_line", how="anti").select("_line", "set_id")
        if fresh.is_empty():
            return dropped
        rows = self._chunk.select("_line", "_key")
        pairs = rows.join(fresh, on="_line").select("_key", "set_id").unique()
        keys = pairs["_key"].unique()
        named = keys.to_frame().with_columns(key_index=pl.Series(self._source_keys().tokens_of(keys.to_list())))
        self.restricted += len(keep_out(pairs.join(named, on="_key"), self._ports).restricted)
        return pl.concat([dropped, rows.filter(pl.col("_key").is_in(keys.implode()))["_line"]]).unique().sort()

    def _source_keys(self) -> BlindIndex:
        return self._ports.indexes.source_key(self._contract.source, self._contract.entity_kind or EntityKind.PERSON)

    def _on_record(self, lines: pl.Series) -> pl.DataFrame:
        """Say of some rows whether their key names a record that is held: `_line`, `on_record`."""
        keys = self._chunk.filter(pl.col("_line").is_in(lines.implode())).select("_line", "_key")
        tokens = self._source_keys().tokens_of(keys["_key"].to_list())
        with self._ports.read_only() as session:
            held = keys_on_record(session, tokens)
        return keys.select("_line", on_record=pl.Series([token in held for token in tokens], dtype=pl.Boolean))

    def _without_erased(self, rows: pl.DataFrame, column: str) -> pl.DataFrame:
        """Leave out the rows whose key is an erased person's; a row of nobody, or of whom cannot be told, stays."""
        contract = self._contract
        reference = None if contract.is_identity else contract.person or contract.organisation
        kind = contract.entity_kind or (EntityKind.PERSON if contract.person else EntityKind.ORGANISATION)
        erased = self._innocent.erased(
            rows[column], reference.source if reference else contract.source, kind, self._ports
        )
        return rows.filter(~pl.col(column).is_in(erased.implode()).fill_null(value=False)) if len(erased) else rows

    def _erased_keys(self, frame: pl.DataFrame, column: str, kind: EntityKind) -> pl.Expr | None:
        """Say which rows name an erased customer in a column; None if none does."""
        contract = self._contract
        reference = contract.person if kind is EntityKind.PERSON else contract.organisation
        if reference is None or column not in frame.columns:
            return None
        erased = self._innocent.erased(frame[column], reference.source, kind, self._ports)
        return pl.col(column).is_in(erased.implode()).fill_null(value=False) if len(erased) else None


def _verdict(agrees: Sequence[str], cleared: bool, on_record: bool) -> str:  # noqa: FBT001 - the columns of one pattern
    evidence = Evidence(agrees=frozenset(map(Attribute, agrees)), on_record=on_record, cleared=cleared)
    return verdict_of(evidence).value
