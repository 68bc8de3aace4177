"""By what erased people are known again: taken from their documents while their keys are still there.

Rules kept here:
- a document does not say under which contract it came, so a number without a country is read for each country; what
  counts is the reading that ingest indexed, which the record's own blind indexes tell;
- an address that anybody else carries, or that is a role's, keeps contact away and nobody's record.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.keystore.suppression import suppression_index
from ingest.identity.comparable import comparable
from ingest.identity.exact import match_values
from ingest.pipeline.opening import open_documents
from ingest.pipeline.ports import Indexes
from ingest.store.carrier import carriers, keys_of_records
from ingest.store.record import tokens_of_records
from privacy.store.principal import Principal
from privacy.suppression import ADDRESSES, ROLE_ADDRESS, Attribute, EntryKind
from privacy.terms import EntityKind, RecordId

_COUNTRIES: Final = ("NO", "SE", "DK", "FI", "DE", "GB", "")
_NAMES: Final = ("given_name", "family_name", "full_name", "organisation_name")
_DOCUMENT: Final = pl.Struct(
    dict.fromkeys((*_NAMES, "email", "phone", "national_id", "organisation_number"), pl.String())
)
_VALUES: Final = {"record": pl.Binary, "attribute": pl.String, "value": pl.String, "index": pl.Binary}
_KNOWN_BY: Final = {"person": pl.UInt32, "kind": pl.String, "attribute": pl.String, "token": pl.Binary}
_OF_ORGANISATION: Final = [Attribute.SOURCE_KEY.value, Attribute.NUMBER.value]
_IS_PROOF: Final = ~pl.col("attribute").is_in([attribute.value for attribute in sorted(ADDRESSES)])
_ADDRESSES: Final = [attribute.value for attribute in sorted(ADDRESSES)]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Digests by which people are known again: columns person (their number here), kind, attribute, token.

    `shared` has the records of others that carry an address of theirs: record, attribute. `proofs` are the blind
    indexes by which a delivery on its way in brings one of them under another key.
    """

    known_by: pl.DataFrame = field(repr=False)
    shared: pl.DataFrame = field(repr=False)
    proofs: tuple[bytes, ...] = field(repr=False)
    records: frozenset[bytes]
    key_version: int


def evidence_of(hub: Hub, people: Sequence[Sequence[RecordId]], by: Principal) -> Evidence:
    """Digest what identifies some people, each given by all of their records.

    The opening of their documents is audited first. Call it before a transaction is begun, and before their keys go.
    """
    records = [record for person in people for record in person]
    numbers = [number for number, person in enumerate(people) for _ in person]
    persons = pl.DataFrame({"record": records, "person": numbers}, schema={"record": pl.Binary, "person": pl.UInt32})
    documents = open_documents(records, hub.ports(by.principal_id), why="suppression")
    with hub.reading() as session:
        keys = keys_of_records(session, records)
        known = tokens_of_records(session, records)
    values = pl.concat([_keyed(keys), *_attributes(documents, keys, hub.indexes(), known)]).unique()
    addresses = values.filter(pl.col("attribute").is_in(_ADDRESSES))
    with hub.reading() as session:
        borne = carriers(session, addresses["index"].unique().to_list())
    others = borne.join(persons, on="record", how="anti").rename({"field": "attribute"})
    return Evidence(
        known_by=_digested(_judged(values, others), hub).join(persons, on="record").select(*_KNOWN_BY).unique(),
        shared=others.select("record", "attribute").unique().sort("record", "attribute"),
        proofs=tuple(sorted(values.filter(_IS_PROOF)["index"].drop_nulls().unique())),
        records=frozenset(records),
        key_version=suppression_index(hub.keystore).version,
    )


def _keyed(keys: pl.DataFrame) -> pl.DataFrame:
    """Return the source keys of records as they are digested: as the hex of their blind index."""
    return keys.select(
        "record",
        attribute=pl.lit(Attribute.SOURCE_KEY.value),
        value=pl.col("key_index").bin.encode("hex"),
        index=pl.lit(None, dtype=pl.Binary),
    )


def _attributes(
    documents: Mapping[RecordId, bytes], keys: pl.DataFrame, indexes: Indexes, known: Sequence[bytes]
) -> Iterator[pl.DataFrame]:
    """Yield what documents say in the form that ingest indexed, of people and of organisations."""
    if not documents:
        return
    texts = [document.decode() for document in documents.values()]
    read = pl.DataFrame(
        {"record": list(documents), "document": texts}, schema={"record": pl.Binary, "document": pl.String}
    ).with_columns(pl.col("document").str.json_decode(_DOCUMENT))
    for (word,), some in read.join(keys, on="record").group_by("kind"):
        kind = EntityKind(word)
        attributes = some.select("record", "document").unnest("document")
        found = pl.concat([_standardised(attributes, kind, country) for country in _COUNTRIES]).unique()
        if kind is EntityKind.ORGANISATION:
            found = found.filter(pl.col("attribute").is_in(_OF_ORGANISATION))
        yield _indexed(found, indexes).filter(pl.col("index").is_in(pl.Series(known, dtype=pl.Binary).implode()))


def _standardised(attributes: pl.DataFrame, kind: EntityKind, country: str) -> pl.DataFrame:
    values = match_values(comparable(attributes, kind=kind, country=country))
    named = attributes.select("record").with_row_index("record_row")
    return values.join(named, on="record_row").select("record", attribute="field", value="value")


def _indexed(values: pl.DataFrame, indexes: Indexes) -> pl.DataFrame:
    """Add the blind index that ingest made of each value."""
    parts = [pl.DataFrame(schema=_VALUES)]
    for (attribute,), some in values.group_by("attribute"):
        distinct = some["value"].unique()
        tokens = indexes.attribute(str(attribute)).tokens_of(distinct.to_list())
        named = pl.DataFrame({"value": distinct, "index": tokens}, schema={"value": pl.String, "index": pl.Binary})
        parts.append(some.join(named, on="value").select(*_VALUES))
    return pl.concat(parts)


def _judged(values: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Add `kind`: what a value keeps away. An address of others, or of a role, keeps away contact only."""
    role = pl.col("value").str.contains(ROLE_ADDRESS)
    is_address = pl.col("attribute").is_in(_ADDRESSES)
    shared = pl.col("index").is_in(others["index"].implode()).fill_null(value=False)
    contact = is_address & (shared | (role & (pl.col("attribute") == Attribute.EMAIL.value)))
    word = pl.when(contact).then(pl.lit(EntryKind.CONTACT.value)).otherwise(pl.lit(EntryKind.ERASED.value))
    return values.with_columns(kind=word)


def _digested(values: pl.DataFrame, hub: Hub) -> pl.DataFrame:
    """Add the newest token of the suppression list of each value."""
    index = suppression_index(hub.keystore)
    parts = [pl.DataFrame(schema={"record": pl.Binary, "kind": pl.String, "attribute": pl.String, "token": pl.Binary})]
    for (attribute,), some in values.group_by("attribute"):
        distinct = some["value"].unique()
        tokens = index.tokens_of(Attribute(attribute), distinct.to_list())
        named = pl.DataFrame({"value": distinct, "token": tokens}, schema={"value": pl.String, "token": pl.Binary})
        parts.append(some.join(named, on="value").select("record", "kind", "attribute", "token"))
    return pl.concat(parts)
