"""The prediction modules that there are, and the way to their code."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, cast

from predict.churn.declaration import CHURN
from predict.declaration import Declaration
from predict.module import Module
from predict.next_need.declaration import NEXT_NEED, NEXT_SERVICE, NEXT_UPGRADE
from predict.satisfaction.declaration import SATISFACTION
from predict.service.declaration import MAINTENANCE, SERVICE
from predict.winback.declaration import WINBACK

_ALL: Final = (CHURN, SERVICE, MAINTENANCE, WINBACK, NEXT_NEED, NEXT_UPGRADE, NEXT_SERVICE, SATISFACTION)
DECLARED: Final[Mapping[str, Declaration]] = MappingProxyType({one.name: one for one in _ALL})
"""Every module by name. Adding one: its folder, and its declaration here."""


def load(name: str) -> Module:
    """Load the code of a registered module: late, because what one module needs is a second's work to import."""
    return cast("Module", import_module(DECLARED[name].home).MODULES[name])
