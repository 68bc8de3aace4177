"""Exact rules, as keyed tokens: what must be equal for two records to be one person or organisation.

- `number`: the same checksummed national id or organisation number;
- `email_name`, `phone_name`: the same e-mail or phone *together with* an agreeing name. An e-mail or a phone alone
  is not enough: households and role addresses share them (measured: pair F1 .88 -> .45 at 1 M records).

A token is the HMAC of the composite value, so a match is an equality of tokens and nothing has to be opened. The next
form scores candidates with a probabilistic model; these rules stay beside it.
"""

from typing import Final

import polars as pl

RULES: Final = ("number", "email_name", "phone_name")
NUMBERS: Final = ("number",)
LOOK_UPS: Final = ("email", "phone")
"""Fields indexed alone: to find a customer who writes in, and to suppress contact; never to merge."""

_SEPARATOR: Final = "\x1f"


def match_values(attributes: pl.DataFrame) -> pl.DataFrame:
    """Return the values to index: record_row (UInt32, row of `attributes`), field, value (String), one row each.

    `attributes` has standardised columns `number`, `email`, `phone`, `name_key` (String, null where absent or
    invalid).
    """
    named = attributes.with_row_index("record_row").with_columns(
        email_name=pl.concat_str("email", "name_key", separator=_SEPARATOR),
        phone_name=pl.concat_str("phone", "name_key", separator=_SEPARATOR),
    )
    return (
        named.unpivot(on=[*RULES, *LOOK_UPS], index="record_row", variable_name="field", value_name="value")
        .drop_nulls("value")
        .sort("record_row", "field")
    )
