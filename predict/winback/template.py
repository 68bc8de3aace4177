"""Approved templates: what may stand in one, and how facts are put in.

Jinja2 in its immutable sandbox, and of its language only text, names of facts and `if` with comparisons: no loop, call,
filter or attribute. So a template can neither run away nor reach anything, and its facts can be named beforehand. The
customer's name and the link to unsubscribe are no facts: `[[name]]` and `[[unsubscribe]]` are put in by whoever sends,
and never seen here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from types import MappingProxyType
from typing import Final

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from predict.errors import TextRefused
from predict.feature import LANGUAGES
from predict.winback.said import verify_said

FACTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "product": "what the customer had with us",
        "last_month": "the month of the last purchase or log-in, in words",
        "fixed": "what was put right since the complaint",
        "function": "the function that was missing and is there now",
        "news": "what is new, in a line",
        "offer": "the offer in words",
        "offer_until": "the last day of the offer, in words",
    }
)
"""All that a template may ask for, and what each is."""

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.If,
    nodes.Compare,
    nodes.Operand,
    nodes.Const,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
LONGEST: Final = 4_000  # characters of a template: a letter, not a book
DEEPEST: Final = 20  # conditions within conditions; Python compiles no more than a hundred, and a letter needs few
_TOO_DEEP: Final = ("it is nested too deep", "say it with fewer conditions")


class Tone(StrEnum):
    """How it sounds."""

    WARM = "warm"
    PLAIN = "plain"


class Band(StrEnum):
    """Whom it is for, by the role in the customer's house; a private person is a consumer."""

    CONSUMER = "consumer"
    USER = "user"
    LEADER = "leader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text in one language and style; checked when made, so that one that exists may be used once approved."""

    name: str
    language: str
    tone: Tone
    band: Band
    subject: str
    body: str

    def __post_init__(self) -> None:
        """Insist on the rules of templates.

        Raises:
            TextRefused: an unknown language or fact, a construct beyond the few allowed, a word that is never said, or
                no way to unsubscribe.
        """
        if self.language not in LANGUAGES:
            raise TextRefused(self.name, "its language is not one of ours", f"write it in {', '.join(LANGUAGES)}")
        if len(self.body) + len(self.subject) > LONGEST or "\n" in self.subject:
            raise TextRefused(
                self.name, "it is too long, or its subject has a line break", f"keep to {LONGEST} letters"
            )
        unknown = self.asks - set(FACTS)
        if unknown:
            raise TextRefused(self.name, "it asks for a fact that there is not", f"use {', '.join(FACTS)}")
        verify_said(self.name, f"{self.subject}\n{self.body}")

    @property
    def asks(self) -> frozenset[str]:
        """Name the facts that the template asks for.

        Raises:
            TextRefused: it is not Jinja2, or has a construct that is not allowed.
        """
        found: set[str] = set()
        for text in (self.subject, self.body):
            try:
                tree = _ENVIRONMENT.parse(text)
                levels = list(islice(_levels(tree), DEEPEST + 1))
            except TemplateError as exc:
                raise TextRefused(self.name, "it is not a template", "close what is opened") from exc
            except RecursionError:
                raise TextRefused(self.name, *_TOO_DEEP) from None
            if len(levels) > DEEPEST:
                raise TextRefused(self.name, *_TOO_DEEP)
            for node in chain.from_iterable(levels):
                if not isinstance(node, _ALLOWED):
                    rule = f"{type(node).__name__} is not allowed"
                    raise TextRefused(self.name, rule, "use text, facts and {% if %} only")
                if isinstance(node, nodes.Name):
                    found.add(node.name)
        return frozenset(found)

    def filled(self, facts: Mapping[str, str]) -> tuple[str, str]:
        """Give subject and body with facts put in; the text of a fact is not read as a template.

        Raises:
            TextRefused: a fact that the template needs is not there.
        """
        try:
            subject, body = (_ENVIRONMENT.from_string(text).render(facts) for text in (self.subject, self.body))
        except TemplateError as exc:
            raise TextRefused(self.name, "a fact that it needs is not known", "choose another template") from exc
        return " ".join(subject.split()), body


def _levels(tree: nodes.Template) -> Iterator[list[nodes.Node]]:
    """Give the nodes of a template level by level, however deep it is."""
    level: list[nodes.Node] = [tree]
    while level:
        yield level
        level = [child for node in level for child in node.iter_child_nodes()]


def _environment() -> ImmutableSandboxedEnvironment:
    """Make the sandbox; letters are plain text, so nothing is escaped."""
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True)
    made.globals.clear()
    made.filters.clear()
    return made


_ENVIRONMENT: Final = _environment()
