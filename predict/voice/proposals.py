"""The proposals of a study with what people said of them since, as sentences."""

from collections.abc import Mapping
from typing import Any

from predict.causes.finding import finding_of
from predict.causes.verdict import Said, Verdict, ranked
from predict.causes.words import What, sentence_of


def proposals(told: Mapping[str, Any], said: Said, language: str) -> list[dict[str, Any]]:
    """Give key, levels, verdict and sentence of each proposal, in the order that people's verdicts leave."""
    return [
        {
            "key": one.key,
            "levels": dict(one.levels),
            "verdict": said.get(one.key, (Verdict.PROPOSED, ()))[0].value,
            "sentence": sentence_of(one, language, What.CASES),
        }
        for one in ranked([finding_of(each) for each in told.get("findings", [])], said)
    ]
