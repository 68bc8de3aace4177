"""The words of the house: ids, legal bases, data categories, consent acts.

Kinds are types: passing a record's id where an entity's is meant fails the type check, not the audit. All ids are 16
random bytes, ours, never derived from anything about a person (EDPB Guidelines 01/2025 on pseudonymisation).
"""

import secrets
from enum import StrEnum
from typing import Final, NewType

ID_BYTES: Final = 16
EVERY_PURPOSE: Final = "*"

RecordId = NewType("RecordId", bytes)
"""Names (source, source key) for life; keys, AAD, consent and the lake are per record."""

EntityId = NewType("EntityId", bytes)
"""The resolved person or organisation: a fold over records, stable for life."""

BatchId = NewType("BatchId", bytes)
KeyId = NewType("KeyId", bytes)
FileId = NewType("FileId", bytes)
PrincipalId = NewType("PrincipalId", bytes)
PersonId = NewType("PersonId", bytes)
"""The natural person behind one or more principals: four eyes compare this, not the account."""

Pseudonym = NewType("Pseudonym", bytes)
PurposeId = NewType("PurposeId", str)
DomainName = NewType("DomainName", str)


def random_id() -> bytes:
    """Draw 16 bytes from the operating system's generator."""
    return secrets.token_bytes(ID_BYTES)


def random_ids(count: int) -> list[bytes]:
    """Draw many ids in one call to the generator."""
    drawn = secrets.token_bytes(ID_BYTES * count)
    return [drawn[start : start + ID_BYTES] for start in range(0, len(drawn), ID_BYTES)]


def random_run(count: int) -> list[bytes]:
    """Draw many ids that lie together: eight random bytes for all of them, then eight of each one's own, in order.

    They tell what was drawn together, so they are for what is deleted together with whatever else tells it: key ids,
    not names of people.
    """
    half = ID_BYTES // 2
    drawn = secrets.token_bytes(half * (count + 1))
    return sorted(drawn[:half] + drawn[start : start + half] for start in range(half, len(drawn), half))


class EntityKind(StrEnum):
    """What a customer is: a living person (a data subject) or an organisation."""

    PERSON = "person"
    ORGANISATION = "organisation"


class LegalBasis(StrEnum):
    """The letters of GDPR Article 6(1)."""

    CONSENT = "consent"  # (a)
    CONTRACT = "contract"  # (b)
    LEGAL_OBLIGATION = "legal_obligation"  # (c)
    VITAL_INTERESTS = "vital_interests"  # (d)
    PUBLIC_TASK = "public_task"  # (e)
    LEGITIMATE_INTERESTS = "legitimate_interests"  # (f)


class DataCategory(StrEnum):
    """What a column tells about a person."""

    IDENTIFIER = "identifier"
    QUASI_IDENTIFIER = "quasi_identifier"
    BEHAVIOUR = "behaviour"
    FREE_TEXT = "free_text"
    REDACTED_TEXT = "redacted_text"
    SPECIAL = "special"  # Article 9(1)
    NONE = "none"  # about no person: calendar, market context, technical columns


class ConsentAct(StrEnum):
    """One act in the ledger, in the words of ISO/IEC TS 27560 and the W3C Data Privacy Vocabulary."""

    REQUESTED = "requested"
    REFUSED = "refused"
    GIVEN = "given"
    RENEWED = "renewed"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    OBJECTED = "objected"
    RESTRICTED = "restricted"
    OBJECTION_LIFTED = "objection_lifted"
    RESTRICTION_LIFTED = "restriction_lifted"


class ConsentState(StrEnum):
    """Where consent stands for one record and purpose; objection and restriction are axes of their own."""

    UNKNOWN = "unknown"
    REQUESTED = "requested"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"


class ActChannel(StrEnum):
    """By which way an act reached the ledger."""

    API = "api"
    PAGE = "page"
    LINK = "link"
    ONE_CLICK = "one_click"  # RFC 8058
    GPC = "gpc"  # Sec-GPC
    AGENT = "agent"
    IMPORT = "import"
    EMAIL = "email"  # written, called or sent to the house, and gathered by another system
    PHONE = "phone"
    LETTER = "letter"


class ContactChannel(StrEnum):
    """By which way a person is reached; permission is kept for each (Directive 2002/58/EC, Art. 13)."""

    EMAIL = "email"
    SMS_WHATSAPP = "sms_whatsapp"
    PUSH = "push"
    PHONE = "phone"
    LETTER = "letter"
    LINKEDIN = "linkedin"


class Role(StrEnum):
    """What a principal may do; a role is granted together with purposes and views."""

    OWNER = "owner"
    DPO = "dpo"
    ENGINEER = "engineer"
    SCIENTIST = "scientist"
    SUCCESS = "success"
    SERVICE = "service"
    AGENT = "agent"
