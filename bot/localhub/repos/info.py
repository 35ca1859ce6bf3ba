"""Repo info and repo listings, field by field."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.records import Json, Repo
from bot.localhub.core.wire import HubError, bool_param, int_param, page_response, path_param
from bot.localhub.repos import cards, eval_results, git, history, repos
from bot.localhub.repos.repos import REPO

COMMON = (
    "author cardData createdAt disabled lastModified likes private resourceGroup sha siblings tags"
    " trendingScore usedStorage"
).split()
EXPAND = {
    "model": [
        *COMMON,
        *(
            "baseModels childrenModelCount config downloads downloadsAllTime evalResults gated gguf"
            " inference inferenceProviderMapping library_name mask_token model-index pipeline_tag"
            " safetensors spaces transformersInfo widgetData"
        ).split(),
    ],
    "dataset": [
        *COMMON,
        *"citation description downloads downloadsAllTime gated mainSize paperswithcode_id".split(),
    ],
    "space": [*COMMON, *"datasets models region runtime sdk subdomain".split()],
}
ABSENT = {
    "resourceGroup", "gguf", "inference", "mask_token", "widgetData", "citation", "description",
    "paperswithcode_id", "mainSize", "baseModels", "childrenModelCount",
}  # fmt: skip
FULL = {
    "model": "author cardData config createdAt disabled downloads gated lastModified library_name"
    " likes model-index pipeline_tag private safetensors sha siblings spaces tags transformersInfo"
    " usedStorage",
    "dataset": "author cardData createdAt disabled downloads gated lastModified likes private sha"
    " siblings tags usedStorage",
    "space": "author cardData createdAt datasets disabled lastModified likes models private"
    " runtime sdk sha siblings subdomain host tags usedStorage",
}
BRIEF = {
    "model": "author createdAt downloads library_name likes pipeline_tag private tags"
    " trendingScore lastModified gated sha",
    "dataset": "author createdAt downloads likes private tags trendingScore lastModified gated sha"
    " disabled",
    "space": "author createdAt likes private sdk tags trendingScore lastModified sha",
}
SELECT = "SELECT r.* FROM repos r"
_HAS_TAG = "EXISTS (SELECT 1 FROM json_each(r.tags) j WHERE j.value = ?)"
SORTS = {"createdAt": "r.created_at", "lastModified": "r.updated_at"}
UNSUPPORTED_FIELDS = ("apps", "gated", "inference", "inference_provider", "num_parameters")
PAGE = 1000
MAX_CONDITIONS = 200
JSON_LIMIT = 1 << 20


# ── one repo ─────────────────────────────────────────────────────────────────────────────────


class RepoInfo:
    """A repo at a commit; each field of its info is computed when it is requested.

    This Hub counts neither likes nor downloads: they are 0.
    """

    def __init__(
        self, hub: Hub, db: sqlite3.Connection, repo: Repo, commit: history.Commit | None = None
    ) -> None:
        self.hub, self.db, self.repo = hub, db, repo
        self.commit = commit or history.resolve(db, repo.id, history.MAIN)
        on_main = commit is None or commit.oid == history.ref_target(db, repo.id, history.MAIN)
        self.card = repo.card if on_main else repos.card_at(hub, db, repo.type, self.commit.tree)

    def fields(self, names: Iterable[str], blobs: bool = False) -> Json:
        """Return the named fields, and always the ids; fields without a value are left out."""
        values: Json = {"_id": self.repo.id, "id": self.repo.name}
        if self.repo.type == "model":
            values["modelId"] = self.repo.name
        for name in names:
            value = self.siblings(blobs) if name == "siblings" else self.field(name)
            if value is not None:
                values[name] = value
        return values

    def field(self, name: str) -> Any:
        """Return one field, None if it has no value."""
        if name in self._plain:
            return self._plain[name]
        if name in ABSENT:
            return None
        computed: dict[str, Callable[[], Any]] = {
            "usedStorage": self.used_storage,
            "config": self.config,
            "transformersInfo": self.transformers_info,
            "library_name": self.library,
            "safetensors": self.safetensors,
            "evalResults": lambda: eval_results.results(self.hub, self.db, self.commit.tree),
            "spaces": lambda: self.linked("space", "models"),
            "runtime": lambda: self.hub.space_runtime(self.db, self.repo),
            "host": self._host,
        }
        return computed[name]()

    @cached_property
    def _plain(self) -> Json:
        repo, card = self.repo, self.card
        return {
            "author": repo.namespace, "cardData": card or None, "createdAt": repo.created_at,
            "disabled": False, "lastModified": repo.updated_at, "private": repo.private,
            "sha": self.commit.oid, "tags": repo.tags, "gated": repo.gated or False,
            "downloads": 0, "downloadsAllTime": 0, "likes": 0, "trendingScore": 0,
            "model-index": card.get("model-index"), "pipeline_tag": card.get("pipeline_tag"),
            "datasets": cards.listed(card, "datasets"), "models": cards.listed(card, "models"),
            "sdk": repo.sdk or None, "subdomain": cards.subdomain(repo.name), "region": "us",
            "inferenceProviderMapping": {},
        }  # fmt: skip

    def _host(self) -> str:
        """Return where the app answers, or the page that wakes it if it is not running."""
        runtime = self.hub.space_runtime(self.db, self.repo)
        running = [domain["domain"] for domain in runtime["domains"]]
        return f"http://{running[0]}" if running else f"{self.hub.url}/spaces/{self.repo.name}"

    def siblings(self, blobs: bool) -> list[Json]:
        """Return every file, with its size and hashes if `blobs` is set."""
        items = []
        for path, oid in git.all_files(self.db, self.commit.tree).items():
            item: Json = {"rfilename": path}
            if blobs:
                file = git.load_file(self.db, oid)
                item |= {"size": file.size, "blobId": file.oid}
                if file.lfs:
                    item["lfs"] = {
                        "sha256": file.sha256, "size": file.size, "pointerSize": file.pointer_size
                    }  # fmt: skip
            items.append(item)
        return items

    def used_storage(self) -> int:
        """Return the bytes of this commit's files and of every large file ever uploaded."""
        oids = git.all_files(self.db, self.commit.tree).values()
        files = [git.load_file(self.db, oid) for oid in oids]
        row = self.db.execute(
            "SELECT coalesce(sum(size), 0) AS n FROM lfs_objects WHERE repo_id = ?",
            (self.repo.id,),
        ).fetchone()
        return sum(file.size for file in files if not file.lfs) + int(row["n"])

    def _json(self, path: str) -> Json:
        file = git.file_at(self.db, self.commit.tree, path)
        if file is None or file.size > JSON_LIMIT:
            return {}
        try:
            data = json.loads(self.hub.store.blob_path(file.sha256).read_bytes())
        except (ValueError, RecursionError):
            return {}
        return data if isinstance(data, dict) else {}

    def config(self) -> Json | None:
        """Return the architecture in config.json and, for an adapter, its base model."""
        config = self._json("config.json")
        result: Json = {k: config[k] for k in ("architectures", "model_type") if k in config}
        adapter = self._json("adapter_config.json")
        if adapter:
            keys = ("base_model_name_or_path", "task_type", "peft_type")
            result["peft"] = {k: adapter[k] for k in keys if k in adapter}
        return result or None

    def library(self) -> str | None:
        """Return the library that the card names, or that the files imply."""
        named = self.card.get("library_name")
        if isinstance(named, str):
            return named
        if git.entry_at(self.db, self.commit.tree, "adapter_config.json"):
            return "peft"
        return "transformers" if "model_type" in self._json("config.json") else None

    def transformers_info(self) -> Json | None:
        """Return the class that loads the model."""
        if self.library() != "transformers":
            return None
        names = self._json("config.json").get("architectures")
        name = str(names[0]) if isinstance(names, list) and names else ""
        auto = "AutoModelForCausalLM" if name.endswith("ForCausalLM") else "AutoModel"
        return {"auto_model": auto, "pipeline_tag": self.card.get("pipeline_tag")}

    def safetensors(self) -> Json | None:
        """Return the number of parameters of each type in model.safetensors."""
        file = git.file_at(self.db, self.commit.tree, "model.safetensors")
        if file is None or file.size < 8:
            return None
        with self.hub.store.blob_path(file.sha256).open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            header = stream.read(size) if size <= 16 * JSON_LIMIT else b""
        counts: dict[str, int] = {}
        try:
            for name, tensor in json.loads(header).items():
                if name != "__metadata__":
                    parameters = math.prod(int(side) for side in tensor["shape"])
                    counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0) + parameters
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return {"parameters": counts, "total": sum(counts.values())}

    def linked(self, repo_type: str, field: str) -> list[str]:
        """Return the public repos of a type whose card lists this repo in a field."""
        rows = self.db.execute(
            "SELECT r.name FROM repos r, json_each(r.card, ?) j"
            " WHERE r.type = ? AND r.private = 0 AND j.value = ? LIMIT 100",
            (f"$.{field}", repo_type, self.repo.name),
        ).fetchall()
        return [row["name"] for row in rows]


