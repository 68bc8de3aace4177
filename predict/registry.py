"""The prediction modules that there are, and the way to their code."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, cast

from predict.churn.declaration import CHURN
from predict.declaration import Declaration
from predict.module import Module
from predict.winback.declaration import WINBACK

DECLARED: Final[Mapping[str, Declaration]] = MappingProxyType({one.name: one for one in (CHURN, WINBACK)})
"""Every module by name. Adding one: its folder, and its declaration here."""


def load(name: str) -> Module:
    """Load the code of a registered module: late, because what one module needs is a second's work to import."""
    return cast("Module", import_module(DECLARED[name].home).MODULES[name])
