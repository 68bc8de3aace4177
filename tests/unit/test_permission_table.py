"""The table by which a read decides is written once for all purposes that the law treats alike."""

from dataclasses import replace
from itertools import product

import polars as pl
from polars.testing import assert_frame_equal

from hub.views.permission import _decision_table, _Reads
from privacy.decision import decision_rows
from privacy.terms import DataCategory, LegalBasis
from tests.privacy_builders import a_purpose


def test_one_table_serves_purposes_that_agree_in_what_a_decision_reads() -> None:
    """Whatever else a purpose says, its own decisions are those of the table that it is given."""
    schema = {"state": pl.String, "permit": pl.Boolean, "because": pl.String, "silences": pl.Boolean}
    plain, special = frozenset({DataCategory.BEHAVIOUR}), frozenset({DataCategory.BEHAVIOUR, DataCategory.SPECIAL})
    lawful = [*((basis, plain) for basis in LegalBasis), (LegalBasis.CONSENT, special)]  # Art. 9(2)(a)
    made = set()
    for (basis, held), marketing in product(lawful, (False, True)):
        first = a_purpose(legal_basis=basis, direct_marketing=marketing, data_categories=held)
        other = replace(first, version=9, retention_days=3)
        table = _decision_table(_Reads.of(first))
        assert table is _decision_table(_Reads.of(other))
        assert_frame_equal(table, pl.DataFrame(decision_rows(other), schema_overrides=schema))
        made.add(id(table))
    assert len(made) == 2 * len(lawful)
