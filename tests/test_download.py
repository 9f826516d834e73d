"""The download against a server of our own that misbehaves in the ways of real ones."""

import hashlib
import io
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

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
        content = zipped(CONTENT) if name.endswith(".zip") else CONTENT
        if behaviour == "wrong":
            content = bytes(len(content))
        if behaviour == "login":
            content, asked = b"<!DOCTYPE html> Log in", None
        if behaviour.isdigit() or (behaviour.startswith("busy-") and first_time):
            self.send_error(int(behaviour.removeprefix("busy-")))
            return
        start = int(re.findall(r"\d+", asked)[0]) if asked and behaviour != "no-range" else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if behaviour not in ("no-length", "cut-no-length"):
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        if behaviour.startswith("cut") or (behaviour == "no-range" and first_time):
            body = body[:70_000]
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def zipped(content: bytes, member: str = "HIGGS.csv.gz") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(member, content)
    return packed.getvalue()


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
    path = fetch(folder, urls, len(CONTENT), SHA256)
    assert sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock")) == ["HIGGS.csv.gz"]
    return path.read_bytes()


@pytest.mark.parametrize("behaviour", ["good", "no-length", "busy-503", "busy-429"])
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


@pytest.mark.parametrize("behaviour", ["good", "no-length", "cut"])
def test_the_zip_holds_the_same_file(behaviour: str, server: Server, tmp_path: Path):
    assert fetched(tmp_path, server.url(behaviour, "higgs.zip")) == CONTENT


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (zipped(CONTENT)[:-100], "File is not a zip file"),
        (zipped(CONTENT, "other.csv.gz"), "There is no item named 'HIGGS.csv.gz'"),
        (zipped(CONTENT[1:]), "it has 199,999 bytes instead of 200,000"),
        (zipped(CONTENT).replace(CONTENT[500:600], bytes(100)), "Bad CRC-32"),
    ],
    ids=["cut", "another member", "shorter", "damaged"],
)
def test_a_bad_zip_is_removed(content: bytes, reason: str, server: Server, tmp_path: Path):
    """One that was downloaded as far as the server has it."""
    (tmp_path / "higgs.zip.partial").write_bytes(content.ljust(len(zipped(CONTENT)), b"\0"))
    with pytest.raises(UserError, match=re.escape(reason)):
        fetch(tmp_path, [server.url("good", "higgs.zip")], len(CONTENT), SHA256)
    assert [path.name for path in tmp_path.iterdir()] == [".HIGGS.csv.gz.lock"]


def test_what_another_address_left_is_removed(server: Server, tmp_path: Path):
    (tmp_path / "HIGGS.csv.gz.partial").write_bytes(CONTENT[:150_000])
    assert fetched(tmp_path, server.url("404"), server.url("good", "higgs.zip")) == CONTENT


def test_a_login_page_does_not_replace_what_is_there(server: Server, tmp_path: Path):
    (tmp_path / "HIGGS.csv.gz.partial").write_bytes(CONTENT[:150_000])
    with pytest.raises(UserError, match="it has 22 bytes instead of 200,000"):
        fetch(tmp_path, [server.url("login")], len(CONTENT), SHA256)
    assert fetched(tmp_path, server.url("good")) == CONTENT
    assert server.ranges == ["bytes=150000-", "bytes=150000-"]


def test_processes_that_want_the_file_fetch_it_once(server: Server, tmp_path: Path):
    with ThreadPoolExecutor(4) as pool:
        paths = list(
            pool.map(lambda _: fetch(tmp_path, [server.url("good")], len(CONTENT), SHA256), range(4))
        )
    assert paths == [tmp_path / "HIGGS.csv.gz"] * 4
    assert server.ranges == [None]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_without_a_length(is_terminal: bool, server: Server, tmp_path: Path, monkeypatch):
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=is_terminal, width=120)
    monkeypatch.setattr(download, "Console", lambda **_: console)
    fetch(tmp_path, [server.url("no-length")], len(CONTENT), SHA256)
    assert ("200.0/200.0 kB" in shown.getvalue()) == is_terminal


def test_a_folder_that_can_t_be_written_is_named(server: Server, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"choose another folder with data\.dir=PATH"):
        fetch(tmp_path / "file", [server.url("good")], len(CONTENT), SHA256)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/HIGGS.csv.gz", "HIGGS.csv.gz", "http://[/HIGGS.csv.gz"])
def test_an_address_that_is_none_is_named(url: str, tmp_path: Path):
    with pytest.raises(UserError, match=re.escape(f"could not fetch HIGGS from {url} (")):
        fetch(tmp_path, [url], len(CONTENT), SHA256)


def test_the_next_address_is_tried(server: Server, tmp_path: Path):
    dead = "http://127.0.0.1:1/HIGGS.csv.gz"
    assert fetched(tmp_path, dead, server.url("404"), server.url("wrong"), server.url("good")) == CONTENT


def test_what_is_there_is_not_fetched(server: Server, tmp_path: Path):
    (tmp_path / "HIGGS.csv.gz").write_bytes(CONTENT)
    fetch(tmp_path, [server.url("good")], len(CONTENT), SHA256)
    assert server.ranges == []


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [("404", "404"), ("500", "status 500, 4 times"), ("wrong", "its checksum is wrong")],
)
def test_failure_names_what_was_tried_and_the_ways_on(behaviour, reason, server: Server, tmp_path: Path):
    with pytest.raises(UserError) as raised:
        fetch(tmp_path, [server.url(behaviour)], len(CONTENT), SHA256)
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
        fetch(tmp_path, ["http://127.0.0.1:1/HIGGS.csv.gz"], len(CONTENT), SHA256)


def test_a_small_disk_is_refused_before_the_start(server: Server, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(UserError, match=r"make room, or choose another folder with data\.dir=PATH"):
        fetch(tmp_path, [server.url("good")], len(CONTENT), SHA256)
    assert server.ranges == []


def test_another_file_of_that_name_is_left_alone(server: Server, tmp_path: Path):
    (tmp_path / "HIGGS.csv.gz").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"has 4 bytes and HIGGS\.csv\.gz has 200,000: remove it"):
        fetch(tmp_path, [server.url("good")], len(CONTENT), SHA256)
    assert (tmp_path / "HIGGS.csv.gz").read_bytes() == b"mine"
