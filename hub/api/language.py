"""The language to answer a person in: the one asked for in the address, else the browser's, else English."""

from typing import Final

from fastapi import Request

from hub.outbox.letters import DEFAULT_LANGUAGE
from privacy.purposes import LANGUAGES

_ALIASES: Final = {"no": "nb"}
_MOST: Final = 20  # a header of a thousand languages is nobody's


def language_of(request: Request) -> str:
    """Return one of our languages, by `lang` in the query, else by Accept-Language (RFC 9110 section 12.5.4)."""
    wanted = _ours(request.query_params.get("lang", ""))
    return wanted or _accepted(request.headers.get("accept-language", "")) or DEFAULT_LANGUAGE


def _accepted(header: str) -> str | None:
    ranked = []
    for place, part in enumerate(header.split(",")[:_MOST]):
        tag, _, parameters = part.strip().partition(";")
        if (language := _ours(tag)) is not None and (weight := _weight(parameters)) > 0:
            ranked.append((-weight, place, language))
    return min(ranked)[2] if ranked else None


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def _ours(tag: str) -> str | None:
    language = tag.strip().lower().partition("-")[0]
    language = _ALIASES.get(language, language)
    return language if language in LANGUAGES else None
