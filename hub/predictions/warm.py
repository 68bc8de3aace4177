"""Children that stay, for scores of single customers: one a module, confined as every child, with one model in memory.

To start a child takes seconds, to ask one that runs milliseconds. Such a child gets the model once and then one row at
a time, and keeps none. It ends with this process, after an error, when it takes too long, and when the module's current
model is another; the next question starts a new one.
"""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from typing import BinaryIO, Final, cast

from hub.errors import ChildBusy, ChildFailed
from hub.predictions.child import Surroundings, answer_of, command, surroundings
from predict.errors import MessageRefused
from predict.single import ONE
from predict.wire import Message, read_message, write_message

_SECONDS: Final = 30.0
_PATIENCE_SECONDS: Final = 10.0
"""For a turn: many start a child and ask it within; a thread of the service is not held for one that hangs."""


def alone(where: Surroundings) -> Surroundings:
    """Let a child work in one thread: one row is done before others could be asked to help."""
    return {"cwd": where["cwd"], "env": where["env"] | {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}}


class WarmChild:
    """One running child of a module, which knows one model."""

    def __init__(self, module: str, model_id: bytes) -> None:
        self.model_id = model_id
        self._module = module
        self._process = subprocess.Popen(  # noqa: S603 - our own module, by the running interpreter
            command(ONE, module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **alone(surroundings()),
        )

    @property
    def process_id(self) -> int:
        """Give the child's process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Say whether it ended by itself, or was ended, since it was asked last."""
        return self._process.poll() is not None

    def ask(self, message: Message) -> Message:
        """Ask and wait for the answer.

        Raises:
            ChildFailed: it refused, ended, or took longer than half a minute.

        """
        late = Timer(_SECONDS, self._process.kill)
        late.start()
        try:
            sink, source = cast("BinaryIO", self._process.stdin), cast("BinaryIO", self._process.stdout)
            write_message(sink, message)
            return answer_of(self._module, read_message(source))
        except (MessageRefused, OSError) as exc:
            raise ChildFailed(self._module, "ChildEnded", "it ended without an answer") from exc
        finally:
            late.cancel()

    def end(self) -> None:
        """End the child and wait for it."""
        self._process.kill()
        self._process.communicate()


class WarmChildren:
    """The running children of a process, by module; each is asked by one caller at a time."""

    def __init__(self) -> None:
        self._running: dict[str, WarmChild] = {}
        self._turns: dict[str, Lock] = {}
        self._door = Lock()

    def ask(self, module: str, model_id: bytes, artefact: Callable[[], bytes], message: Message) -> Message:
        """Ask the module's child, begun anew where it is of another model.

        Raises:
            ChildFailed: as `WarmChild.ask`.
            ChildBusy: others' questions took too long.

        """
        with self._turn(module):
            child = self._running.get(module)
            if child is None or child.model_id != model_id or child.ended:
                self._end(module)
                parts, kinds = {"artefact": artefact(), **message.parts}, {"artefact": "json", **message.kinds}
                child = self._running[module] = WarmChild(module, model_id)
                message = Message(message.fields, parts, kinds)
            try:
                return child.ask(message)
            except BaseException:  # whatever it is: what was not read of an answer would be the next caller's
                self._end(module)
                raise

    @property
    def running(self) -> dict[str, int]:
        """Say which children run: their process ids by module."""
        return {module: child.process_id for module, child in self._running.items()}

    def end(self) -> None:
        """End all children, asked or not: for whoever closes the hub before the process ends."""
        for module in list(self._running):
            self._end(module)

    @contextmanager
    def _turn(self, module: str) -> Iterator[None]:
        with self._door:
            turn = self._turns.setdefault(module, Lock())
        if not turn.acquire(timeout=_PATIENCE_SECONDS):
            raise ChildBusy(module)
        try:
            yield
        finally:
            turn.release()

    def _end(self, module: str) -> None:
        child = self._running.pop(module, None)
        if child is not None:
            child.end()
