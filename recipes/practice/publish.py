"""`kakugo-recipe practice-publish`: puts base, corpus and benchmarks on the Hub.

Every card says that this is practice. Files are made again from scratch and always the same, so
that a second run changes nothing: the client leaves out files that the Hub has already.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from recipes.core.errors import UserError
from recipes.core.progress import say
from recipes.practice import benchmarks
from recipes.practice.benchmarks import CODES, Row

BASE = Path(__file__).parent / "base"
Files = dict[str, bytes]

WARNING = """\
> **Practice.** This is part of the offline practice world of Kakugo: a small, made-up stand-in
> that lets the whole way from a language's name to a better model run on a laptop. It says nothing
> about any real benchmark, model or language technology.
"""

CARDS = {
    "corpus": (
        "Practice corpus",
        "`texts`: monolingual Esperanto, written by a grammar, where a real run reads FineWeb-2. "
        "`conversations`: English instructions and answers, where a real run reads "
        "Infinity-Instruct. No sentence of the practice benchmarks is in it: they are made of word "
        "combinations that are left out here.",
    ),
    "flores": (
        "Practice FLORES",
        "Sentences in English and Esperanto, joined by `id`, in the schema of "
        "`openlanguagedata/flores_plus`. None of its sentences is from FLORES+.",
    ),
    "sib200": (
        "Practice SIB-200",
        "Sentences and their topic, one of seven, in the schema of `Davlan/sib200`. None of its "
        "sentences is from SIB-200.",
    ),
    "belebele": (
        "Practice Belebele",
        "Passages of two sentences with a question on who, what or where, in the schema of "
        "`facebook/belebele`. The passage names all four options; only one is an answer of the "
        "kind that is asked for, so this tests the grammar of a question, and is far easier than "
        "Belebele. None of its texts is from there.",
    ),
}


def main(args: argparse.Namespace) -> None:
    """Publish into `args.org`; safe to repeat."""
    publish(args.org)


def publish(org: str) -> None:
    """Create the five repositories of the practice world where missing, and fill them."""
    _push(f"{org}/kakugo-practice-base", "model", base_files())
    for name, files in dataset_files().items():
        _push(f"{org}/kakugo-practice-{name}", "dataset", files)


def base_files() -> Files:
    """The base model's files; raises UserError when one is not as its digest says."""
    files = {path.name: path.read_bytes() for path in sorted(BASE.iterdir()) if path.is_file()}
    for line in files.get("SHA256SUMS", b"").decode().splitlines():
        expected, name = line.split("  ")
        if hashlib.sha256(files.get(name, b"")).hexdigest() != expected:
            raise UserError(
                f"{BASE / name} is not the file that SHA256SUMS names: check it out anew."
            )
    if "SHA256SUMS" not in files:
        raise UserError(f"{BASE} has no SHA256SUMS: make the base with recipes.practice.pretrain.")
    return files


def dataset_files() -> dict[str, Files]:
    """The files of corpus and benchmarks, by the last part of their repository's name."""
    splits = {"flores": ("dev", "devtest"), "sib200": ("train", "validation", "test")}
    makers = {"flores": benchmarks.flores, "sib200": benchmarks.sib200}
    made = {
        "corpus": {
            ("texts", "train"): benchmarks.texts(),
            ("conversations", "train"): benchmarks.conversations(),
        },
        "belebele": {(code, "test"): benchmarks.belebele(code) for code in CODES},
    }
    for name, make in makers.items():
        made[name] = {(code, split): make(code, split) for code in CODES for split in splits[name]}
    return {name: _with_card(name, rows) for name, rows in made.items()}


def _with_card(name: str, rows: dict[tuple[str, str], list[Row]]) -> Files:
    files = {f"{config}/{split}.jsonl": _lines(made) for (config, split), made in rows.items()}
    return {"README.md": _card(name, list(rows)).encode(), **files}


def _card(name: str, parts: list[tuple[str, str]]) -> str:
    title, text = CARDS[name]
    header = ["---", "license: apache-2.0", "language: [en, eo]", "tags: [kakugo, practice]"]
    header += [f"pretty_name: {title}", "configs:"]
    for config in dict.fromkeys(config for config, _ in parts):
        header += [f"- config_name: {config}", "  data_files:"]
        for split in (split for other, split in parts if other == config):
            header += [f"  - split: {split}", f"    path: {config}/{split}.jsonl"]
    return "\n".join([*header, "---", "", f"# {title}", "", WARNING, text, ""])


def _lines(rows: Iterable[Row]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def _push(repo: str, kind: str, files: Files) -> None:
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi()
    api.create_repo(repo, repo_type=kind, exist_ok=True)
    added = [CommitOperationAdd(path, content) for path, content in files.items()]
    commit = api.create_commit(
        repo, added, repo_type=kind, commit_message="Publish the practice world"
    )
    say(f"{kind} {repo} is at {commit.oid[:8]}")
