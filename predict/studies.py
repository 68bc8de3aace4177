"""Studies: what is told of rows of several views at once, where nothing is learned and nobody is scored.

| study | fields in | parts in | parts out |
|---|---|---|---|
| voice | language, said, rules; as_of, promises, seed | parts of it, model; or study | (below) |
| alerts | themes | texts (a frame of texts) | alerts |
| answers | language, library; themes, judged, shown, seed | replies | suggestions, told, html |
| next | kind (product or function), language; places | pairs (`predict.next_need.door`) | coming |
| when | as_of, at, zone, closed, language | contacts, customers, reach, calendar | when, told |

Into `voice` go any of `predict.voice.study.PARTS`, and a model of satisfaction to hear texts with; out of it come
study, proposals, headlines and tasks (JSON), and html.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, cast

from predict.wire import Message

STUDY: Final = "study"
STUDIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "voice": "predict.voice.door",
        "alerts": "predict.satisfaction.critical",
        "answers": "predict.answers.door",
        "next": "predict.next_need.door",
        "when": "predict.next_need.when",
    }
)
"""Every study by name, and the module that has its `answer`. Adding one: its folder, and a line here."""

Answer = Callable[[Message], Message]


def load_study(name: str) -> Answer:
    """Load the code of a study: late, because what one needs is a second's work to import."""
    return cast("Answer", import_module(STUDIES[name]).answer)
