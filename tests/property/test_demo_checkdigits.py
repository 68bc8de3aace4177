from datetime import date

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from stdnum.de import vat as de_vat
from stdnum.gb import vat as gb_vat
from stdnum.no import fodselsnummer, orgnr
from stdnum.se import orgnr as se_orgnr
from stdnum.se import personnummer

from hub.demo.checkdigits import national_ids, organisation_numbers

BIRTHS = st.lists(st.dates(date(1930, 1, 1), date(2010, 12, 31)), min_size=1, max_size=15)
SEEDS = st.integers(0, 2**32)


@given(births=BIRTHS, seed=SEEDS)
def test_national_ids_pass_the_validators_and_tell_the_date_of_birth(births: list[date], seed: int) -> None:
    dates = pl.Series(births, dtype=pl.Date)
    for country, validator in (("NO", fodselsnummer), ("SE", personnummer)):
        ids = national_ids(dates, country, np.random.default_rng(seed))
        assert ids.null_count() == 0
        assert ids.n_unique() == len(births)
        assert [validator.get_birth_date(validator.validate(number)) for number in ids] == births


@given(births=BIRTHS, seed=SEEDS)
def test_national_ids_lie_in_the_ranges_for_test_people(births: list[date], seed: int) -> None:
    dates = pl.Series(births, dtype=pl.Date)
    norwegian = national_ids(dates, "NO", np.random.default_rng(seed))
    assert norwegian.str.slice(2, 2).cast(pl.Int64).is_between(41, 52).all()
    swedish = national_ids(dates, "SE", np.random.default_rng(seed))
    assert swedish.str.slice(8, 3).cast(pl.Int64).is_between(980, 999).all()
    assert national_ids(dates, "DE", np.random.default_rng(seed)).null_count() == len(births)


def test_a_used_up_range_gives_null_and_never_the_same_number_twice() -> None:
    twins = pl.Series([date(1980, 5, 17)] * 40)  # Sweden keeps 20 test serials a day
    ids = national_ids(twins, "SE", np.random.default_rng(1))
    known = ids.drop_nulls()
    assert 0 < len(known) <= 20
    assert known.n_unique() == len(known)


@given(seed=SEEDS, count=st.integers(0, 25))
def test_organisation_numbers_pass_the_validators(seed: int, count: int) -> None:
    validators = {"NO": orgnr, "SE": se_orgnr, "DE": de_vat, "GB": gb_vat}
    for country, validator in validators.items():
        numbers = organisation_numbers(count, country, np.random.default_rng(seed))
        assert len(numbers) == count == numbers.n_unique()
        assert all(validator.is_valid(number) for number in numbers)
