"""What a customer is told whose link or key opens nothing (401): in their language, and how they get a new one.

Staff and programs are told of principals and variables; those words mean nothing to whoever follows a link.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import yaml
from fastapi import Request
from starlette.types import Scope

from hub.api.language import language_of
from hub.errors import NotAuthenticated

_OF_PEOPLE: Final = ("/v1/me/", "/v1/gpc", "/u/")


def is_lost(error: Exception, scope: Scope) -> bool:
    """Say whether a person stands before a route of theirs with nothing that opens it."""
    return isinstance(error, NotAuthenticated) and str(scope["path"]).startswith(_OF_PEOPLE)


def told_lost(scope: Scope) -> tuple[str, str, str]:
    """Return language, title and text for somebody who is lost; the controller is named where the settings do."""
    request = Request(scope)
    language, controller = language_of(request), request.app.state.service.hub.settings.controller
    words = _words()[language]
    asking = f" {words['ask'].format(controller=controller)}" if controller else ""
    return language, words["title"], f"{words['detail']}{asking}"


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    """Read the words of every language."""
    text = files("hub.api").joinpath("stranger.yaml").read_text(encoding="utf-8")
    words: Mapping[str, Mapping[str, str]] = yaml.safe_load(text)
    return words
