"""Fetching HIGGS.csv.gz from the UCI archive, and other files: resumed where it broke off, and verified."""

import hashlib
import logging
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
from filelock import FileLock
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from higgs_lightning.errors import UserError, one_line

log = logging.getLogger(__name__)

#: UCI HIGGS as its archive gives it, the file and a zip that holds it; size in bytes.
HIGGS_URLS = (
    "https://archive.ics.uci.edu/ml/machine-learning-databases/00280/HIGGS.csv.gz",
    "https://archive.ics.uci.edu/static/public/280/higgs.zip",
)
HIGGS_SIZE = 2816407858
HIGGS_SHA256 = "ea302c18164d4e3d916a1e2e83a9a8d07069fa6ebc7771e4c0540d54e593b698"

_TRIES = 4  # in a row without a new byte, at one address
_FIRST_WAIT = 1.0  # seconds; doubles with each try
_BUSY = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS)
_TIMEOUT = httpx.Timeout(30.0)  # seconds without a byte
_CHUNK = 1 << 20


class _DamagedError(Exception):
    """What arrived is not the file that was asked for."""


def fetch(
    folder: str | Path, urls: Sequence[str] = HIGGS_URLS, size: int = HIGGS_SIZE, sha256: str = HIGGS_SHA256
) -> Path:
    """Path of HIGGS.csv.gz in ``folder``, downloaded first if it is not there.

    Processes that want it at once fetch it once. What a broken download left is resumed.

    Args:
        folder: where the file is kept.
        urls: addresses to try in turn, of the file or of a zip that holds it.
        size: bytes of the file.
        sha256: its checksum, as hexadecimal digits.

    Raises:
        UserError: no address gave the file, the disk is too small, or another file bears its name.
    """
    target = Path(folder) / "HIGGS.csv.gz"
    if not _is_there(target, size):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(target.with_name(f".{target.name}.lock")):
                if not _is_there(target, size):
                    _fetch(urls, target, size, sha256)
        except OSError as error:
            raise UserError(
                f"{folder}: {error.strerror or error}; choose another folder with data.dir=PATH"
            ) from error
    return target


def fetch_file(url: str, sha256: str, target: Path) -> Path:
    """``target``, downloaded first if it is not there, as :func:`fetch` does.

    Args:
        url: its address.
        sha256: its checksum, as hexadecimal digits.
        target: what it is called here; no other file has this name.

    Raises:
        UserError: the address does not give this file, or it can't be written.
    """
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{target.name}.lock")):
            if not target.exists():
                partial = target.with_name(f"{target.name}.partial")
                _download(url, partial)
                _require_checksum(partial, sha256)
                partial.replace(target)
    except (httpx.HTTPError, httpx.InvalidURL, _DamagedError) as error:
        reason = one_line(error)
        raise UserError(f"could not fetch {url} ({reason}): mend the address, or give a file") from error
    return target


def _is_there(target: Path, size: int) -> bool:
    if not target.exists():
        return False
    if target.stat().st_size != size:
        raise UserError(
            f"{target} has {target.stat().st_size:,} bytes and HIGGS.csv.gz has {size:,}: remove it to fetch "
            "it again, or train on it with data.csv=PATH"
        )
    return True


def _fetch(urls: Sequence[str], target: Path, size: int, sha256: str) -> None:
    """Download from the first address that gives the right file. The caller holds the lock."""
    failures = []
    for url in urls:
        partial = _partial(url, target)
        # a zip stays until the file in it is verified
        missing = (2 if url.endswith(".zip") else 1) * size - _size_of(partial)
        free = shutil.disk_usage(target.parent).free
        if free < missing:
            raise UserError(
                f"{target.parent} has {free / 1e9:.1f} GB free and {url} needs {missing / 1e9:.1f} GB more: "
                "make room, or choose another folder with data.dir=PATH"
            )
        try:
            _download(url, partial, size)
            _verified(partial, size, sha256).replace(target)
        except (httpx.HTTPError, httpx.InvalidURL, _DamagedError) as error:
            failures.append(f"{url} ({error or type(error).__name__})")
            continue
        for tried in urls:
            _partial(tried, target).unlink(missing_ok=True)
        return
    raise UserError(
        f"could not fetch HIGGS from {', nor from '.join(failures)}, and {target} is not there: give a copy "
        "with data.csv=PATH, or train on the embedded sample with data=sample"
    )


def _partial(url: str, target: Path) -> Path:
    return target.with_name(f"{url.rsplit('/', 1)[-1]}.partial")


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _download(url: str, partial: Path, size: int | None = None) -> None:
    """Append to ``partial`` until it is whole, waiting longer after each try that brings nothing new."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    log.info("fetching %s%s into %s", url, f" ({size / 1e9:.1f} GB)" if size else "", partial.parent)
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"Fetching {partial.stem}", total=size)
        tries = 0
        while True:
            have = _size_of(partial)
            try:
                if _append(url, partial, size, lambda done: bar.update(task, completed=done)):
                    return
                problem = "the connection was cut"
            except httpx.HTTPStatusError as error:
                if error.response.status_code < 500 and error.response.status_code not in _BUSY:
                    raise
                problem = f"status {error.response.status_code}"
            except httpx.UnsupportedProtocol:
                raise
            except httpx.TransportError as error:
                problem = str(error) or type(error).__name__
            tries = 1 if _size_of(partial) > have else tries + 1
            if tries == _TRIES:
                raise _DamagedError(f"{problem}, {tries} times")
            wait = _FIRST_WAIT * 2 ** (tries - 1)
            log.warning("%s: %s; trying again in %.0f s", url, problem, wait)
            time.sleep(wait)


def _append(url: str, partial: Path, size: int | None, advance: Callable[[int], None]) -> bool:
    """Ask once for what ``partial`` lacks and append it; whether it is whole now."""
    have = _size_of(partial)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream("GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=True) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return True  # there is no more; whether it is right shows when it is verified
        response.raise_for_status()
        if response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            mode = "ab"
        else:  # all of it again, from a server that ignores Range
            mode, have = "wb", 0
        length = response.headers.get("Content-Length")
        is_known = size is not None and not url.endswith(".zip")
        if length and is_known and have + int(length) != size:  # a login page, say
            raise _DamagedError(f"it has {have + int(length):,} bytes instead of {size:,}")
        with partial.open(mode) as file:
            for chunk in response.iter_raw():  # as it comes: larger chunks would be lost at a cut
                file.write(chunk)
                advance(file.tell())
            # httpx has checked the length where one was announced; that of a zip is not known otherwise
            return bool(length) or size is None or file.tell() >= size


def _verified(partial: Path, size: int, sha256: str) -> Path:
    """The right file: ``partial``, or what was taken out of it if it is a zip. What is damaged is removed."""
    whole = partial
    try:
        with partial.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                whole = partial.with_suffix(".extracted.partial")
                with zipfile.ZipFile(file) as archive, whole.open("wb") as extracted:
                    shutil.copyfileobj(archive.open("HIGGS.csv.gz"), extracted, _CHUNK)
        if whole.stat().st_size != size:
            raise _DamagedError(f"it has {whole.stat().st_size:,} bytes instead of {size:,}")
        _require_checksum(whole, sha256)
    except (_DamagedError, zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        whole.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)
        raise _DamagedError(str(error)) from error
    return whole


def _require_checksum(whole: Path, sha256: str) -> None:
    """Remove a file that is damaged, or another one.

    Raises:
        _DamagedError: it is.
    """
    with whole.open("rb") as file:
        is_right = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    if not is_right:
        whole.unlink()
        raise _DamagedError("its checksum is wrong")