def _requested_fields(request: Request, repo_type: str, default: str) -> list[str]:
    query = request.query_params
    names = query.getlist("expand") + query.getlist("expand[]")
    if not set(names) <= set(EXPAND[repo_type]):
        options = "|".join(f'"{name}"' for name in sorted(EXPAND[repo_type]))
        raise HubError(400, f"Invalid option: expected one of {options}")
    return names or default.split()


def show(request: Request) -> Response:
    """Describe one repo, at a revision or on main."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        revision = path_param(request, "rev") if "rev" in request.path_params else history.MAIN
        commit = history.resolve(db, repo.id, revision)
        names = _requested_fields(request, repo.type, FULL[repo.type])
        blobs = bool_param(request, "blobs")
        return JSONResponse(RepoInfo(hub, db, repo, commit).fields(names, blobs))


def without_namespace(request: Request) -> Response:
    """Answer 404 for a repo name without a namespace: the local Hub has no such repos."""
    raise repos.not_found(auth.current_user(request))


# ── listings ─────────────────────────────────────────────────────────────────────────────────


def conditions(
    namespaces: list[str],
    repo_type: str,
    query: dict[str, list[str]],
    words: str = "",
    languages: Iterable[str] = (),
) -> tuple[str, list[Any]]:
    """Return the WHERE clause of a listing and its values.

    namespaces: those whose private repos the user may list. query: as in the Hub's API. words: all
    of them are in the repo's name or its card's front matter, unless the repo is in one of the
    languages (codes of a card). Raises HubError 400 for more conditions than SQLite takes.
    """
    own = ", ".join("?" for _ in namespaces) or "NULL"
    parts = [f"r.type = ? AND (r.private = 0 OR r.namespace IN ({own}))"]
    values: list[Any] = [repo_type, *namespaces]
    for author in query.get("author", []):
        parts.append("r.namespace = ?")
        values.append(author)
    for text in query.get("search", []):
        for word in text.split():
            parts.append("r.name LIKE ? ESCAPE '!'")
            values.append(_containing(word))
    for tags in [*query.get("filter", []), *query.get("pipeline_tag", [])]:
        for tag in tags.split(","):
            parts.append(_HAS_TAG)
            values.append(tag)
    if terms := words.split():
        found = ["(r.name LIKE ? ESCAPE '!' OR r.card LIKE ? ESCAPE '!')"] * len(terms)
        values += [_containing(word) for word in terms for _ in range(2)]
        tags_of = [cards.language_tag(repo_type, code) for code in languages]
        alternatives = [" AND ".join(found), *[_HAS_TAG] * len(tags_of)]
        parts.append(f"({' OR '.join(alternatives)})")
        values += tags_of
    if len(parts) > MAX_CONDITIONS:
        raise HubError(400, f"A listing can have at most {MAX_CONDITIONS} filters and words")
    return " AND ".join(parts), values


def _containing(word: str) -> str:
    """Return the pattern of LIKE, with "!" as its escape, for texts with this word in them."""
    escaped = word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def own_namespaces(db: sqlite3.Connection, user: User | None) -> list[str]:
    """Return the namespaces whose private repos the user may list."""
    if user is None:
        return []
    rows = db.execute(
        "SELECT o.name FROM members m JOIN accounts o ON o.id = m.org_id WHERE m.user_id = ?",
        (user.id,),
    ).fetchall()
    return [user.name, *(row["name"] for row in rows)]


def list_repos(request: Request) -> Response:
    """List the repos of a type: filtered, sorted, in pages."""
    hub, user = hub_of(request), auth.current_user(request)
    repo_type = repos.requested_type(request)
    query = {key: request.query_params.getlist(key) for key in request.query_params}
    for name in UNSUPPORTED_FIELDS:
        if name in query:
            raise HubError(501, f"The local Hub does not serve listings filtered by {name}")
    sort = query.get("sort", ["lastModified"])[0]
    if sort not in SORTS:
        raise HubError(
            501,
            f"The local Hub does not serve listings sorted by {sort[:50]}: use"
            f" {' or '.join(SORTS)}",
        )
    direction = "ASC" if query.get("direction") == ["1"] else "DESC"
    limit = int_param(request, "limit", PAGE, 1, PAGE)
    skip = int_param(request, "cursor", 0, 0, 1 << 40)
    default = FULL if bool_param(request, "full") else BRIEF
    names = _requested_fields(request, repo_type, default[repo_type])
    for name in ("cardData", "config"):
        if bool_param(request, name) and name in EXPAND[repo_type]:
            names.append(name)
    with hub.store.read() as db:
        where, values = conditions(own_namespaces(db, user), repo_type, query)
        rows = db.execute(
            f"{SELECT} WHERE {where} ORDER BY {SORTS[sort]} {direction}, r.id {direction}"
            " LIMIT ? OFFSET ?",
            (*values, limit + 1, skip),
        ).fetchall()
        page = [Repo.from_row(row) for row in rows[:limit]]
        visible = [repo for repo in page if repos.may_see(db, user, repo)]
        items = [RepoInfo(hub, db, repo).fields(names) for repo in visible]
    following = skip + limit if len(rows) > limit else None
    return page_response(request, items, hub.url, following)


ROUTES = [
    Route("/api/{repo_type:repo_type}", list_repos),
    Route("/api/{repo_type:repo_type}/{name}", without_namespace),
    Route(REPO, show),
    Route(REPO + "/revision/{rev}", show),
]
