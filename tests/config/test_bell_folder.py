"""The folder transport: a message is there whole or not at all."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest
from kombu import Connection, Queue

from config import bell


@pytest.fixture
def options(tmp_path):
    bell.Transport.global_state.clear()  # what was bound to another test's folder
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    folder = str(tmp_path / "messages")
    control = str(tmp_path / "control")
    return {"data_folder_in": folder, "data_folder_out": folder, "control_folder": control, "polling_interval": 0.01}


def ring(options, count):
    with Connection("filesystem://", transport_options=options) as connection:
        queue = connection.SimpleQueue("celery")
        for number in range(count):
            queue.put({"number": number, "filling": "x" * 20_000})


def test_the_folder_transport_is_ours(options):
    with Connection("filesystem://", transport_options=options) as connection:
        assert isinstance(connection.channel(), bell.Channel)


def test_a_message_gets_its_name_when_it_is_whole(options, monkeypatch):
    seen = []
    replace = Path.replace

    def look(self, target):
        seen.append((Path(target).exists(), json.loads(self.read_text())["body"] != ""))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", look)
    ring(options, 1)
    assert seen == [(False, True)]


def test_nothing_is_left_aside(options):
    ring(options, 3)
    assert [path.suffix for path in Path(options["data_folder_in"]).iterdir()] == [".msg"] * 3


def test_a_reader_that_never_sleeps_reads_whole_messages_only(options):
    writer = multiprocessing.get_context("spawn").Process(target=ring, args=(options, 200))
    numbers = []
    with Connection("filesystem://", transport_options=options) as connection:
        channel = connection.channel()
        Queue("celery", channel=channel).declare()
        queue = connection.SimpleQueue("celery")
        writer.start()
        while len(numbers) < 200:
            message = queue.get(timeout=20)
            numbers.append(message.payload["number"])
            message.ack()
        writer.join()
    assert sorted(numbers) == list(range(200))
