"""A body in bounded pieces within a bounded time; before each piece but the first somebody may still say stop.

The first piece was fenced by the release's own commit: an act that is acknowledged after it concerns later reads.

A piece is made when the one before was taken: a slow reader keeps one in memory, and makes nobody hurry. Leaving early,
being stopped and running out of time all end the same way: the body stays incomplete, the server hangs up, and
`finished` is not called.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from anyio import to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hub.errors import StreamStopped

PIECE_BYTES: Final = 1 << 20
MOST_SECONDS: Final = 300.0
Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Escort:
    """Who goes with the bytes: `before` each further piece may raise, `finished` runs once all were handed over.

    `ended` is called when no more leaves, whatever the end was.
    """

    before: Step
    finished: Step
    ended: Callable[[], None] = field(default=lambda: None)


class PiecewiseResponse(Response):
    """Bytes that leave piece by piece, as they are made; without a `Content-Length` among the headers in chunks."""

    def __init__(
        self, pieces: Iterable[bytes | memoryview], escort: Escort, *, headers: Mapping[str, str], media_type: str
    ) -> None:
        self._made = iter(pieces)
        self._escort = escort
        self._handed_over = False
        self.status_code = 200
        self.background = None
        self.media_type = media_type
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's own signature
        """Send; give up when time is up or the caller has gone.

        Raises:
            StreamStopped: the escort or the clock said so.

        """
        sending = asyncio.ensure_future(self._pieces(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, timeout=MOST_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if self._handed_over or sending.done():
                await sending
            elif not leaving.done():
                raise StreamStopped("time is up")
        finally:
            for task in (sending, leaving):
                task.cancel()
            try:
                await asyncio.gather(sending, leaving, return_exceptions=True)
            finally:
                self._escort.ended()

    async def _pieces(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        piece = await to_thread.run_sync(next, self._made, None)
        while piece is not None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await to_thread.run_sync(next, self._made, None)
            if piece is not None:
                await self._escort.before()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        self._handed_over = True
        await self._escort.finished()


def pieces_of(content: bytes) -> Iterator[memoryview]:
    """Cut what lies in memory already."""
    whole = memoryview(content)
    return (whole[start : start + PIECE_BYTES] for start in range(0, max(len(whole), 1), PIECE_BYTES))


async def _left(receive: Receive) -> None:
    """Return when the caller has hung up, or has been answered in full."""
    while (await receive())["type"] != "http.disconnect":
        pass
