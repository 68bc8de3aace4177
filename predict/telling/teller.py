"""Put what a model has to tell into nb, nn, sv, en or de: sentences by key, figures as the language writes them.

A place of a sentence says how its value is written: `{auc:bounds}` a figure with its interval, `{share:share}` and
`{share:share1}` a percentage, `{recall:span}` a told share with interval and number (`predict.shares`), `{sum:money}`
an amount of whole units, `{level:level}` a name of a closed list (`Teller.named`). Any other specification is Python's,
with the language's decimal mark. Words of a module (`Declaration.wording`) come before those of the catalogue.
"""

from collections.abc import Mapping
from functools import cache
from string import Formatter
from types import MappingProxyType
from typing import Any, Final

from predict.declaration import Declaration
from predict.errors import FrameRefused
from predict.feature import LANGUAGES, Feature
from predict.telling import card_words, de, en, findings, nb, nn, sv
from predict.telling.said import SAYS, WITH, is_sentence

HOUSE: Final = "en"
"""The language of logs, errors and whatever nobody chose one for."""
_NARROW: Final = "\N{NO-BREAK SPACE}"
_MARKS: Final[Mapping[str, tuple[str, str]]] = {  # decimal mark, mark between thousands
    "nb": (",", _NARROW),
    "nn": (",", _NARROW),
    "sv": (",", _NARROW),
    "en": (".", ","),
    "de": (",", "."),
}
_QUOTED: Final[Mapping[str, str]] = {"nb": "«{}»", "nn": "«{}»", "sv": "”{}”", "en": "“{}”", "de": "„{}“"}
_KINDS: Final = frozenset({"finding", "level", "segment", "split"})
CATALOGUE: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        language: {**words, **findings.WORDS[language], **card_words.WORDS[language]}
        for language, words in (
            ("nb", nb.WORDS),
            ("nn", nn.WORDS),
            ("sv", sv.WORDS),
            ("en", en.WORDS),
            ("de", de.WORDS),
        )
    }
)


class Teller(Formatter):
    """Words of one language: the catalogue's, before them a module's own."""

    def __init__(self, language: str, own: Mapping[str, str] | None = None) -> None:
        """Choose the language.

        Raises:
            FrameRefused: it is not one of ours.
        """
        if language not in LANGUAGES:
            raise FrameRefused("language", f"is not one of {', '.join(LANGUAGES)}", "choose one of them")
        self.language = language
        self._words = {**CATALOGUE[language], **(own or {})}

    def say(self, key: str, **places: Any) -> str:  # noqa: ANN401 - text, figures, sentences
        """Give a text by its key, its places filled in.

        Raises:
            KeyError: there is no such text, or a place is not filled.
        """
        return self.vformat(self._words[key], (), places)

    def tell(self, told: Any) -> str:  # noqa: ANN401 - a sentence or a text
        """Put a sentence into words; text stays as it is."""
        return self.say(told[SAYS], **told[WITH]) if is_sentence(told) else str(told)

    def spoken(self, values: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Put every sentence among JSON values into words."""
        if is_sentence(values):
            return self.tell(values)
        if isinstance(values, Mapping):
            return {name: self.spoken(each) for name, each in values.items()}
        return [self.spoken(each) for each in values] if isinstance(values, list | tuple) else values

    def named(self, kind: str, name: str) -> str:
        """Name one of a closed list (`light`, `split`, `level` ...); a name that is in no list stays as it is."""
        return self._words.get(f"{kind}.{name}", name.replace("_", " "))

    def beside(self, features: tuple[Feature, ...]) -> "Teller":
        """Give a teller that names segments as the view does, in quotation marks, where no word of ours does."""
        quoted = _QUOTED[self.language]
        known = {f"segment.{one.name}": quoted.format(one.label(self.language)) for one in features if one.labels}
        return Teller(self.language, known | self._words)

    def head(self, key: str) -> tuple[str, ...]:
        """Give the columns of a table."""
        return tuple(self.say(key).split("|"))

    def label(self, name: str, features: tuple[Feature, ...]) -> str:
        """Name a column as the view does, else by its name."""
        known = next((one for one in features if one.name == name and one.labels), None)
        return self._words.get(f"segment.{name}", name) if known is None else known.label(self.language)

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - as Formatter declares it
        """Write a value as its place says."""
        match format_spec:
            case "share" | "share1":
                return self._percent(float(value), digits=int(format_spec == "share1"))
            case "bounds":
                low, high = (self._figure(value[each], ".3f") for each in ("low", "high"))
                return self.say("bounded", figure=self._figure(value["figure"], ".3f"), low=low, high=high)
            case "span":
                return self._span(value)
            case "money":
                return self._figure(value, ",.0f")
            case kind if kind in _KINDS:
                return self.named(kind, str(value))
            case "":
                listed = ", ".join(map(self.tell, value)) if isinstance(value, list | tuple) else self.tell(value)
                return self._figure(value, "") if isinstance(value, float) else listed
            case _:
                return self._figure(value, format_spec)

    def _span(self, value: Mapping[str, float]) -> str:
        if not value["of"]:
            return self.say("of_none")
        low, high = (f"{100 * value[each]:.0f}" for each in ("low", "high"))
        return self.say("spanned", figure=value["figure"], low=low, high=high, of=f"{value['of']:g}")

    def _percent(self, value: float, *, digits: int) -> str:
        gap = "" if self.language == HOUSE else _NARROW
        return f"{self._figure(100 * value, f'.{digits}f')}{gap}%"

    def _figure(self, value: Any, spec: str) -> str:  # noqa: ANN401 - a number
        mark, between = _MARKS[self.language]
        return format(value, spec).translate(str.maketrans(".,", mark + between))


@cache
def plain(language: str = HOUSE) -> Teller:
    """Give the words of no module."""
    return Teller(language)


def teller_of(declared: Declaration, language: str = HOUSE) -> Teller:
    """Give a module's words before those of all; a module that has none in a language speaks as all do."""
    return Teller(language, {"title": declared.name, **declared.wording.get(language, {})})
