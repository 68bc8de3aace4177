"""Policy packs: YAML in the home or in Git, read as data."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from privacy.errors import PolicyInvalid
from privacy.plain_yaml import load_yaml


def default_pack() -> str:
    """Return the text of the default policy pack."""
    return files("hub.policy").joinpath("default.yaml").read_text(encoding="utf-8")


def read_pack(path: Path) -> dict[str, Any]:
    """Read a policy pack from a file.

    Raises:
        PolicyInvalid: it cannot be read or is not a mapping; names the line.

    """
    try:
        return pack_of(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise PolicyInvalid("policy", f"the file cannot be read ({type(exc).__name__})", "name a YAML file") from None


def pack_of(text: str) -> dict[str, Any]:
    """Parse a policy pack."""
    try:
        document = load_yaml(text)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark is not None else "the file"
        raise PolicyInvalid("policy", f"{line} is not YAML", "mend the indentation or quotes there") from None
    if not isinstance(document, dict):
        raise PolicyInvalid("policy", "is not a mapping", "start with version: and purposes:")
    return document
