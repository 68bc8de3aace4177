"""What a customer is told where something goes wrong on a route of theirs: in their language, and what to do next.

Staff and programs are told of principals, variables and rules; those words mean nothing to whoever follows a link. What
a program needs stays beside the words: the problem's `type`, and `because`.
"""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from fastapi import Request
from starlette.types import Scope

from hub.api.language import language_of
from hub.errors import AccessRefused, BodyUnfit, ChoiceWithoutEffect, NotAuthenticated
from hub.problems import slug_of
from hub.requests.rectifying import DetailUnfit
from privacy.plain_yaml import load_yaml

_OF_CUSTOMERS: Final = ("/v1/me/", "/v1/gpc", "/u/")
_IDENTIFY: Final = frozenset({"/v1/identify", "/v1/identify/confirm"})
_ELSE: Final = "500"
"""What is told under a status that nobody has worded."""


def is_customers(scope: Scope) -> bool:
    """Say whether a route is one that customers call, or their browser for them."""
    path = str(scope["path"])
    return path.startswith(_OF_CUSTOMERS) or path in _IDENTIFY


def told_customer(error: Exception | None, status: HTTPStatus, scope: Scope) -> tuple[str, str, str]:
    """Return language, title and text: of the rule that refused, else of the kind of problem, else of its status.

    The controller is named to whom nothing opens, where the settings name it. `error` is None where a request could not
    be read at all.
    """
    request = Request(scope)
    language = language_of(request)
    words = _words()[language]
    kinds = () if error is None else (because_of(error) or "", slug_of(error))
    told = next((words[kind] for kind in kinds if kind in words), None) or words.get(str(status.value), words[_ELSE])
    controller = request.app.state.service.hub.settings.controller if isinstance(error, NotAuthenticated) else None
    asking = f" {told['ask'].format(controller=controller)}" if controller else ""
    return language, told["title"], f"{told['detail']}{asking}"


def because_of(error: Exception) -> str | None:
    """Name for programs which rule refused; it holds no value of a row."""
    match error:
        case AccessRefused():
            return error.because
        case ChoiceWithoutEffect():
            return error.basis
        case BodyUnfit():
            return error.rule
        case DetailUnfit():
            return str(error)
        case _:
            return None


@cache
def _words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Read the words: by language, then by rule, kind or status."""
    text = files("hub.api").joinpath("customer.yaml").read_text(encoding="utf-8")
    words: Mapping[str, Mapping[str, Mapping[str, str]]] = load_yaml(text)
    return words
