"""What a person names themselves by, as the suppression list digests it: an address, or the key of a source."""

from dataclasses import dataclass, field
from typing import Final

from hub.compose import Hub
from hub.errors import HubError
from hub.keystore.suppression import suppression_index
from ingest.identity.comparable import comparable_email, comparable_phone
from privacy.suppression import Attribute
from privacy.terms import EntityKind

_RECORD_ID: Final = 32  # 16 bytes in hex


class IdentifierInvalid(HubError):
    """What was given is no identifier that could be kept; it is not repeated."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"{rule}. Give email:ADDRESS, phone:NUMBER or SOURCE:KEY")
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier in the frozen normal form; the value shows nowhere."""

    attribute: Attribute
    value: str = field(repr=False)
    index: bytes = b""
    """Its blind index in `record_index` or `source_record`: which records carry it."""


def identifier_of(hub: Hub, text: str) -> Identifier:
    """Read `email:...`, `phone:...` or `SOURCE:KEY`.

    Raises:
        IdentifierInvalid: it is none of these, or no valid address or number.

    """
    kind, _, value = text.partition(":")
    indexes = hub.indexes()
    match kind, value:
        case _, "":
            rule = "a record id is of a record that is here already" if len(kind) == _RECORD_ID else "it has no colon"
            raise IdentifierInvalid(rule)
        case "email" | "phone", _:
            form = comparable_email(value) if kind == "email" else comparable_phone(value)
            if form is None:
                raise IdentifierInvalid(f"this is no valid {kind}")
            return Identifier(Attribute(kind), form, indexes.attribute(kind).token_of(form))
        case source, key:
            index = indexes.source_key(source, EntityKind.PERSON).token_of(key)
            return Identifier(Attribute.SOURCE_KEY, index.hex(), index)


def tokens_of(hub: Hub, identifier: Identifier) -> list[bytes]:
    """Return the tokens of an identifier under every version of the list's key, the newest last."""
    versions = suppression_index(hub.keystore).versions_of(identifier.attribute, [identifier.value])
    return [token for (token,) in versions]
