"""Purpose pseudonyms and blind indexes as rules: a permutation of ids, a function of (scope, value)."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from privacy.blind_index import BlindIndex
from privacy.pseudonym import PseudonymisationDomain, entities_of, entity_of, pseudonym_of, pseudonyms_of
from privacy.terms import DomainName, EntityId, Pseudonym
from tests.builders import a_key

IDS = st.binary(min_size=16, max_size=16)
DOMAINS = st.builds(PseudonymisationDomain, st.just(DomainName("d")), st.just(1), st.binary(min_size=32, max_size=32))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(domain=DOMAINS, ids=st.lists(IDS, max_size=20))
def test_a_column_has_the_pseudonyms_of_its_ids_in_order(domain: PseudonymisationDomain, ids: list[bytes]) -> None:
    column = pl.Series("entity", ids, dtype=pl.Binary)
    batch = pseudonyms_of(domain, column)
    assert batch.to_list() == [pseudonym_of(domain, EntityId(one)) for one in ids]
    assert entities_of(domain, batch).to_list() == ids


@given(domain=DOMAINS, ids=st.sets(IDS, max_size=20))
def test_no_two_ids_share_a_pseudonym_and_each_leads_back(domain: PseudonymisationDomain, ids: set[bytes]) -> None:
    pseudonyms = {pseudonym_of(domain, EntityId(one)) for one in ids}
    assert len(pseudonyms) == len(ids)
    assert {entity_of(domain, one) for one in pseudonyms} == ids


@given(domain=DOMAINS, pseudonym=IDS)
def test_every_sixteen_bytes_are_the_pseudonym_of_something(domain: PseudonymisationDomain, pseudonym: bytes) -> None:
    assert pseudonym_of(domain, entity_of(domain, Pseudonym(pseudonym))) == pseudonym


@given(one=DOMAINS, other=DOMAINS, entity=IDS)
def test_domains_with_other_secrets_have_other_pseudonyms(
    one: PseudonymisationDomain, other: PseudonymisationDomain, entity: bytes
) -> None:
    same = pseudonym_of(one, EntityId(entity)) == pseudonym_of(other, EntityId(entity))
    assert same == (one.secret == other.secret)


@given(one=st.tuples(TEXTS, TEXTS), other=st.tuples(TEXTS, TEXTS))
def test_a_token_stands_for_scope_and_value_together(one: tuple[str, str], other: tuple[str, str]) -> None:
    tokens = [BlindIndex(a_key(), scope).token_of(value) for scope, value in (one, other)]
    assert (tokens[0] == tokens[1]) == (one == other)
