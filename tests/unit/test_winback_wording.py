"""What a language model on this machine is asked, and what becomes of its answer."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from hub.errors import ServiceUnreachable, SettingsInvalid
from hub.settings import Settings
from hub.winback.wording import LanguageModel, language_model_of


class Model(BaseHTTPRequestHandler):
    asked: list[dict[str, Any]] = []  # noqa: RUF012 - a server makes its handlers itself
    answer: object = None

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = json.dumps(type(self).answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def model() -> Iterator[LanguageModel]:
    server = HTTPServer(("127.0.0.1", 0), Model)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1/chat/completions?model=small"
    found = language_model_of(Settings.load({"VARDE_LANGUAGE_MODEL": url}, Path("nowhere")))
    assert found is not None
    yield found
    server.shutdown()
    server.server_close()


def test_it_is_asked_by_the_chat_protocol_and_its_words_come_back(model: LanguageModel) -> None:
    Model.answer = {"choices": [{"message": {"role": "assistant", "content": "  Kjære [[name]] \n\n"}}]}
    assert model("nb", "Hei [[name]]") == "Kjære [[name]]\n"
    asked = Model.asked[-1]
    assert (asked["model"], asked["messages"][1]) == ("small", {"role": "user", "content": "Hei [[name]]"})
    assert "language nb" in asked["messages"][0]["content"]


@pytest.mark.parametrize(
    "answer", [{}, {"choices": []}, {"choices": [{"message": {"content": "x" * 5_000}}]}, {"choices": [{}]}, [], ""]
)
def test_an_answer_that_is_no_letter_is_told_without_its_words(model: LanguageModel, answer: object) -> None:
    Model.answer = answer
    with pytest.raises(ServiceUnreachable) as told:
        model("nb", "Hei")
    assert "xxx" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://models.example:8080/v1/chat/completions?model=m",
        "https://127.0.0.1/v1/chat/completions?model=m",
        "http://127.0.0.1:8080/v1/chat/completions",
        "http://127.0.0.1:99999/?model=m",
        "http://me@127.0.0.1/?model=m",
        "http://127.0.0.1.example/?model=m",
    ],
)
def test_a_model_anywhere_else_is_refused(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="VARDE_LANGUAGE_MODEL"):
        language_model_of(Settings.load({"VARDE_LANGUAGE_MODEL": url}, Path("nowhere")))


def test_without_the_setting_there_is_none() -> None:
    assert language_model_of(Settings.load({}, Path("nowhere"))) is None
