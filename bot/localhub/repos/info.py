"""What the API tells about one repo and about many: info, listings, likes."""

from __future__ import annotations

import json
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
from bot.localhub.core.wire import HubError, Json, flag, listing, path_param, whole
from bot.localhub.repos import cards, eval_results, git, history, repos
from bot.localhub.repos.repos import REPO, Repo

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
    "paperswithcode_id", "mainSize",
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
LIKES = "(SELECT count(*) FROM likes l WHERE l.repo_id = r.id)"
SORTS = {
    "createdAt": "r.created_at", "lastModified": "r.updated_at", "downloads": "r.downloads",
    "likes": LIKES, "trendingScore": LIKES, "created_at": "r.created_at",
    "last_modified": "r.updated_at", "trending_score": LIKES,
}  # fmt: skip
NOT_SERVED = ("apps", "inference", "inference_provider", "num_parameters")
PAGE, MOST = 1000, 1000
JSON_LIMIT = 1 << 20


# ── one repo, field by field ─────────────────────────────────────────────────────────────────


class View:
    """A repo at a commit, from which each field of its info is computed when asked for."""

    def __init__(
        self, hub: Hub, db: sqlite3.Connection, repo: Repo, commit: history.Commit | None = None
    ) -> None:
        self.hub, self.db, self.repo = hub, db, repo
        self.commit = commit or history.resolve(db, repo.id, history.MAIN)
        on_main = commit is None or commit.oid == history.ref_target(db, repo.id, history.MAIN)
        self.card = repo.card if on_main else repos.card_of(hub, db, repo.type, self.commit.tree)

    def fields(self, names: Iterable[str], blobs: bool = False) -> Json:
        """The asked fields, with ``id`` and ``_id`` always."""
        found: Json = {"_id": self.repo.id, "id": self.repo.name}
        if self.repo.type == "model":
            found["modelId"] = self.repo.name
        for name in names:
            value = self.siblings(blobs) if name == "siblings" else self.field(name)
            if value is not None:
                found[name] = value
        return found

    def field(self, name: str) -> Any:
        """One field; None where there is nothing to say."""
        repo = self.repo
        if name in self._plain:
            return self._plain[name]
        if name in ABSENT:
            return None
        computed: dict[str, Callable[[], Any]] = {
            "likes": self.likes,
            "trendingScore": self.likes,
            "usedStorage": self.used_storage,
            "config": self.config,
            "transformersInfo": self.transformers_info,
            "library_name": self.library,
            "safetensors": self.safetensors,
            "evalResults": lambda: eval_results.results(self.hub, self.db, self.commit.tree),
            "spaces": lambda: self.linked("space", "models"),
            "baseModels": lambda: None,
            "childrenModelCount": lambda: None,
            "inferenceProviderMapping": dict,
            "runtime": lambda: self.hub.runtime(self.db, repo) if self.hub.runtime else None,
        }
        return computed[name]()

    @cached_property
    def _plain(self) -> Json:
        repo, card = self.repo, self.card
        host = cards.subdomain(repo.name)
        return {
            "author": repo.namespace, "cardData": card or None, "createdAt": repo.created_at,
            "disabled": False, "lastModified": repo.updated_at, "private": repo.private,
            "sha": self.commit.oid, "tags": repo.tags, "downloads": repo.downloads,
            "downloadsAllTime": repo.downloads, "gated": repo.gated or False,
            "model-index": card.get("model-index"), "pipeline_tag": card.get("pipeline_tag"),
            "datasets": cards.listed(card, "datasets"), "models": cards.listed(card, "models"),
            "sdk": repo.sdk or None, "subdomain": host, "region": "us",
            "host": self._host() if repo.type == "space" else None,
        }  # fmt: skip

    def _host(self) -> str:
        """Where the app itself answers; the page that wakes it while it does not run."""
        runtime = self.hub.runtime(self.db, self.repo) if self.hub.runtime else {}
        running = [domain["domain"] for domain in runtime.get("domains") or ()]
        return f"http://{running[0]}" if running else f"{self.hub.url}/spaces/{self.repo.name}"

    def siblings(self, blobs: bool) -> list[Json]:
        """Every file, with sizes and hashes on request."""
        found = []
        for path, oid in git.all_files(self.db, self.commit.tree).items():
            item: Json = {"rfilename": path}
            if blobs:
                file = git.load_file(self.db, oid)
                item |= {"size": file.size, "blobId": file.oid}
                if file.lfs:
                    item["lfs"] = {
                        "sha256": file.sha256, "size": file.size, "pointerSize": file.pointer_size
                    }  # fmt: skip
            found.append(item)
        return found

    def likes(self) -> int:
        """How many users like it."""
        row = self.db.execute(
            "SELECT count(*) AS n FROM likes WHERE repo_id = ?", (self.repo.id,)
        ).fetchone()
        return int(row["n"])

    def used_storage(self) -> int:
        """Bytes of the files of this commit and of every large file ever uploaded."""
        oids = git.all_files(self.db, self.commit.tree).values()
        files = [git.load_file(self.db, oid) for oid in oids]
        row = self.db.execute(
            "SELECT coalesce(sum(size), 0) AS n FROM lfs_objects WHERE repo_id = ?",
            (self.repo.id,),
        ).fetchone()
        return sum(f.size for f in files if not f.lfs) + int(row["n"])

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
        """What config.json says about the architecture; for an adapter, its base."""
        config = self._json("config.json")
        found: Json = {k: config[k] for k in ("architectures", "model_type") if k in config}
        adapter = self._json("adapter_config.json")
        if adapter:
            keys = ("base_model_name_or_path", "task_type", "peft_type")
            found["peft"] = {k: adapter[k] for k in keys if k in adapter}
        return found or None

    def library(self) -> str | None:
        """The library the card names, or the one whose files are there."""
        named = self.card.get("library_name")
        if isinstance(named, str):
            return named
        if git.entry_at(self.db, self.commit.tree, "adapter_config.json"):
            return "peft"
        return "transformers" if "model_type" in self._json("config.json") else None

    def transformers_info(self) -> Json | None:
        """Which class loads it."""
        if self.library() != "transformers":
            return None
        names = self._json("config.json").get("architectures")
        last = str(names[0]) if isinstance(names, list) and names else ""
        auto = "AutoModelForCausalLM" if last.endswith("ForCausalLM") else "AutoModel"
        return {"auto_model": auto, "pipeline_tag": self.card.get("pipeline_tag")}

    def safetensors(self) -> Json | None:
        """How many parameters of each type model.safetensors holds."""
        file = git.file_at(self.db, self.commit.tree, "model.safetensors")
        if file is None or file.size < 8:
            return None
        with self.hub.store.blob_path(file.sha256).open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            header = stream.read(size) if size <= 16 * JSON_LIMIT else b""
        try:
            tensors = [t for name, t in json.loads(header).items() if name != "__metadata__"]
            counts: dict[str, int] = {}
            for tensor in tensors:
                n = 1
                for side in tensor["shape"]:
                    n *= int(side)
                counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0) + n
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return {"parameters": counts, "total": sum(counts.values())}

    def linked(self, kind: str, field: str) -> list[str]:
        """Public repos of a type whose card names this one."""
        rows = self.db.execute(
            "SELECT r.name FROM repos r, json_each(r.card, ?) j"
            " WHERE r.type = ? AND r.private = 0 AND j.value = ? LIMIT 100",
            (f"$.{field}", kind, self.repo.name),
        ).fetchall()
        return [row["name"] for row in rows]


