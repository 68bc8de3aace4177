"""Who must not come back, and whose no waits for them (GDPR Art. 17(1), 21(3), 7(3), 5(2)).

An entry is a keyed digest of one identifying attribute in a frozen normal form, and nothing that it could be read back
from. Rules kept here:
- an erased person is known by a source's own key, a checksummed number, or an e-mail address or telephone *together
  with* an agreeing name; a row that agrees in one of these is dropped;
- an address that agrees alone is no proof: an innocent person's record is never dropped for it, and an erased person is
  never let in by it: the row waits in quarantine for a person to say whose it is;
- an address that several people or a role have (`info@`) is no hint at all: it keeps contact away, and nobody's record;
- what a person has decided about a source's key holds against every hint;
- entries are appended; an entry that is lifted stays, beside the row that says when and by whom.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from privacy.terms import EVERY_PURPOSE, ContactChannel, PurposeId

NORMAL_FORM: Final = 1
"""The version of the standardiser whose results are hashed; frozen: its entries outlive every later one."""


class Attribute(StrEnum):
    """What an entry is a digest of; the words are part of the digest, so they are permanent."""

    SOURCE_KEY = "source_key"
    NUMBER = "number"  # a checksummed national identity number or register number
    EMAIL = "email"
    PHONE = "phone"
    EMAIL_NAME = "email_name"
    PHONE_NAME = "phone_name"


class EntryKind(StrEnum):
    """What an entry does; stored, so permanent."""

    ERASED = "erased"  # the person is not let in again
    CONTACT = "contact"  # an address of an erased person that others have too: no marketing goes there
    OPT_OUT = "opt_out"  # a no that is written to every record that carries the identifier
    CLEARED = "cleared"  # a person decided that this source key is somebody else


class Verdict(StrEnum):
    """What becomes of a row."""

    ACCEPT = "accept"
    DROP = "drop"
    UNCLEAR = "unclear"


PROOF: Final = frozenset({Attribute.SOURCE_KEY, Attribute.NUMBER, Attribute.EMAIL_NAME, Attribute.PHONE_NAME})
"""What is enough alone to know an erased person by."""
ADDRESSES: Final = frozenset({Attribute.EMAIL, Attribute.PHONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a row has in common with erased people: the attributes that agree, and what is known of its source key.

    - `on_record`: the key names a record that is held, which was therefore told apart from the erased one;
    - `cleared`: a person has decided that the key is somebody else.
    """

    agrees: AbstractSet[Attribute]
    on_record: bool = False
    cleared: bool = False


def verdict_of(evidence: Evidence) -> Verdict:
    """Decide about one row; the first rule that applies counts."""
    if evidence.cleared:
        return Verdict.ACCEPT
    if evidence.agrees & PROOF:
        return Verdict.DROP
    if evidence.agrees & ADDRESSES and not evidence.on_record:
        return Verdict.UNCLEAR
    return Verdict.ACCEPT


_REACHES: Final = {
    Attribute.EMAIL: (ContactChannel.EMAIL,),
    Attribute.PHONE: (ContactChannel.PHONE, ContactChannel.SMS_WHATSAPP),
}


def contact_purpose(channel: ContactChannel) -> PurposeId:
    """Name permission to use a channel as the consent ledger does: folded, appended and restored like any purpose."""
    return PurposeId(f"contact.{channel.value}")


def is_of_policy(purpose: str) -> bool:
    """Say whether a word of the ledger is a purpose of the policy; `*` and permission for a channel are not."""
    return purpose != EVERY_PURPOSE and purpose not in _CHANNELS


def contact_purposes(address: Attribute) -> tuple[PurposeId, ...]:
    """Return the channels, as purposes of the ledger, by which a kind of address is reached."""
    return tuple(contact_purpose(channel) for channel in _REACHES.get(address, ()))


_CHANNELS: Final = frozenset(map(contact_purpose, ContactChannel))


ROLE_ADDRESS: Final = (
    r"^(?:"
    r"abuse|accounting|accounts|admin|administrasjon|administration|billing|booking|bokforing|buchhaltung|"
    r"butikk|contact|customer-service|customerservice|drift|ekonomi|faktura|fakturaer|finance|firmapost|"
    r"hello|help|helpdesk|hei|hej|hostmaster|hr|hallo|info|invoice|invoices|it|jobb|jobs|kasse|kontakt|"
    r"kontor|kundeservice|kundenservice|kundtjanst|kundsupport|lonn|mail|marketing|marked|marknad|noc|"
    r"no-reply|noreply|office|okonomi|order|orders|ordre|personal|personvern|post|postmaster|postmottak|"
    r"presse|press|privacy|regnskap|rechnung|resepsjon|reception|root|sales|salg|salj|security|service|"
    r"servicedesk|support|team|verkauf|vertrieb|verkstad|verksted|webmaster|zentrale"
    r")(?:\+[^@]*)?@"
)
"""The pattern of standardised addresses of a function, not of a person: RFC 2142, and the words for them in Norwegian,
Swedish, Danish, English and German; what follows a plus sign does not count."""
