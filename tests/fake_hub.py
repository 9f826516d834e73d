"""A stand-in for the Hugging Face Hub: repositories in memory, on this machine's own address."""

import base64
import hashlib
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Who may write, and into what.
TOKEN, OWNER = "hf_owner", "physicist"


class FakeHub(ThreadingHTTPServer):
    """Answers what ``huggingface_hub`` asks of a repository of models.

    Attributes:
        repositories: the files of each commit, and of ``main``, by the repository's name.
        private: the repositories that were made to be private.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, dict[str, dict[str, bytes]]] = {}
        self.private: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def commit(self, repository: str, files: dict[str, bytes]) -> str:
        """Add files to what ``main`` has, as a new commit."""
        revisions = self.repositories.setdefault(repository, {"main": {}})
        revisions["main"] = {**revisions["main"], **files}
        content = repr(sorted(revisions["main"].items())).encode()
        name = hashlib.sha1(content).hexdigest()
        revisions[name] = revisions["main"]
        return name


class _Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/([^?]+)", self.path)
        if found is None:  # what else a client would like to know
            return self._answer(404, {})
        repository, revision, name = found.groups()
        revisions = self.server.repositories.get(repository)
        if revisions is None:
            return self._answer(404, {"X-Error-Code": "RepoNotFound"})
        if repository in self.server.private and self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._answer(401, {"X-Error-Code": "RepoNotFound"})
        if revision not in revisions:
            return self._answer(404, {"X-Error-Code": "RevisionNotFound"})
        commit = next(each for each in reversed(revisions) if revisions[each] == revisions[revision])
        headers = {"X-Repo-Commit": commit}
        if name not in revisions[revision]:
            return self._answer(404, {**headers, "X-Error-Code": "EntryNotFound"})
        content = revisions[revision][name]
        self._answer(200, {**headers, "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}, content)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._answer(401, {"X-Error-Message": "Invalid username or password."})
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            repository = f"{asked.get('organization', OWNER)}/{asked['name']}"
            if not repository.startswith(f"{OWNER}/"):
                return self._answer(403, {"X-Error-Message": "You don't have the rights."})
            if repository in self.server.repositories:
                return self._json({"url": f"{self.server.url}/{repository}"}, 409)
            self.server.repositories[repository] = {"main": {}}
            if asked.get("private") or asked.get("visibility") == "private":
                self.server.private.add(repository)
            return self._json({"url": f"{self.server.url}/{repository}"})
        found = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit)/(.+)", self.path)
        assert found, self.path
        repository, action, revision = found.groups()
        if revision not in self.server.repositories[repository]:
            return self._answer(404, {"X-Error-Code": "RevisionNotFound"})
        if action == "preupload":
            files = [
                {"path": each["path"], "uploadMode": "regular", "shouldIgnore": False}
                for each in json.loads(body)["files"]
            ]
            return self._json({"files": files})
        parts = [json.loads(line) for line in body.splitlines()]
        files = [each["value"] for each in parts if each["key"] == "file"]
        commit = self.server.commit(
            repository, {each["path"]: base64.b64decode(each["content"]) for each in files}
        )
        self._json(
            {
                "commitOid": commit,
                "commitUrl": f"{self.server.url}/{repository}/commit/{commit}",
                "success": True,
                "hookOutput": "",
                "pullRequestUrl": None,
            }
        )

    def _json(self, content: Any, status: int = 200) -> None:
        self._answer(status, {"Content-Type": "application/json"}, json.dumps(content).encode())

    def _answer(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""
