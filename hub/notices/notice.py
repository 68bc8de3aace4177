"""The privacy notice of a purpose, written from policy and schema in every language (GDPR Art. 12(1), 13, 14).

The same policy, schema and controller make the same notice to the byte, so its hash names its text: what somebody was
told when they consented can be shown later. Nothing is told that the policy does not say; where a controller sends data
out of the EEA, or has a data protection officer to be named, its own text beside this one says so.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hub.notices.words import phrase, texts
from hub.requests.periods import law_in_words, recipient_in_words, rule_in_words
from hub.requests.seat import Authority
from hub.requests.words import called, word
from hub.retention.terms import laws_of, terms_of
from ingest.canonical.catalogue import LAKE_TABLES
from privacy.purposes import LANGUAGES, Policy, Purpose
from privacy.terms import LegalBasis


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the lines below it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The notice of one purpose: its version, its sections in each language, and the SHA-256 of all of it."""

    purpose: str
    purpose_version: int
    notice_version: str
    sections: Mapping[str, tuple[Section, ...]]

    @property
    def texts(self) -> str:
        """The content as canonical JSON: language to a list of headings with their lines."""
        plain = {language: [[each.title, *each.lines] for each in said] for language, said in self.sections.items()}
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def digest(self) -> bytes:
        """The SHA-256 that names the notice."""
        head = [self.purpose, self.purpose_version, self.notice_version]
        return hashlib.sha256(f"{json.dumps(head)}\n{self.texts}".encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Who tells: the policy in force, the controller's name and contact, and who hears complaints."""

    policy: Policy
    controller: str
    authority: Authority


def notice_of(teller: Teller, purpose: Purpose) -> Notice:
    """Write the notice of a purpose in every language."""
    return Notice(
        purpose=purpose.id,
        purpose_version=purpose.version,
        notice_version=purpose.notice_version,
        sections={language: tuple(_sections(teller, purpose, language)) for language in LANGUAGES},
    )


def sections_of(kept: str, language: str) -> tuple[Section, ...]:
    """Read the sections of a kept notice in a language."""
    return tuple(Section(title, tuple(lines)) for title, *lines in json.loads(kept)[language])


def _sections(teller: Teller, purpose: Purpose, language: str) -> Iterator[Section]:
    for name, lines in _WRITERS.items():
        said = tuple(lines(teller, purpose, language))
        if said:
            yield Section(phrase("sections", name, language), said)


def _controller(teller: Teller, _: Purpose, language: str) -> Iterator[str]:
    yield teller.controller or phrase("sentences", "unstated", language)


def _purpose(_: Teller, purpose: Purpose, language: str) -> Iterator[str]:
    yield f"{purpose.texts[language].name}. {purpose.texts[language].description}"


def _basis(_: Teller, purpose: Purpose, language: str) -> Iterator[str]:
    basis = purpose.legal_basis
    ground = word("bases", basis.value, language)
    yield f"{ground[:1].upper()}{ground[1:]}."
    if basis is LegalBasis.CONSENT:
        yield phrase("sentences", "consent", language)
        yield phrase("sentences", "free", language)
    if basis is LegalBasis.LEGITIMATE_INTERESTS:
        yield phrase("sentences", "weighed", language)
    if purpose.direct_marketing:
        yield phrase("sentences", "marketing", language)


def _categories(_: Teller, purpose: Purpose, language: str) -> Iterator[str]:
    for table in _tables(purpose):
        found = {column.category for column in LAKE_TABLES[table].columns} & purpose.data_categories
        said = [
            phrase("categories", each.value, language) for each in sorted(found) if each.value in texts()["categories"]
        ]
        if said:
            yield f"{called(table, language)}: {'; '.join(said)}."


def _sources(_: Teller, purpose: Purpose, language: str) -> Iterator[str]:
    named = ", ".join(called(table, language) for table in _tables(purpose))
    yield phrase("sentences", "from_you", language, tables=named)
    yield phrase("sentences", "computed", language)


def _recipients(_: Teller, purpose: Purpose, language: str) -> Iterator[str]:
    yield from (recipient_in_words(each, language) for each in sorted(purpose.recipients))
    if not purpose.recipients:
        yield phrase("sentences", "nobody", language)


def _retention(teller: Teller, purpose: Purpose, language: str) -> Iterator[str]:
    for table in _tables(purpose):
        terms = terms_of(teller.policy, LAKE_TABLES[table], purpose.id)
        used = [terms.rules[each] for each in sorted(terms.rules.keys() & purpose.data_categories)]
        told = (rule_in_words(rule, language) for rules in used or terms.rules.values() for rule in rules)
        yield from dict.fromkeys(told)
        for law in laws_of(teller.policy, table):
            yield law_in_words(law, table, language)
    yield f"{word('purpose', 'retention', language, n=purpose.retention_days)}."


def _rights(teller: Teller, _: Purpose, language: str) -> Iterator[str]:
    yield phrase("sentences", "access", language)
    yield word("rights", "list", language)
    authority = teller.authority
    yield word("rights", "complaint", language, authority=authority.name, site=authority.site)


def _logic(_: Teller, purpose: Purpose, language: str) -> Iterator[str]:
    yield phrase("sentences", "logic", language)
    yield f"{word('purpose', 'automated' if purpose.automated_decision else 'not_automated', language)}."
    if purpose.automated_decision:
        yield phrase("sentences", "effect", language)


def _prohibited(_: Teller, purpose: Purpose, language: str) -> Iterator[str]:
    yield from (phrase("uses", each.value, language) for each in sorted(purpose.prohibited_uses))


def _tables(purpose: Purpose) -> list[str]:
    return sorted(purpose.tables & LAKE_TABLES.keys())


_WRITERS: Final[Mapping[str, Callable[[Teller, Purpose, str], Iterator[str]]]] = {
    "controller": _controller,
    "purpose": _purpose,
    "basis": _basis,
    "categories": _categories,
    "sources": _sources,
    "recipients": _recipients,
    "retention": _retention,
    "rights": _rights,
    "logic": _logic,
    "prohibited": _prohibited,
}
"""The sections in the order in which people read them."""
