"""What a letter to a customer never says: a score, a risk, a probability, a prediction, or that he is about to leave.

Checked on templates, on drafts, on what people and machines made of them, and again when a letter is sent. Words of all
languages are looked for in every text, letters are compared after Unicode compatibility folding and without invisible
characters, and a stem finds its endings. A word too many is refused (a "risk-free" offer, too); the wording is changed,
not the list.
"""

import re
import unicodedata
from typing import Final

from predict.errors import TextRefused

UNSUBSCRIBE: Final = "[[unsubscribe]]"
NAME: Final = "[[name]]"

_STEMS: Final = (
    *("scor", "risk", "risik", "churn", "algorit", "prediksjon", "predikt", "predict", "prediktion", "prognos"),
    *("probab", "likelihood", "sannsyn", "sannolik", "wahrschein", "vorherges", "forutsi", "förutsä", "forutsei"),
    *("poengsum", "poängsätt", "frafall", "fråfall", "kundbortfall", "abwander", "kundeflukt", "profiler", "profilier"),
    *("machine learning", "maskinlæring", "maskininlärning", "maschinelles lernen", "our model", "modellen vår"),
    *(
        "vår modell",
        "unser modell",
        "data suggest",
        "our data show",
        "artificial intelligence",
        "künstliche intelligenz",
    ),
)
_LEAVING: Final = (
    r"(?:about|likely|planning|going|tempted|intend\w*) to (?:leave|quit|cancel|switch)",
    r"might (?:soon )?(?:leave|quit|cancel|switch)",
    r"(?:may|will|could) (?:soon )?(?:leave|quit) us",
    (
        r"(?:på vei|på veg|i ferd med|kommer til|kjem til|planlegger|vurderer|vurderar|tenker på) (?:til )?å "
        r"(?:slutte|forlate|bytte|si opp|seie opp)"
    ),
    r"(?:på väg|kommer|planerar|överväger|funderar på) att (?:lämna|sluta|byta|säga upp)",
    r"(?:vorhaben|planen|erwägen|überlegen|beabsichtigen),? (?:uns )?zu (?:verlassen|kündigen|wechseln)",
    r"(?:uns|bald) (?:zu )?verlassen (?:werden|wollen|möchten)",
)
_INVISIBLE: Final = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_PATTERN: Final = re.compile(
    "|".join([*(rf"\b{re.escape(stem)}\w*" for stem in _STEMS), *(rf"\b{phrase}" for phrase in _LEAVING)])
)
PLACEHOLDER: Final = re.compile(r"\[\[([a-z_]+)\]\]")


def verify_said(name: str, text: str) -> None:
    """Insist that a text says nothing that it must not, and offers to be left in peace.

    Args:
        name: of the template that the text is, or comes from; told in the refusal, the text is not.
        text: subject and body.

    Raises:
        TextRefused: a word that is never said, or no `[[unsubscribe]]`.
    """
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    if _PATTERN.search(folded):
        rule = "it mentions a score, a risk, a prediction or leaving"
        raise TextRefused(name, rule, "say what we offer, not what we think of the customer")
    if UNSUBSCRIBE not in text:
        raise TextRefused(name, f"it lacks {UNSUBSCRIBE}", "put it where the customer can say no to further letters")
