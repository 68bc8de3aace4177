"""Callers of an HTTP server, in a process of their own: each sends its next request when the last one is answered.

`call` starts the process, which costs the machine a twentieth of a millisecond a request: requests are bytes that were
prepared, answers are read up to their end and not looked into beyond the status.
"""

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final, cast

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


@dataclass(frozen=True)
class Calls:
    """What callers saw: seconds for each answer, for all, and of processor time in their process."""

    latencies: list[float]
    seconds: float
    processor: float


def call(port: int, callers: Sequence[Sequence[bytes]], seconds: float) -> Calls:
    """Let each caller send its requests, over and over, for some seconds.

    Raises:
        CalledProcessError: an answer was not 200, or the server hung up.

    """
    command = [sys.executable, "-m", "tests.benchmarks.callers", str(port), str(seconds)]
    order = json.dumps([[request.decode() for request in mine] for mine in callers]).encode()
    done = subprocess.run(command, input=order, stdout=subprocess.PIPE, check=True)
    return Calls(**json.loads(done.stdout))


class _Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Sequence[bytes], until: float, latencies: list[float]) -> None:
        self._requests, self._until, self._latencies = requests, until, latencies
        self._turn, self._started_at, self._answer = 0, 0.0, b""
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not _is_whole(self._answer):
            return
        if not self._answer.startswith(b"HTTP/1.1 200"):
            self.gone.set_exception(ConnectionError(self._answer.decode()))
            return
        self._answer = b""
        self._latencies.append(time.perf_counter() - self._started_at)
        self._ask()

    def connection_lost(self, _exc: Exception | None) -> None:
        if time.perf_counter() < self._until:
            self.gone.set_exception(ConnectionError("the server hung up"))
        else:
            self.gone.set_result(None)

    def _ask(self) -> None:
        self._started_at = time.perf_counter()
        if self._started_at >= self._until:
            self._transport.close()
            return
        self._transport.write(self._requests[self._turn % len(self._requests)])
        self._turn += 1


def _is_whole(answer: bytes) -> bool:
    end = answer.find(_END)
    if end < 0:
        return False
    head = answer[: end + 2].lower()
    start = head.index(_LENGTH) + len(_LENGTH)
    return len(answer) >= end + len(_END) + int(head[start : head.index(b"\r", start)])


async def _all(port: int, callers: Sequence[Sequence[bytes]], seconds: float) -> list[float]:
    loop, latencies, until = asyncio.get_running_loop(), list[float](), time.perf_counter() + seconds
    made = [
        await loop.create_connection(partial(_Caller, mine, until, latencies), "127.0.0.1", port) for mine in callers
    ]
    await asyncio.gather(*(caller.gone for _, caller in made))
    return latencies


def main(port: str, seconds: str) -> None:
    """Do what standard input orders, and write what was seen to standard output."""
    callers = [[request.encode() for request in mine] for mine in json.load(sys.stdin)]
    gc.disable()
    started, computed = time.perf_counter(), time.process_time()
    latencies = _run(int(port), callers, float(seconds))
    calls = Calls(latencies, time.perf_counter() - started, time.process_time() - computed)
    json.dump(asdict(calls), sys.stdout)


def _run(port: int, callers: Sequence[Sequence[bytes]], seconds: float) -> list[float]:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(_all(port, callers, seconds))
    return uvloop.run(_all(port, callers, seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
