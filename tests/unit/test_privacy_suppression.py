"""The verdict over every evidence there can be, and tokens that outlive a rotation."""

from itertools import chain, combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.keys import KeyKind
from privacy.suppression import ADDRESSES, PROOF, ROLE_ADDRESS, Attribute, Evidence, Verdict, verdict_of
from privacy.suppression_index import SuppressionIndex
from tests.builders import a_key

EVERY = [
    frozenset(some) for some in chain.from_iterable(combinations(Attribute, size) for size in range(len(Attribute) + 1))
]
ONE, TWO = a_key(1, KeyKind.INDEX), a_key(2, KeyKind.INDEX)


@pytest.mark.parametrize("on_record", [False, True])
def test_the_verdict_over_all_evidence(*, on_record: bool) -> None:
    for agrees in EVERY:
        verdict = verdict_of(Evidence(agrees=agrees, on_record=on_record))
        if agrees & PROOF:
            assert verdict is Verdict.DROP
        elif agrees and not on_record:
            assert agrees <= ADDRESSES
            assert verdict is Verdict.UNCLEAR
        else:
            assert verdict is Verdict.ACCEPT
        assert verdict_of(Evidence(agrees=agrees, on_record=on_record, cleared=True)) is Verdict.ACCEPT


@given(st.sampled_from(EVERY), st.sampled_from(EVERY))
def test_more_in_common_never_lets_a_row_in(less: frozenset[Attribute], more: frozenset[Attribute]) -> None:
    rank = [Verdict.ACCEPT, Verdict.UNCLEAR, Verdict.DROP].index
    assert rank(verdict_of(Evidence(agrees=less))) <= rank(verdict_of(Evidence(agrees=less | more)))


@given(st.lists(st.text(max_size=20), unique=True, max_size=5), st.sampled_from(Attribute))
def test_a_rotation_nests_and_old_tokens_are_found(values: list[str], attribute: Attribute) -> None:
    old, new = SuppressionIndex((ONE,)), SuppressionIndex((ONE, TWO))
    assert new.versions_of(attribute, values)[0] == old.tokens_of(attribute, values)
    assert all(len(token) == 32 for token in new.tokens_of(attribute, values))
    assert not set(new.tokens_of(attribute, values)) & set(old.tokens_of(attribute, values))
    assert (old.version, new.version) == (1, 2)


def test_the_normal_form_is_frozen() -> None:
    """A changed digest would let everybody back in: this vector never changes."""
    (token,) = SuppressionIndex((ONE,)).tokens_of(Attribute.EMAIL, ["kari@example.no"])
    (nested,) = SuppressionIndex((ONE, TWO)).tokens_of(Attribute.EMAIL, ["kari@example.no"])
    assert token.hex() == "17870f5d8739eff8d3868c9f9a87c95c654caf8cd4c6075aca021916fc4531bf"
    assert nested.hex() == "39d2f1ed2ef739fd51e0a06699632a71a673b5044365dbfc9a84c74f2c93761f"


def test_one_value_as_two_attributes_is_two_tokens() -> None:
    index = SuppressionIndex((ONE,))
    assert len({index.tokens_of(attribute, ["x"])[0] for attribute in Attribute}) == len(Attribute)


def test_there_is_always_a_key() -> None:
    with pytest.raises(ValueError, match="at least one"):
        SuppressionIndex(())


def test_role_addresses() -> None:
    roles = ["info@a.no", "post+x@a.no", "kundeservice@a.no", "no-reply@a.de", "faktura@firma.se"]
    people = ["kari@a.no", "info.kari@a.no", "posten@a.no", "kari+info@a.no", "kari@info.no"]
    found = pl.Series([*roles, *people]).str.contains(ROLE_ADDRESS)
    assert found.to_list() == [True] * len(roles) + [False] * len(people)