def _asked_fields(request: Request, kind: str, default: str) -> list[str]:
    query = request.query_params
    names = query.getlist("expand") + query.getlist("expand[]")
    unknown = [n for n in names if n not in EXPAND[kind]]
    if unknown:
        options = "|".join(f'"{name}"' for name in sorted(EXPAND[kind]))
        raise HubError(400, f"Invalid option: expected one of {options}")
    return names or default.split()


def info(request: Request) -> Response:
    """One repo, at a revision or on main."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        revision = path_param(request, "rev") if "rev" in request.path_params else history.MAIN
        commit = history.resolve(db, repo.id, revision)
        names = _asked_fields(request, repo.type, FULL[repo.type])
        blobs = flag(request, "blobs")
        return JSONResponse(View(hub, db, repo, commit).fields(names, blobs))


def single_name(request: Request) -> Response:
    """Ids without an owner: this Hub has none."""
    raise repos.not_found(auth.who(request))


# ── many repos ───────────────────────────────────────────────────────────────────────────────


def conditions(
    user: User | None, namespaces: list[str], kind: str, query: dict[str, list[str]]
) -> tuple[str, list[Any]]:
    """The WHERE of a listing and its values: what the user may see and asks for."""
    own = ", ".join("?" for _ in namespaces) or "NULL"
    parts, values = [f"r.type = ? AND (r.private = 0 OR r.namespace IN ({own}))"], [kind]
    values += namespaces
    for author in query.get("author", []):
        parts.append("r.namespace = ?")
        values.append(author)
    for words in query.get("search", []):
        for word in words.split():
            parts.append("r.name LIKE ? ESCAPE '!'")
            escaped = word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
            values.append(f"%{escaped}%")
    for tag in [t for name in ("filter", "pipeline_tag") for t in query.get(name, [])]:
        for each in tag.split(","):
            parts.append("EXISTS (SELECT 1 FROM json_each(r.tags) j WHERE j.value = ?)")
            values.append(each)
    for gated in query.get("gated", []):
        parts.append("r.gated != ''" if gated.lower() == "true" else "r.gated = ''")
    return " AND ".join(parts), values


def own_namespaces(db: sqlite3.Connection, user: User | None) -> list[str]:
    """The namespaces whose private repos the user may list."""
    if user is None:
        return []
    rows = db.execute(
        "SELECT o.name FROM members m JOIN accounts o ON o.id = m.org_id WHERE m.user_id = ?",
        (user.id,),
    ).fetchall()
    return [user.name, *(row["name"] for row in rows)]


def list_repos(request: Request) -> Response:
    """Repos of a type, filtered, sorted, in pages."""
    hub, kind, user = hub_of(request), repos.asked_kind(request), auth.who(request)
    query = {k: request.query_params.getlist(k) for k in request.query_params}
    for name in NOT_SERVED:
        if name in query:
            raise HubError(501, f"The local Hub does not serve listings filtered by {name}")
    column = SORTS.get(query.get("sort", ["lastModified"])[0])
    if column is None:
        raise HubError(400, f'"sort" must be one of {", ".join(SORTS)}')
    way = "ASC" if query.get("direction") == ["1"] else "DESC"
    limit = whole(request, "limit", PAGE, 1, MOST)
    skip = whole(request, "cursor", 0, 0, 1 << 40)
    names = _asked_fields(request, kind, FULL[kind] if flag(request, "full") else BRIEF[kind])
    names += [n for n in ("cardData", "config") if flag(request, n) and n in EXPAND[kind]]
    with hub.store.read() as db:
        where, values = conditions(user, own_namespaces(db, user), kind, query)
        rows = db.execute(
            f"{SELECT} WHERE {where} ORDER BY {column} {way}, r.id {way} LIMIT ? OFFSET ?",
            (*values, limit + 1, skip),
        ).fetchall()
        found = [repos.of_row(row) for row in rows[:limit]]
        seen = [r for r in found if repos.may_see(db, user, r)]
        items = [View(hub, db, repo).fields(names) for repo in seen]
    following = skip + limit if len(rows) > limit else None
    return listing(request, items, hub.url, following)


# ── likes ────────────────────────────────────────────────────────────────────────────────────


def like(request: Request) -> Response:
    """Like a repo, or take it back."""
    hub, user = hub_of(request), auth.require_writer(request)
    with hub.store.write() as db:
        repo = repos.asked(request, db)
        if request.method == "POST":
            db.execute(
                "INSERT OR IGNORE INTO likes VALUES (?, ?, ?)", (repo.id, user.id, hub.now())
            )
        else:
            db.execute("DELETE FROM likes WHERE repo_id = ? AND user_id = ?", (repo.id, user.id))
    return JSONResponse({})


def likers(request: Request) -> Response:
    """Who likes a repo."""
    with hub_of(request).store.read() as db:
        repo = repos.asked(request, db)
        rows = db.execute(
            "SELECT a.name, a.fullname FROM likes l JOIN accounts a ON a.id = l.user_id"
            " WHERE l.repo_id = ? ORDER BY l.date DESC",
            (repo.id,),
        ).fetchall()
    return JSONResponse(
        [
            {"user": r["name"], "fullname": r["fullname"], "type": "user",
             "avatarUrl": f"/avatars/{r['name']}.svg"}
            for r in rows
        ]
    )  # fmt: skip


def user_likes(request: Request) -> Response:
    """What a user likes; private repos are not among them, whoever asks."""
    with hub_of(request).store.read() as db:
        row = auth.account(db, path_param(request, "account"))
        if row is None:
            raise HubError(404, "User not found")
        rows = db.execute(
            "SELECT r.*, l.date FROM likes l JOIN repos r ON r.id = l.repo_id"
            " WHERE l.user_id = ? AND NOT r.private ORDER BY l.date DESC",
            (row["id"],),
        ).fetchall()
    return JSONResponse(
        [{"createdAt": r["date"], "repo": {"name": r["name"], "type": r["type"]}} for r in rows]
    )


ROUTES = [
    Route("/api/users/{account}/likes", user_likes),
    Route("/api/{kind:kind}", list_repos),
    Route("/api/{kind:kind}/{name}", single_name),
    Route(REPO, info),
    Route(REPO + "/revision/{rev}", info),
    Route(REPO + "/like", like, methods=["POST", "DELETE"]),
    Route(REPO + "/likers", likers),
]
