"""Attributes that identify a person or an organisation: sealed per source record, never in the lake."""

from dataclasses import dataclass
from typing import Final

from privacy.terms import DataCategory, EntityKind


@dataclass(frozen=True, slots=True)
class Attribute:
    """One identity attribute; `standardiser` brings it to comparable form ("" where none is needed)."""

    name: str
    category: DataCategory
    meaning: str
    standardiser: str
    kinds: tuple[EntityKind, ...]


_PERSON: Final = (EntityKind.PERSON,)
_ORGANISATION: Final = (EntityKind.ORGANISATION,)
_BOTH: Final = (EntityKind.PERSON, EntityKind.ORGANISATION)
_IDENTIFIER: Final = DataCategory.IDENTIFIER
_QUASI: Final = DataCategory.QUASI_IDENTIFIER

ATTRIBUTES: Final = (
    Attribute("given_name", _IDENTIFIER, "given names", "name", _PERSON),
    Attribute("family_name", _IDENTIFIER, "family name with its particles", "name", _PERSON),
    Attribute("full_name", _IDENTIFIER, "the whole name where the source does not split it", "name", _PERSON),
    Attribute("email", _IDENTIFIER, "e-mail address", "email", _BOTH),
    Attribute("phone", _IDENTIFIER, "telephone number", "phone", _BOTH),
    Attribute("national_id", _IDENTIFIER, "national identity number (Art. 87)", "national_id", _PERSON),
    Attribute("birth_date", _QUASI, "date of birth", "date", _PERSON),
    Attribute("street", _IDENTIFIER, "street and number", "street", _BOTH),
    Attribute("postcode", _QUASI, "postcode", "postcode", _BOTH),
    Attribute("city", _QUASI, "postal town", "name", _BOTH),
    Attribute("country", _QUASI, "ISO 3166-1 alpha-2", "country", _BOTH),
    Attribute("organisation_name", _IDENTIFIER, "registered or trade name", "organisation_name", _BOTH),
    Attribute(
        "organisation_number",
        _IDENTIFIER,
        "number in the register of companies",
        "organisation_number",
        _ORGANISATION,
    ),
    Attribute("domain", _IDENTIFIER, "internet domain", "domain", _ORGANISATION),
)

ATTRIBUTE_NAMES: Final = tuple(attribute.name for attribute in ATTRIBUTES)

PEOPLE: Final = "people"

IDENTITY_TABLES: Final = {PEOPLE: EntityKind.PERSON, "organisations": EntityKind.ORGANISATION}
"""Contract `table` values that deliver identity records instead of events."""

TABLE_OF: Final = {kind: table for table, kind in IDENTITY_TABLES.items()}
"""Which of them delivers records of a kind."""


def attributes_of(kind: EntityKind) -> dict[str, Attribute]:
    """Return the attributes that a person or an organisation may have, by name."""
    return {attribute.name: attribute for attribute in ATTRIBUTES if kind in attribute.kinds}
