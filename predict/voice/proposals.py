"""The proposals of a study with what people said of them since, as sentences."""

from collections.abc import Mapping
from typing import Any

from predict.causes.finding import finding_of
from predict.causes.verdict import Said, Verdict, ranked
from predict.causes.words import sentence_of


def proposals(told: Mapping[str, Any], said: Said, language: str) -> list[dict[str, Any]]:
    """Give key, what (cases or texts), levels, verdict and sentence of each, in the order that verdicts leave."""
    return [
        {
            "key": one.key,
            "what": one.what.value,
            "levels": dict(one.levels),
            "verdict": said.get(one.key, (Verdict.PROPOSED, ()))[0].value,
            "sentence": sentence_of(one, language),
        }
        for one in ranked([finding_of(each) for each in told.get("findings", [])], said)
    ]
