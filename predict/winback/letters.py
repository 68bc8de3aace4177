"""Letters to begin with, in five languages: data to be edited, and to be approved before the first is used.

Each is put together from a greeting and a close of its style (tone and role band) and the text of its name. German and
leaders are addressed formally.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from predict.winback.said import NAME, UNSUBSCRIBE
from predict.winback.template import Band, Template, Tone

_GREETING: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(  # warm, plain
    {
        "nb": (f"Hei {NAME},", f"Til {NAME}"),
        "nn": (f"Hei {NAME},", f"Til {NAME}"),
        "sv": (f"Hej {NAME},", f"Till {NAME}"),
        "en": (f"Hello {NAME},", f"To {NAME}"),
        "de": (f"Guten Tag {NAME},", f"An {NAME}"),
    }
)
_CLOSE: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(  # consumer, user, leader
    {
        "nb": ("Svar gjerne på denne e-posten.", "Svar her, så viser vi det i bruk.", "Vi tar gjerne en kort samtale."),
        "nn": (
            "Svar gjerne på denne e-posten.",
            "Svar her, så viser vi det i bruk.",
            "Vi tek gjerne ein kort samtale.",
        ),
        "sv": (
            "Svara gärna på det här mejlet.",
            "Svara här, så visar vi hur det fungerar.",
            "Vi tar gärna ett kort samtal.",
        ),
        "en": (
            "Just answer this e-mail.",
            "Answer here and we will show it in use.",
            "We would be glad of a short talk.",
        ),
        "de": (
            "Antworten Sie einfach auf diese E-Mail.",
            "Antworten Sie hier, dann zeigen wir es Ihnen im Einsatz.",
            "Gern sprechen wir kurz darüber.",
        ),
    }
)
_PEACE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "nb": f"Vil du ikke ha flere e-poster fra oss: {UNSUBSCRIBE}",
        "nn": f"Vil du ikkje ha fleire e-postar frå oss: {UNSUBSCRIBE}",
        "sv": f"Vill du inte få fler mejl från oss: {UNSUBSCRIBE}",
        "en": f"If you want no more e-mails from us: {UNSUBSCRIBE}",
        "de": f"Wenn Sie keine E-Mails mehr von uns möchten: {UNSUBSCRIBE}",
    }
)
_TEXTS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = MappingProxyType(  # name -> language -> subject, text
    {
        "service_fixed": {
            "nb": (
                "Det du meldte, er rettet",
                "Du meldte fra om noe som ikke virket. Nå er det rettet: {{ fixed }}. Takk for at du sa fra.",
            ),
            "nn": (
                "Det du melde, er retta",
                "Du melde frå om noko som ikkje verka. No er det retta: {{ fixed }}. Takk for at du sa frå.",
            ),
            "sv": (
                "Det du anmälde är åtgärdat",
                "Du berättade om något som inte fungerade. Nu är det åtgärdat: {{ fixed }}. Tack för att du sa till.",
            ),
            "en": (
                "What you reported is put right",
                (
                    "You told us about something that did not work. It is put right now: {{ fixed }}. Thank you"
                    " for telling us."
                ),
            ),
            "de": (
                "Was Sie gemeldet haben, ist behoben",
                (
                    "Sie haben uns gemeldet, dass etwas nicht funktionierte. Jetzt ist es behoben: {{ fixed }}."
                    " Danke für Ihren Hinweis."
                ),
            ),
        },
        "function_launched": {
            "nb": ("{{ function }} er her", "Du spurte etter {{ function }}. Nå er den her, i {{ product }}."),
            "nn": ("{{ function }} er her", "Du spurde etter {{ function }}. No er ho her, i {{ product }}."),
            "sv": ("{{ function }} finns nu", "Du frågade efter {{ function }}. Nu finns den, i {{ product }}."),
            "en": ("{{ function }} is here", "You asked for {{ function }}. It is here now, in {{ product }}."),
            "de": (
                "{{ function }} ist da",
                "Sie haben nach {{ function }} gefragt. Jetzt gibt es das, in {{ product }}.",
            ),
        },
        "what_is_new": {
            "nb": ("Nytt siden {{ last_month }}", "Det har kommet noe nytt siden {{ last_month }}: {{ news }}."),
            "nn": ("Nytt sidan {{ last_month }}", "Det har kome noko nytt sidan {{ last_month }}: {{ news }}."),
            "sv": ("Nytt sedan {{ last_month }}", "Det har kommit något nytt sedan {{ last_month }}: {{ news }}."),
            "en": ("New since {{ last_month }}", "There is something new since {{ last_month }}: {{ news }}."),
            "de": ("Neu seit {{ last_month }}", "Seit {{ last_month }} gibt es etwas Neues: {{ news }}."),
        },
        "offer": {
            "nb": (
                "Et tilbud til deg",
                "Vi har et tilbud til deg: {{ offer }}. Det gjelder til og med {{ offer_until }}.",
            ),
            "nn": (
                "Eit tilbod til deg",
                "Vi har eit tilbod til deg: {{ offer }}. Det gjeld til og med {{ offer_until }}.",
            ),
            "sv": (
                "Ett erbjudande till dig",
                "Vi har ett erbjudande till dig: {{ offer }}. Det gäller till och med {{ offer_until }}.",
            ),
            "en": ("An offer for you", "We have an offer for you: {{ offer }}. It is valid until {{ offer_until }}."),
            "de": (
                "Ein Angebot für Sie",
                "Wir haben ein Angebot für Sie: {{ offer }}. Es gilt bis einschließlich {{ offer_until }}.",
            ),
        },
        "talk": {
            "nb": ("Kan vi gjøre noe bedre?", "Vi vil gjerne høre hva vi kan gjøre bedre med {{ product }}."),
            "nn": ("Kan vi gjere noko betre?", "Vi vil gjerne høyre kva vi kan gjere betre med {{ product }}."),
            "sv": ("Kan vi göra något bättre?", "Vi vill gärna höra vad vi kan göra bättre med {{ product }}."),
            "en": ("Can we do something better?", "We would like to hear what we can do better with {{ product }}."),
            "de": (
                "Können wir etwas besser machen?",
                "Wir möchten gern hören, was wir bei {{ product }} besser machen können.",
            ),
        },
    }
)
NAMES: Final = tuple(_TEXTS)


def letter(name: str, language: str, *, tone: Tone = Tone.WARM, band: Band = Band.CONSUMER) -> Template:
    """Put a letter together.

    Raises:
        KeyError: there is no such letter, or not in that language.
    """
    subject, text = _TEXTS[name][language]
    greeting = _GREETING[language][list(Tone).index(tone)]
    close = _CLOSE[language][list(Band).index(band)]
    body = f"{greeting}\n\n{text}\n\n{close}\n\n{_PEACE[language]}\n"
    return Template(name=name, language=language, tone=tone, band=band, subject=subject, body=body)
