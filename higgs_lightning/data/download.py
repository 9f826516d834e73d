"""Fetching HIGGS.csv.gz from the UCI archive: resumed where it broke off, verified, complete or absent."""

import hashlib
import logging
import shutil
import time
import zipfile
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

from higgs_lightning.errors import UserError

log = logging.getLogger(__name__)

_TRIES = 4  # in a row without a new byte, at one address
_FIRST_WAIT = 1.0  # seconds; doubles with each try
_TIMEOUT = httpx.Timeout(30.0)  # seconds without a byte
_CHUNK = 1 << 20


class _DamagedError(Exception):
    """What arrived is not the file that was asked for."""


def fetch(urls: Sequence[str], folder: str | Path, size: int, sha256: str) -> Path:
    """Path of HIGGS.csv.gz in ``folder``, downloaded first if it is not there.

    Processes that want it at once fetch it once. What a broken download left is resumed.

    Args:
        urls: addresses to try in turn, of the file or of a zip that holds it.
        folder: where the file is kept.
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
        partial = target.with_name(f"{httpx.URL(url).path.rsplit('/', 1)[-1]}.partial")
        have = partial.stat().st_size if partial.exists() else 0
        free = shutil.disk_usage(target.parent).free
        if free < size - have:
            raise UserError(
                f"{target.parent} has {free / 1e9:.1f} GB free and HIGGS.csv.gz needs "
                f"{(size - have) / 1e9:.1f} GB more: make room, or choose another folder with data.dir=PATH"
            )
        try:
            _download(url, partial, size)
            _verify(partial, size, sha256)
        except (httpx.HTTPError, _DamagedError) as error:
            failures.append(f"{url} ({error or type(error).__name__})")
            continue
        partial.replace(target)
        return
    raise UserError(
        f"could not fetch HIGGS from {', nor from '.join(failures)}, and {target} is not there: give a copy "
        "with data.csv=PATH, or train on the embedded sample with data=sample"
    )


def _download(url: str, partial: Path, size: int) -> None:
    """Append to ``partial`` until it is whole, waiting longer after each try that brings nothing new."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Fetching {partial.stem}", total=size)
        tries = 0
        while True:
            have = partial.stat().st_size if partial.exists() else 0
            try:
                if _append(url, partial, size, lambda done: bar.update(task, completed=done)):
                    return
                problem = "the connection was cut"
            except httpx.HTTPStatusError as error:
                if error.response.status_code < 500:
                    raise
                problem = f"status {error.response.status_code}"
            except httpx.TransportError as error:
                problem = str(error) or type(error).__name__
            tries = 1 if partial.exists() and partial.stat().st_size > have else tries + 1
            if tries == _TRIES:
                raise _DamagedError(f"{problem}, {tries} times")
            wait = _FIRST_WAIT * 2 ** (tries - 1)
            log.warning("%s: %s; trying again in %.0f s", url, problem, wait)
            time.sleep(wait)


def _append(url: str, partial: Path, size: int, advance: Callable[[int], None]) -> bool:
    """Ask once for what ``partial`` lacks and append it; whether it is whole now."""
    have = partial.stat().st_size if partial.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream("GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=True) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return True  # there is no more; whether it is right shows when it is verified
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        with partial.open(
            "ab" if resumed else "wb"
        ) as file:  # a server that ignores Range sends it all again
            for chunk in response.iter_raw():  # as it comes: larger chunks would be lost at a cut
                file.write(chunk)
                advance(file.tell())
            if "Content-Length" in response.headers:
                return True  # httpx has checked it
            return file.tell() >= size or url.endswith(".zip")


def _verify(partial: Path, size: int, sha256: str) -> None:
    """Check the file, after taking it out of a zip; remove what is damaged."""
    try:
        if zipfile.is_zipfile(partial):
            extracted = partial.with_suffix(".extracted")
            with zipfile.ZipFile(partial) as archive, extracted.open("wb") as file:
                shutil.copyfileobj(archive.open("HIGGS.csv.gz"), file, _CHUNK)
            extracted.replace(partial)
        if partial.stat().st_size != size:
            raise _DamagedError(f"it has {partial.stat().st_size:,} bytes instead of {size:,}")
        with partial.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise _DamagedError("its checksum is wrong")
    except (_DamagedError, zipfile.BadZipFile, KeyError) as error:
        partial.unlink()
        raise _DamagedError(str(error)) from error
