"""The text of a file, decompressed on the way: plain, gzip, xz, or a zip that holds one file."""

import codecs
import lzma
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from isal import igzip

_GZIP, _XZ, _ZIP = b"\x1f\x8b", b"\xfd7zXZ\x00", b"PK\x03\x04"
_TEXTS = (".csv", ".csv.gz", ".arff", ".libsvm")


def open_text(path: Path, stack: ExitStack) -> tuple[Any, Any]:
    """The file as it lies on the disk, whose position says how far one is, and the text in it.

    A UTF-8 byte order mark is passed over. ``stack`` closes both.

    Raises:
        ValueError: a zip holds none or several files of events, or the text is UTF-16.
    """
    raw: Any = stack.enter_context(path.open("rb"))
    text = raw
    if text.peek(4).startswith(_ZIP):
        archive = stack.enter_context(zipfile.ZipFile(raw))
        members = [name for name in archive.namelist() if name.endswith(_TEXTS)]
        if len(members) != 1:
            raise ValueError(f"a zip of {len(members)} .csv or .csv.gz files, not of one")
        text = stack.enter_context(archive.open(members[0]))
    if text.peek(2).startswith(_GZIP):
        text = stack.enter_context(igzip.open(text))
    elif text.peek(len(_XZ)).startswith(_XZ):
        text = stack.enter_context(lzma.open(text))  # noqa: SIM115
    if text.peek(2).startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("it is UTF-16, not UTF-8")
    if text.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
        text.read(len(codecs.BOM_UTF8))
    return raw, text
