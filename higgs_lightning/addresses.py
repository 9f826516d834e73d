"""Weights that lie elsewhere: in a repository of the Hugging Face Hub, or behind an address of the web.

Wherever the configuration names a trained model, ``hf://USER/REPO``, ``hf://USER/REPO@REVISION`` and
``https://HOST/FILE.safetensors#sha256=HEX`` are the file that lies there. It is fetched once, and read as any
``.safetensors`` file of a stranger's.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from higgs_lightning.errors import UserError, one_line

#: What the weights of a repository are called.
WEIGHTS = "model.safetensors"

_HUB = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", re.ASCII)
_WEB = re.compile(r"(https?://[^\s#]+\.safetensors)#sha256=([0-9a-f]{64})")
_COMMIT = re.compile(r"(@[0-9a-f]{7})[0-9a-f]{33}$")
_BARE_WEB = re.compile(r"(?<![\"'])https?://[^\s,\[\]\"'#]+#sha256=[0-9a-fA-F]*")


def is_address(ckpt: str | Path) -> bool:
    """Whether weights are named by an address instead of a path."""
    return str(ckpt).startswith(("hf://", "https://", "http://"))


def quoted(argument: str) -> str:
    """An argument of a command in which Hydra can read the addresses: their ``#`` must be in quotes."""
    return _BARE_WEB.sub(r'"\g<0>"', argument)


def repository(address: str, key: str) -> tuple[str, str | None]:
    """The repository and the revision of ``hf://USER/REPO@REVISION``.

    Raises:
        UserError: the address is no such.
    """
    found = _HUB.fullmatch(address)
    if found is None:
        raise UserError(f"{key}={address}: give a repository as hf://USER/REPO or hf://USER/REPO@REVISION")
    return found[1], found[2]


def fetched(address: str, key: str, may_ask: bool = True) -> Path:
    """The file behind an address, in a cache of this machine: huggingface_hub's, or that of ``torch.hub``.

    Args:
        address: see above.
        key: of the configuration that names it, for the sentence.
        may_ask: whether the file may be fetched, or must be in the cache.

    Raises:
        UserError: it is no such address, there is no such file, it is another than the checksum says, or it
            can't be reached and is not in the cache.
    """
    if address.startswith("hf://"):
        repo, revision = repository(address, key)
        hub = import_hub()
        with _in_one_sentence(f"{key}={address}"):
            return Path(hub.hf_hub_download(repo, WEIGHTS, revision=revision, local_files_only=not may_ask))
    found = _WEB.fullmatch(address)
    if found is None:
        raise UserError(
            f"{key}={address}: give the checksum of the file, as in https://HOST/FILE.safetensors#sha256=HEX "
            "with 64 digits in small letters, which sha256sum FILE prints"
        )
    import torch.hub

    from higgs_lightning.data.download import fetch_file

    url, sha256 = found.groups()
    target = Path(torch.hub.get_dir()) / "checkpoints" / f"{sha256}.safetensors"
    if not may_ask and not target.exists():
        raise UserError(f"{key}={address}: this machine has no copy")
    return fetch_file(url, sha256, target)


def require_copy(address: str, key: str, source: Path) -> None:
    """Refuse an address out of a file, unless this machine has a copy: a file may not start a download.

    Raises:
        UserError: there is no copy.
    """
    try:
        fetched(address, key, may_ask=False)
    except UserError as error:
        raise UserError(
            f"{source} names {address} as its {key}, and from where a download comes is not for a file to "
            f"say: if you trust it, say {key}={address} yourself"
        ) from error


def is_settled(address: str) -> bool:
    """Whether an address means the same file for ever."""
    return not address.startswith("hf://") or _COMMIT.search(address) is not None


def settled(address: str, key: str) -> str:
    """An address that means the same file for ever: what a repository has now, by its commit."""
    if is_settled(address):
        return address
    # the cache keeps a folder a commit
    return f"hf://{repository(address, key)[0]}@{fetched(address, key).parent.name}"


def short(address: str) -> str:
    """An address in a title: without its host, and with the first digits of a commit."""
    return _COMMIT.sub(r"\1", address.partition("#")[0].rpartition("/")[2])


def push(address: str, files: dict[str, Path], private: bool, key: str) -> str:
    """Put files into a repository of the Hub, which is made if it is not there, in one commit.

    Args:
        address: ``hf://USER/REPO``, or with a branch as its revision.
        files: by the names that they have there.
        private: whether a new repository is to be seen by its owner alone.
        key: of the configuration that names the address, for the sentence.

    Returns:
        The address of what was written, with its commit.

    Raises:
        UserError: the Hub can't be reached, or does not let the user write there.
    """
    repo, branch = repository(address, key)
    hub = import_hub()
    with _in_one_sentence(f"{key}={address}"):
        api = hub.HfApi()
        api.create_repo(repo, private=private, exist_ok=True)
        done = api.create_commit(
            repo,
            [hub.CommitOperationAdd(name, path) for name, path in files.items()],
            commit_message="Weights of higgs_lightning",
            revision=branch,
        )
    return f"hf://{repo}@{done.oid}"


def import_hub() -> Any:
    """The package ``huggingface_hub``.

    Raises:
        UserError: it is not installed.
    """
    try:
        import huggingface_hub
    except ImportError as error:
        raise UserError("hf:// needs one more package: pip install -e '.[hub]'") from error
    return huggingface_hub


@contextmanager
def _in_one_sentence(named: str) -> Iterator[None]:
    """Say in one sentence what the Hub refuses."""
    errors: Any = import_module("huggingface_hub.errors")
    logging.disable(logging.INFO)  # its client tells of every request
    try:
        yield
    except errors.GatedRepoError as error:
        raise UserError(f"{named}: its owner asks for an agreement first: see its page on the Hub") from error
    except errors.RepositoryNotFoundError as error:
        raise UserError(
            f"{named}: there is no such repository, or it is private and you are no member (hf auth login)"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise UserError(f"{named}: the repository has no such revision") from error
    except errors.LocalEntryNotFoundError as error:
        raise UserError(
            f"{named}: the Hub can't be reached, and this machine has no copy: give a file instead"
        ) from error
    except errors.EntryNotFoundError as error:
        raise UserError(f"{named}: the repository holds no {WEIGHTS}: give another") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise UserError(
                f"{named}: you may not do that there: log in with a token that may (hf auth login)"
            ) from error
        raise UserError(f"{named}: the Hub refuses ({one_line(error)[:200]})") from error
    except errors.HFValidationError as error:
        raise UserError(f"{named}: it is no name of a repository ({one_line(error)[:200]})") from error
    except (OSError, errors.HTTPError) as error:  # of the connection
        raise UserError(f"{named}: the Hub can't be reached ({one_line(error)[:200]})") from error
    finally:
        logging.disable(logging.NOTSET)
