"""The download against a server of our own that misbehaves in the ways of real ones."""

import hashlib
import io
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from higgs_lightning.data import download
from higgs_lightning.data.download import fetch
from higgs_lightning.errors import UserError

CONTENT = np.random.default_rng(0).bytes(200_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves :data:`CONTENT`; what the path asks for decides how it misbehaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []

    def url(self, behaviour: str, name: str = "HIGGS.csv.gz") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{behaviour}/{name}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        behaviour, name = self.path.split("/")[1:]
        assert isinstance(self.server, Server)
        asked = self.headers["Range"]
        first_time = not self.server.ranges
        self.server.ranges.append(asked)
        content = CONTENT
        if name.endswith(".zip"):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr("HIGGS.csv.gz", CONTENT)
            content = packed.getvalue()
        if behaviour == "wrong":
            content = bytes(len(content))
        if behaviour.isdigit() or (behaviour == "busy-once" and first_time):
            self.send_error(int(behaviour) if behaviour.isdigit() else 503)
            return
        start = int(re.findall(r"\d+", asked)[0]) if asked and behaviour != "no-range" else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if behaviour not in ("no-length", "cut-no-length"):
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        if behaviour.startswith("cut") or (behaviour == "no-range" and first_time):
            body = body[:70_000]
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_FIRST_WAIT", 0.001)


def fetched(folder: Path, *urls: str) -> bytes:
    path = fetch(urls, folder, len(CONTENT), SHA256)
    assert sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock")) == ["HIGGS.csv.gz"]
    return path.read_bytes()


@pytest.mark.parametrize("behaviour", ["good", "no-length", "busy-once"])
def test_fetch(behaviour: str, server: Server, tmp_path: Path):
    assert fetched(tmp_path, server.url(behaviour)) == CONTENT


@pytest.mark.parametrize("behaviour", ["cut", "cut-no-length"])
def test_a_cut_connection_is_resumed_where_it_broke(behaviour: str, server: Server, tmp_path: Path):
    assert fetched(tmp_path, server.url(behaviour)) == CONTENT
    assert server.ranges == [None, "bytes=70000-", "bytes=140000-"]


def test_a_server_that_ignores_range_sends_it_all_again(server: Server, tmp_path: Path):
    assert fetched(tmp_path, server.url("no-range")) == CONTENT
    assert server.ranges == [None, "bytes=70000-"]


def test_a_later_run_resumes(server: Server, tmp_path: Path):
    (tmp_path / "HIGGS.csv.gz.partial").write_bytes(CONTENT[:150_000])
    assert fetched(tmp_path, server.url("good")) == CONTENT
    assert server.ranges == ["bytes=150000-"]


def test_a_whole_partial_file_is_only_verified(server: Server, tmp_path: Path):
    (tmp_path / "HIGGS.csv.gz.partial").write_bytes(CONTENT)
    assert fetched(tmp_path, server.url("good")) == CONTENT


def test_the_zip_holds_the_same_file(server: Server, tmp_path: Path):
    assert fetched(tmp_path, server.url("no-length", "higgs.zip")) == CONTENT


def test_the_next_address_is_tried(server: Server, tmp_path: Path):
    dead = "http://127.0.0.1:1/HIGGS.csv.gz"
    assert fetched(tmp_path, dead, server.url("404"), server.url("wrong"), server.url("good")) == CONTENT


def test_what_is_there_is_not_fetched(server: Server, tmp_path: Path):
    (tmp_path / "HIGGS.csv.gz").write_bytes(CONTENT)
    fetch([server.url("good")], tmp_path, len(CONTENT), SHA256)
    assert server.ranges == []


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [("404", "404"), ("500", "status 500, 4 times"), ("wrong", "its checksum is wrong")],
)
def test_failure_names_what_was_tried_and_the_ways_on(behaviour, reason, server: Server, tmp_path: Path):
    with pytest.raises(UserError) as raised:
        fetch([server.url(behaviour)], tmp_path, len(CONTENT), SHA256)
    sentence = str(raised.value)
    assert f"could not fetch HIGGS from {server.url(behaviour)}" in sentence
    assert reason in sentence
    assert f"{tmp_path / 'HIGGS.csv.gz'} is not there" in sentence
    assert "data.csv=PATH" in sentence
    assert "data=sample" in sentence
    assert [path.name for path in tmp_path.iterdir()] == [".HIGGS.csv.gz.lock"]


def test_no_network(tmp_path: Path):
    with pytest.raises(
        UserError, match=r"could not fetch HIGGS from http://127.0.0.1:1/HIGGS.csv.gz \(.*refused"
    ):
        fetch(["http://127.0.0.1:1/HIGGS.csv.gz"], tmp_path, len(CONTENT), SHA256)


def test_a_small_disk_is_refused_before_the_start(server: Server, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(UserError, match=r"make room, or choose another folder with data\.dir=PATH"):
        fetch([server.url("good")], tmp_path, len(CONTENT), SHA256)
    assert server.ranges == []


def test_another_file_of_that_name_is_left_alone(server: Server, tmp_path: Path):
    (tmp_path / "HIGGS.csv.gz").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"has 4 bytes and HIGGS\.csv\.gz has 200,000: remove it"):
        fetch([server.url("good")], tmp_path, len(CONTENT), SHA256)
    assert (tmp_path / "HIGGS.csv.gz").read_bytes() == b"mine"
