"""Numbering plans (ITU-T E.164): what phonenumbers knows of a calling code, as rules for a whole column of digits.

Every pattern and length is read from the library's own metadata, so that a new release of it changes both paths alike;
the rules are those of its `parse` and `is_valid_number`. A plan that needs more than these rules has none here, and its
numbers are left to the library.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Self

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

_PLAIN: Final = re.compile(r"(?:[0-9|{},?()]|\\d|\[[0-9-]+\]|\(\?:)+")
"""Patterns that mean the same to `re` and to Polars: no look-around, no reference back, no flag."""
_SHORTEST_NUMBER: Final = 2  # the library's own bounds of a national number
_LONGEST_NUMBER: Final = 17
_KINDS: Final = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
)
"""All that makes a number valid, but for `mobile`, which some plans do not tell from `fixed_line`."""


@dataclass(frozen=True, slots=True)
class Description:
    """Which national numbers are of one kind: a pattern of the whole number, and its lengths (empty: any)."""

    pattern: str
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, description: PhoneNumberDesc | None) -> Self:
        """Read a description; one without a pattern is of no number, which the library writes as None too."""
        if description is None:
            return cls("", ())
        return cls(_ascii(description.national_number_pattern or ""), tuple(description.possible_length))

    def matches(self, number: pl.Expr) -> pl.Expr:
        """Say where the pattern holds, whatever the length."""
        return number.str.contains(f"^(?:{self.pattern})$")

    def fits(self, number: pl.Expr) -> pl.Expr:
        """Say where pattern and length hold."""
        if not self.lengths:
            return self.matches(number)
        return number.str.len_bytes().is_in(list(self.lengths)) & self.matches(number)


@dataclass(frozen=True, slots=True)
class Region:
    """One of the regions that share a calling code, such as GB, GG, JE and IM."""

    leading_digits: str | None
    general: Description
    kinds: tuple[Description, ...]

    @classmethod
    def of(cls, metadata: PhoneMetadata) -> Self:
        """Read a region; kinds of equal lengths become one pattern."""
        alike: dict[tuple[int, ...], list[str]] = {}
        for kind in map(Description.of, _kinds(metadata)):
            alike.setdefault(kind.lengths, []).append(kind.pattern)
        return cls(
            leading_digits=metadata.leading_digits and _ascii(metadata.leading_digits),
            general=Description.of(metadata.general_desc),
            kinds=tuple(Description("|".join(patterns), lengths) for lengths, patterns in alike.items()),
        )

    def is_valid(self, number: pl.Expr) -> pl.Expr:
        """Say where a number is of some kind that this region has."""
        return self.general.fits(number) & pl.any_horizontal(kind.fits(number) for kind in self.kinds)

    def claims(self, number: pl.Expr) -> pl.Expr:
        """Say where a number is this region's to judge: by its first digits where the plan tells them."""
        if self.leading_digits is None:
            return self.is_valid(number)
        return number.str.contains(f"^(?:{self.leading_digits})")


@dataclass(frozen=True, slots=True)
class NumberingPlan:
    """The numbers behind one calling code; the first region is the main one, whose prefixes count."""

    code: str
    international_prefix: str
    national_prefix: str | None
    general: Description
    local_lengths: tuple[int, ...]
    regions: tuple[Region, ...]

    def valid(self, number: pl.Expr) -> pl.Expr:
        """Keep a national number where the first region that claims it finds it valid; null elsewhere."""
        verdict = pl.lit(value=False)
        for region in reversed(self.regions):
            verdict = pl.when(region.claims(number)).then(region.is_valid(number)).otherwise(verdict)
        length = number.str.len_bytes()
        return pl.when((length >= _SHORTEST_NUMBER) & (length <= _LONGEST_NUMBER) & verdict).then(number)

    def without_own_code(self, digits: pl.Expr) -> pl.Expr:
        """Take off the plan's own calling code written without plus, where only the rest is a number."""
        rest = self._stripped(digits.str.strip_prefix(self.code))
        better = (~self.general.matches(digits) & self.general.matches(rest)) | self._is_too_long(digits)
        return pl.when(digits.str.starts_with(self.code) & better).then(rest).otherwise(digits)

    def without_national_prefix(self, number: pl.Expr) -> pl.Expr:
        """Take off the trunk prefix, unless the rest would be too short for a number or of no known length."""
        if self.national_prefix is None:
            return number
        rest = self._stripped(number)
        length = rest.str.len_bytes()
        is_possible = length.is_in(list(self.general.lengths)) & ~length.is_in(list(self.local_lengths))
        return pl.when(is_possible | self._is_too_long(rest)).then(rest).otherwise(number)

    def _stripped(self, number: pl.Expr) -> pl.Expr:
        """Take off the trunk prefix, unless that would turn a number that fits the plan into one that does not."""
        if self.national_prefix is None:
            return number
        rest = number.str.replace(f"^(?:{self.national_prefix})", "")
        return pl.when(self.general.matches(number) & ~self.general.matches(rest)).then(number).otherwise(rest)

    def _is_too_long(self, number: pl.Expr) -> pl.Expr:
        length = number.str.len_bytes()
        return (length > self.general.lengths[-1]) & ~length.is_in(list(self.local_lengths))


