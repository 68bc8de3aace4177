"""Read YAML without its traps: `NO` stays a country, `yes` a value, a date a string, and no key is given twice.

YAML 1.1 turns `NO` and `yes` into booleans and keeps the last of two equal keys without a word. Contracts are read
with the booleans of YAML 1.2 (`true`, `false`), keys always as text, and a second equal key is an error.
"""

from typing import Any, Final

import yaml

from privacy.plain_yaml import PlainLoader

_BOOLEAN_TAG: Final = "tag:yaml.org,2002:bool"
_TIMESTAMP_TAG: Final = "tag:yaml.org,2002:timestamp"
_BOOLEANS: Final = frozenset({"true", "false"})


class DuplicateKey(yaml.YAMLError):
    """A mapping has the same key twice."""


class ContractLoader(PlainLoader):
    """A safe loader without YAML 1.1's guesses about words and dates."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own class attribute, replaced rather than shared
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in {_BOOLEAN_TAG, _TIMESTAMP_TAG}]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _mapping(loader: ContractLoader, node: yaml.MappingNode) -> dict[str, Any]:
    """Build a mapping whose keys are the text that was written."""
    built: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if key is None or key in built:
            raise DuplicateKey(f"line {key_node.start_mark.line + 1}")
        built[key] = loader.construct_object(value_node, deep=True)
    return built


def _string(loader: ContractLoader, node: yaml.ScalarNode) -> str | bool:
    """Build a string, or a boolean where an unquoted `true` or `false` was written."""
    if not node.style and node.value in _BOOLEANS:
        return bool(node.value == "true")
    return str(loader.construct_scalar(node))


ContractLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
ContractLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG, _string)


def document_of(text: str) -> object:
    """Parse one YAML document.

    Raises:
        yaml.YAMLError: not YAML, or a key given twice.

    """
    return yaml.load(text, Loader=ContractLoader)  # noqa: S506 - a subclass of SafeLoader
