"""Every error as RFC 9457 problem+json, told without a word of what was sent.

FastAPI's own answer to a bad request echoes the input; here a fault is its type and its place. Whether an error's text
is told depends on its status: what is missing (404), broken or unexpected (500) shows its title only. Customers
are told in their own language (`hub.api.customer`).
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from hub.api.customer import because_of, is_customers, told_customer
from hub.attempts import note_refusal
from hub.errors import AccessRefused
from hub.ours import OURS
from hub.problems import Problem, problem_of, said, slug_of

MEDIA_TYPE: Final = "application/problem+json"
_TOLD: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.INSUFFICIENT_STORAGE,
    }
)


class Fault(BaseModel):
    """One thing wrong with a request: a constant type and its place, never the value."""

    type: str
    at: str


class ProblemAnswer(BaseModel):
    """RFC 9457 problem details. `instance` is the request's id, as it stands in the log.

    On a customer's routes title and detail are in their language, and `because` names the rule for programs.
    """

    type: str
    title: str
    status: int
    detail: str | None = None
    because: str | None = None
    instance: str
    errors: list[Fault] | None = None


def problem_responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Document the problems a route can answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}}
    documented: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        documented[status.value] = {"model": ProblemAnswer, "description": status.phrase, "content": content}
    return documented


def problem(
    request_id: str, status: HTTPStatus, slug: str, *, title: str | None = None, **more: object
) -> tuple[HTTPStatus, bytes]:
    """Write a problem's body."""
    body: dict[str, object] = {
        "type": f"urn:varde:problem:{slug}",
        "title": title or status.phrase,
        "status": status.value,
        "instance": f"urn:varde:request:{request_id}",
    }
    body |= {name: value for name, value in more.items() if value is not None}
    return status, json.dumps(body).encode()


def answer_problems(app: FastAPI) -> None:
    """Let an app answer every error as a problem."""
    app.add_exception_handler(RequestValidationError, _unfit_request)
    app.add_exception_handler(HTTPException, _http)
    for kind in (*OURS, DBAPIError):
        app.add_exception_handler(kind, _ours)


def _response(told: tuple[HTTPStatus, bytes], headers: Mapping[str, str] | None = None) -> Response:
    status, body = told
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


async def _ours(request: Request, error: Exception) -> Response:
    """Tell one of our own errors, whose text holds no value of a row."""
    known = said(error)
    await _note(request, known)
    return answer_of(known, request.scope)


def answer_of(known: Exception, scope: Scope) -> Response:
    """Write the problem of one of our errors, for whoever answers before the routes do."""
    meaning = problem_of(known)
    if is_customers(scope):
        language, title, text = told_customer(known, meaning.status, scope)
        because = because_of(known)
        told = problem(_id(scope), meaning.status, slug_of(known), title=title, detail=text, because=because)
        return _response(told, {**_headers(meaning), **_spoken(language)})
    detail = str(known) if meaning.status in _TOLD else None
    told = problem(_id(scope), meaning.status, slug_of(known), title=meaning.title, detail=detail)
    return _response(told, _headers(meaning))


async def _note(request: Request, error: Exception) -> None:
    """Count what a rule refused to a known principal."""
    principal = getattr(request.state, "principal", None)
    if isinstance(error, AccessRefused) and principal is not None:
        await run_in_threadpool(note_refusal, request.app.state.service.hub, principal, error)


async def _http(request: Request, error: Exception) -> Response:
    """Tell what routing found: no such path, no such method, no such format; the path is not repeated."""
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for this class only
        raise error
    return answer_of_status(error, request.scope)


def answer_of_status(error: HTTPException, scope: Scope) -> Response:
    """Write the problem of a bare status, for whoever answers before the routes do."""
    status = HTTPStatus(error.status_code)
    slug = status.name.lower().replace("_", "-")
    return _response(problem(_id(scope), status, slug), error.headers)


async def _unfit_request(request: Request, error: Exception) -> Response:
    """Tell type and place of each fault; FastAPI's default would repeat the input."""
    if not isinstance(error, RequestValidationError):  # pragma: no cover - registered for this class only
        raise error
    faults = [{"type": str(fault["type"]), "at": _place(fault)} for fault in error.errors()]
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    if is_customers(request.scope):
        language, title, text = told_customer(None, status, request.scope)
        told = problem(_id(request.scope), status, "request-unfit", title=title, detail=text, errors=faults)
        return _response(told, _spoken(language))
    told = problem(_id(request.scope), status, "request-unfit", title="The request cannot be used", errors=faults)
    return _response(told)


def _place(fault: Mapping[str, Any]) -> str:
    """Name the place by our own names: an unknown field's name is the caller's, and may be anything."""
    parts = [str(part) for part in fault["loc"]]
    if fault["type"] == "extra_forbidden":
        parts[-1] = "(unknown field)"
    return ".".join(parts)


def _headers(meaning: Problem) -> dict[str, str]:
    match meaning.status:
        case HTTPStatus.UNAUTHORIZED:
            return {"WWW-Authenticate": 'Bearer realm="varde"'}
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return {"Retry-After": str(meaning.retry_seconds)}
        case _:
            return {}


def _spoken(language: str) -> dict[str, str]:
    return {"Content-Language": language, "Vary": "Accept-Language"}


def _id(scope: Scope) -> str:
    return str(scope["varde.request_id"])
