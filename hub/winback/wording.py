"""A language model on this machine that proposes other words for a letter; none unless `VARDE_LANGUAGE_MODEL` is set.

It is spoken to by the chat protocol that llama.cpp's server, Ollama and vLLM answer: `POST` of `model` and `messages`,
the words in `choices[0].message.content`. It is shown the words of an approved template with each fact as its name in
brackets: nothing about a customer. What it proposes is one more author's text, checked like an edit and approved by a
person.
"""

import http.client
import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from hub.errors import ServiceUnreachable, SettingsInvalid
from hub.settings import Settings
from predict.winback.template import LONGEST

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_WRITTEN: Final = "Use http://127.0.0.1:PORT/v1/chat/completions?model=NAME, on this machine"
_SECONDS: Final = 120  # a small model on two processors writes some ten words a second
_MOST_BYTES: Final = 1 << 20
_WHO: Final = "the language model"
_TASK: Final = (
    "You improve letters to former customers. Answer with the letter alone, in the language {language}. Keep each "
    "[[placeholder]] exactly once and unchanged. Say the same: add no fact, promise, discount, date or name. Never "
    "mention scores, risks, probabilities, predictions, data about the reader, or that somebody might leave."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModel:
    """Where a model answers on this machine, and its name there."""

    host: str
    port: int
    target: str
    name: str

    def __call__(self, language: str, text: str) -> str:
        """Return the words that it proposes.

        Raises:
            ServiceUnreachable: it does not answer, or not as the protocol says.

        """
        asked = {
            "model": self.name,
            "messages": [
                {"role": "system", "content": _TASK.format(language=language)},
                {"role": "user", "content": text},
            ],
            "stream": False,
        }
        line = http.client.HTTPConnection(self.host, self.port, timeout=_SECONDS)
        try:
            line.request("POST", self.target, json.dumps(asked).encode(), {"Content-Type": "application/json"})
            answer = line.getresponse()
            told = json.loads(answer.read(_MOST_BYTES))
            words = told["choices"][0]["message"]["content"]
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as exc:
            raise ServiceUnreachable(_WHO, type(exc).__name__) from None
        finally:
            line.close()
        if not isinstance(words, str) or not 0 < len(words.strip()) <= LONGEST:
            raise ServiceUnreachable(_WHO, "no_letter")
        return words.strip() + "\n"


def language_model_of(settings: Settings) -> LanguageModel | None:
    """Return the configured model, None where there is none.

    Raises:
        SettingsInvalid: it is not on this machine, or has no name.

    """
    if settings.language_model is None:
        return None
    try:
        parts = urlsplit(settings.language_model)
        port = parts.port or 80
    except ValueError:
        raise SettingsInvalid("VARDE_LANGUAGE_MODEL", "it is malformed", _WRITTEN) from None
    options = dict(parse_qsl(parts.query))
    name = options.pop("model", "")
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or parts.username or not name or options:
        raise SettingsInvalid("VARDE_LANGUAGE_MODEL", "it is no model on this machine", _WRITTEN)
    return LanguageModel(host=parts.hostname, port=port, target=parts.path or "/", name=name)
