"""A real browser for tests: Chromium without a window, spoken to over a pipe in its DevTools protocol."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
COMPLAINTS = {"Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"}
"""What a browser tells when something is wrong with a page."""


class Tab:
    """A page in a browser: what it asked for, what the browser complained of, and what it looks like to a script."""

    def __init__(self, commands: BinaryIO, answers: BinaryIO) -> None:
        self._commands, self._answers, self._number = commands, answers, 0
        self._session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the protocol takes
        """Give an order and wait for the answer."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": params, **self._session}
        self._commands.write(json.dumps(order).encode() + b"\0")
        self._commands.flush()
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, page: Path, *, scheme: str = "light", width: int = 1280) -> None:
        """Show a file, in a colour scheme, so many pixels wide."""
        self.events.clear()
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.send("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def ask(self, expression: str) -> Any:  # noqa: ANN401 - whatever the expression gives
        """The value of an expression in JavaScript."""
        return self.send("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    @property
    def requests(self) -> list[str]:
        """All that was asked for since the page was opened."""
        sent = [event["params"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent]

    @property
    def complaints(self) -> list[dict[str, Any]]:
        """All that the browser complained of since."""
        return [event for event in self.events if event.get("method") in COMPLAINTS]

    def _next(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser ended"
            text += byte
        message: dict[str, Any] = json.loads(text)
        return message


@contextmanager
def browser() -> Iterator[Tab]:
    """A tab of a browser of its own; the test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no browser to look at a report with: apt-get install chromium")
    read_order, order = os.pipe()
    answer, write_answer = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, read_order, 3), (os.POSIX_SPAWN_DUP2, write_answer, 4)]
    quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    with TemporaryDirectory(ignore_cleanup_errors=True) as home:
        command = [program, *FLAGS, f"--user-data-dir={home}"]
        process = os.posix_spawn(program, command, os.environ, file_actions=[*actions, *quiet], setpgroup=0)
        os.close(read_order)
        os.close(write_answer)
        try:
            with os.fdopen(order, "wb") as commands, os.fdopen(answer, "rb") as answers:
                yield Tab(commands, answers)
        finally:
            os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
