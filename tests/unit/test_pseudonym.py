"""Purpose pseudonyms: one to one in a domain, unlike in any other, and for 16-byte ids only."""

import polars as pl
import pytest

from privacy.pseudonym import (
    PseudonymisationDomain,
    entities_of,
    entity_of,
    pseudonym_of,
    pseudonyms_of,
)
from privacy.terms import DomainName, EntityId, Pseudonym
from tests.builders import an_entity, an_id

CHURN = PseudonymisationDomain(DomainName("churn"), 1, bytes(range(32)))
WINBACK = PseudonymisationDomain(DomainName("winback"), 1, bytes(range(1, 33)))


def test_a_pseudonym_leads_back_to_its_entity() -> None:
    assert entity_of(CHURN, pseudonym_of(CHURN, an_entity(1))) == an_entity(1)


def test_another_domain_knows_the_same_entity_by_another_pseudonym() -> None:
    assert pseudonym_of(CHURN, an_entity(1)) != pseudonym_of(WINBACK, an_entity(1))
    assert entity_of(WINBACK, pseudonym_of(CHURN, an_entity(1))) != an_entity(1)


@pytest.mark.parametrize("length", [0, 1, 15, 17, 32])
def test_only_sixteen_bytes_are_an_id(length: int) -> None:
    """A block cipher takes any whole number of blocks: 0 and 32 bytes must be refused by us."""
    with pytest.raises(ValueError, match="16 bytes"):
        pseudonym_of(CHURN, EntityId(bytes(length)))
    with pytest.raises(ValueError, match="16 bytes"):
        entity_of(CHURN, Pseudonym(bytes(length)))
    column = pl.Series([an_id(1), bytes(length)], dtype=pl.Binary)
    with pytest.raises(ValueError, match="16 bytes"):
        pseudonyms_of(CHURN, column)
    with pytest.raises(ValueError, match="16 bytes"):
        entities_of(CHURN, column)


def test_wrong_lengths_that_add_up_to_whole_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        pseudonyms_of(CHURN, pl.Series([bytes(15), bytes(17)], dtype=pl.Binary))


def test_a_null_is_no_id() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        pseudonyms_of(CHURN, pl.Series([an_id(1), None], dtype=pl.Binary))


def test_an_empty_column_stays_empty() -> None:
    empty = pl.Series([], dtype=pl.Binary)
    assert pseudonyms_of(CHURN, empty).dtype == pl.Binary
    assert pseudonyms_of(CHURN, empty).is_empty()
    assert entities_of(CHURN, empty).is_empty()
