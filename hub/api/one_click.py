"""`/u/{token}`: saying no by the link of a message, without signing in (RFC 8058).

A POST with `List-Unsubscribe=One-Click` acts at once and may be repeated; a GET shows a page with one button and never
acts. An empty POST acts where a browser sends it. The link opens opting out only. What cannot be committed is answered
503, never 200.
"""

from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from hub.api.answers import problem_responses
from hub.api.dependencies import Serving
from hub.api.durable import durable
from hub.api.language import language_of
from hub.api.service import Service
from hub.api.unsubscribe_page import Shown, page
from hub.attempts import note_stranger
from hub.choices import Asked, Choice, Chosen
from hub.errors import BodyUnfit, ChoiceNotRecorded, ChoiceWithoutEffect, NotAuthenticated
from hub.opt_outs import ONE_CLICK, one_click_choices
from hub.subject_tokens import authenticate_subject
from privacy.terms import ActChannel

router: Final = APIRouter(tags=["one-click"])
Link = Annotated[str, Path(max_length=64, description="The link's secret; it is in no log")]
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_MOST_FIELDS: Final = 16
_SHOWN: Final[Mapping[type[Exception], tuple[Shown, HTTPStatus]]] = {
    NotAuthenticated: (Shown.GONE, HTTPStatus.UNAUTHORIZED),
    ChoiceNotRecorded: (Shown.LATER, HTTPStatus.SERVICE_UNAVAILABLE),
    ChoiceWithoutEffect: (Shown.GONE, HTTPStatus.CONFLICT),
    BodyUnfit: (Shown.ASK, HTTPStatus.UNPROCESSABLE_ENTITY),
}
"""What a browser is shown of an error; a mail program is answered a problem."""
_CLICK: Final = {"type": "object", "properties": {ONE_CLICK[0]: {"type": "string", "enum": [ONE_CLICK[1]]}}}
_BODY: Final = {
    "requestBody": {
        "required": False,
        "content": {kind: {"schema": _CLICK} for kind in (_FORM, _MULTIPART)},
    }
}


@router.get(
    "/u/{token}",
    summary="The page of a link: asks, never acts",
    response_class=Response,
    responses=problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def get_link(token: Link, request: Request) -> Response:  # noqa: ARG001 - the page is the same for every link
    """Show the page with its one button; the link is not looked at."""
    return page(Shown.ASK, language_of(request))


@router.post(
    "/u/{token}",
    summary="Say no by the link of a message (RFC 8058)",
    openapi_extra=_BODY,
    response_class=Response,
    responses=problem_responses(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def post_link(token: Link, request: Request, service: Serving) -> Response:
    """End what the link is for, for everybody who carries the address that it was sent to; repeating it is safe."""
    try:
        choices = await run_in_threadpool(_choices, service, token)
        _verify_one_click(request, await request.body())
        stopped = await _stop(service, token, choices)
    except tuple(_SHOWN) as error:
        if isinstance(error, NotAuthenticated):
            await run_in_threadpool(note_stranger, service.hub)
        if not _wants_page(request):
            raise
        shown, status = _SHOWN[type(error)]
        return page(shown, language_of(request), status=status)
    return page(Shown.DONE, language_of(request)) if _wants_page(request) else JSONResponse({"stopped": stopped})


def _choices(service: Service, token: str) -> tuple[Choice, ...]:
    with service.hub.reading() as session:
        return one_click_choices(service.hub.policy(), authenticate_subject(service.hub, session, token))


async def _stop(service: Service, token: str, choices: tuple[Choice, ...]) -> list[str]:
    asked = Asked(token=token, choices=choices, channel=ActChannel.ONE_CLICK)
    chosen: tuple[Chosen, ...] = await durable(service.writer.submit_to(service.choosing, asked))
    return sorted(purpose for each in chosen for purpose in each.stopped)


def _wants_page(request: Request) -> bool:
    """Say whether a person's browser asks: mail programs read no page."""
    return "text/html" in request.headers.get("accept", "")


def _verify_one_click(request: Request, body: bytes) -> None:
    """Refuse a body that is not a click: a program that only follows links does not send the field.

    A browser whose person pressed the button may have lost the field on the way (a proxy, an extension): an empty body
    from one that wants a page back is a click all the same. To lose a no is worse than to hear one too many.

    Raises:
        BodyUnfit: the field of RFC 8058 is not in it; either encoding will do.

    """
    if not body and _wants_page(request):
        return
    if ONE_CLICK not in _fields_of(request.headers.get("content-type", ""), body):
        raise BodyUnfit(f"it must be a form with {'='.join(ONE_CLICK)} (RFC 8058)")


def _fields_of(kind: str, body: bytes) -> list[tuple[str, str]]:
    media = kind.partition(";")[0].strip().lower()
    if media == _FORM:
        return parse_qsl(body.decode("ascii", errors="replace"), max_num_fields=_MOST_FIELDS) if _is_short(body) else []
    if media == _MULTIPART:
        parsed = message_from_bytes(b"Content-Type: " + kind.encode("latin-1", errors="replace") + b"\r\n\r\n" + body)
        return [_field_of(part) for part in parsed.walk() if not part.is_multipart()]
    return []


def _field_of(part: Message) -> tuple[str, str]:
    name = part.get_param("name", "", "content-disposition")
    content = part.get_payload(decode=True)
    return str(name), content.decode("ascii", errors="replace").strip() if isinstance(content, bytes) else ""


def _is_short(body: bytes) -> bool:
    return body.count(b"&") < _MOST_FIELDS