@cache
def plan_of(code: int) -> NumberingPlan | None:
    """Read the plan of a calling code; None where its rules are not all plain, or it belongs to no country."""
    names = COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    found = [PhoneMetadata.metadata_for_region(name, None) for name in names]
    regions = [region for region in found if region is not None and _is_plain(region, code)]
    if not regions or len(regions) < len(names) or not _has_plain_prefixes(regions[0]):
        return None
    main = regions[0]
    local = main.general_desc.possible_length_local_only if main.general_desc else ()
    return NumberingPlan(
        code=str(code),
        international_prefix=_ascii(main.international_prefix or ""),
        national_prefix=main.national_prefix_for_parsing and _ascii(main.national_prefix_for_parsing),
        general=Description.of(main.general_desc),
        local_lengths=tuple(local),
        regions=tuple(map(Region.of, regions)),
    )


@cache
def home_plan(country: str) -> NumberingPlan | None:
    """Read the plan that numbers without prefix are dialled in; None unless the country is its code's main region."""
    for code, names in COUNTRY_CODE_TO_REGION_CODE.items():
        if country == names[0]:
            return plan_of(code)
    return None


def calling_codes() -> str:
    """Return a pattern of every calling code, the shorter ones first, as the library tries them."""
    return "|".join(sorted(map(str, COUNTRY_CODE_TO_REGION_CODE), key=lambda code: (len(code), code)))


def _kinds(metadata: PhoneMetadata) -> list[PhoneNumberDesc]:
    """Return the descriptions that make a number of this region valid."""
    names = _KINDS if metadata.same_mobile_and_fixed_line_pattern else (*_KINDS, "mobile")
    kinds = [getattr(metadata, name) for name in names]
    return [kind for kind in kinds if kind is not None and kind.national_number_pattern]


def _is_plain(metadata: PhoneMetadata, code: int) -> bool:
    """Say whether a region's validity rests on plain patterns alone."""
    general, kinds = metadata.general_desc, _kinds(metadata)
    if metadata.country_code != code or general is None or not general.possible_length or not kinds:
        return False
    patterns = [kind.national_number_pattern for kind in (general, *kinds)]
    return all(patterns) and _are_plain([metadata.leading_digits, *patterns])


def _has_plain_prefixes(metadata: PhoneMetadata) -> bool:
    """Say whether prefixes are only ever taken off: a captured carrier code or a rewriting rule is not for here."""
    prefix = metadata.national_prefix_for_parsing
    return bool(
        metadata.international_prefix
        and _are_plain([metadata.international_prefix, prefix])
        and not metadata.national_prefix_transform_rule
        and (not prefix or re.compile(prefix).groups == 0)
    )


def _are_plain(patterns: Iterable[str | None]) -> bool:
    return all(_PLAIN.fullmatch(pattern) for pattern in patterns if pattern)


def _ascii(pattern: str) -> str:
    """Let a digit be one of ten: by now there are no others, and the pattern compiles to a fraction of the size."""
    return pattern.replace(r"\d", "[0-9]")
