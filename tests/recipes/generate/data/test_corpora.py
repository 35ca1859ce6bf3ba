"""Datasets are read at one commit, in the order of the seed, or refused with a clear error."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from bot.localhub.testing import LocalHub
from recipes.generate.data.corpora import Corpus, _conversation
from tests.recipes.generate.data.test_tokenizer import byte_tokenizer
from tests.recipes.recipe_runner import RecipeRunner

CORPUS = Corpus("practice/kakugo-practice-corpus", "train", ["text"], "texts")
READ = """
import json, sys
from huggingface_hub import HfApi
from recipes.generate.data.corpora import Corpus, DatasetReader
from recipes.core.errors import UserError
for values in json.loads(sys.argv[1]):
    reader = DatasetReader(HfApi(), 7, "practice/tokens")
    corpus = Corpus(**values)
    try:
        if corpus.config == "conversations":
            items = list(reader.conversations(corpus, 5))
        else:
            items = list(reader.texts([corpus], 5))
    except UserError as error:
        items = str(error)
    print(json.dumps([items, reader.commits]))
assert "torch" not in sys.modules, "reading rows must not take PyTorch's seconds and memory"
"""


def read(jobs: RecipeRunner, *corpora: Corpus) -> list[tuple[object, dict[str, str]]]:
    """Read each corpus in a process with the real clients."""
    output = jobs.run_script(READ, json.dumps([asdict(corpus) for corpus in corpora]))
    return [json.loads(line) for line in output.splitlines() if line.startswith("[")]


def test_corpora_are_read_or_refused(jobs: RecipeRunner) -> None:
    shuffled = replace(CORPUS, shuffle_buffer=100)
    results = read(
        jobs,
        CORPUS,
        shuffled,
        shuffled,
        replace(CORPUS, config="gla_Latn"),
        replace(CORPUS, split="nothing"),
        replace(CORPUS, columns=["texts"]),
        replace(CORPUS, repo="practice/nowhere"),
        replace(CORPUS, where={"text": "no such text"}),
        replace(CORPUS, config="conversations", split="nothing"),
    )
    plain, mixed, again, no_config, no_split, no_column, no_repo, no_match, no_chats = results
    assert len(plain[0]) == 5  # type: ignore[arg-type]
    assert len(plain[1]["practice/kakugo-practice-corpus"]) == 40
    assert mixed == again and mixed[0] != plain[0]
    assert no_config[0] == no_split[0] == no_match[0] == []
    assert "no column 'texts'" in str(no_column[0])
    assert "no split nothing of conversations: name another" in str(no_chats[0])
    assert "There is no dataset practice/nowhere on the Hub" in str(no_repo[0])


def test_rows_are_drawn_from_every_file_of_a_dataset(hub: LocalHub, jobs: RecipeRunner) -> None:
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.create_repo("practice/files", repo_type="dataset", exist_ok=True)
    files = [
        CommitOperationAdd(
            f"{name}.jsonl",
            b"".join(b'{"text": "%s%d"}\n' % (name.encode(), number) for number in range(40)),
        )
        for name in "abcd"
    ]
    api.create_commit("practice/files", files, repo_type="dataset", commit_message="Add files")
    corpus = replace(CORPUS, repo="practice/files", config=None, shuffle_buffer=20)
    ordered, shuffled = read(jobs, replace(corpus, shuffle_buffer=1), corpus)
    assert ordered[0] == [f"a{number}" for number in range(5)]
    assert {text[0] for text in shuffled[0]} == set("abcd")  # type: ignore[attr-defined]


MOVED = """
import json, sys
from dataclasses import replace
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from recipes.generate.data.corpora import Corpus, DatasetReader
corpus, api = Corpus(**json.loads(sys.argv[1])), HfApi()
reader = DatasetReader(api, 7, None)
before = list(reader.texts([corpus], 5))
held = reader.commits[corpus.repo]
api.upload_file(path_or_fileobj=b"more", path_in_repo="more.txt", repo_id=corpus.repo,
                repo_type="dataset")
still = list(reader.texts([corpus], 5)), reader.commits[corpus.repo] == held
later = DatasetReader(api, 7, None)
list(later.texts([corpus], 5))
again = DatasetReader(api, 7, None)
pinned = list(again.texts([replace(corpus, revision=held)], 5))
other = list(DatasetReader(api, 8, None).texts([corpus], 5))
print(json.dumps([before == still[0], still[1], later.commits[corpus.repo] != held,
                  pinned == before, again.commits[corpus.repo] == held, other != before]))
"""


def test_a_run_reads_one_commit_and_another_can_read_it_too(jobs: RecipeRunner) -> None:
    """Defect 7 of the original: no pinned revisions, shuffles without a seed."""
    corpus = json.dumps(asdict(replace(CORPUS, shuffle_buffer=100)))
    assert json.loads(jobs.run_script(MOVED, corpus).splitlines()[-1]) == [True] * 6


def test_texts_are_truncated_and_conversations_skipped_by_a_models_tokens(
    hub: LocalHub, jobs: RecipeRunner
) -> None:
    from huggingface_hub import HfApi

    tokenizer = byte_tokenizer()
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.create_repo("practice/tokens", exist_ok=True)
    api.upload_file(
        path_or_fileobj=tokenizer.to_str().encode(),
        path_in_repo="tokenizer.json",
        repo_id="practice/tokens",
    )
    chats = replace(CORPUS, config="conversations", columns=["messages"])
    whole, cut, all_chats, short_chats = read(
        jobs, CORPUS, replace(CORPUS, longest=20), chats, replace(chats, longest=70)
    )
    assert set(cut[1]) == {CORPUS.repo, "practice/tokens"} and set(whole[1]) == {CORPUS.repo}
    for long, short in zip(whole[0], cut[0], strict=True):  # type: ignore[call-overload]
        assert long.startswith(short) and len(tokenizer.encode(short).ids) == 20

    def size(turns: list[dict[str, str]]) -> int:
        return sum(len(tokenizer.encode(turn["content"]).ids) for turn in turns)

    kept = [chat for chat in all_chats[0] if size(chat) <= 70]  # type: ignore[attr-defined]
    assert 0 < len(kept) < 5, "or this test proves nothing"
    assert short_chats[0][: len(kept)] == kept  # type: ignore[index]
    assert all(size(chat) <= 70 for chat in short_chats[0])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "Hi",
        [{"role": "tool", "content": "x"}],
        [{"from": "human", "value": None}],
        [{"from": "human", "value": " "}],
    ],
)
def test_values_that_are_no_conversation_are_skipped(value: object) -> None:
    assert _conversation(value) is None


def test_conversations_are_read_in_both_spellings() -> None:
    turns = ({"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"})
    spelt = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
    assert _conversation(list(turns)) == _conversation(spelt) == turns
