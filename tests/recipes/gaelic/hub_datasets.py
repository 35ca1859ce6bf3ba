"""Small datasets and a small base for the real recipe, on a local Hub.

They have the columns, configs and splits of the real ones; the text is made by `sentences.py`.
Scottish Gaelic is in neither Belebele nor Global-MMLU, as on the real Hub.

`python -m tests.recipes.gaelic.hub_datasets FOLDER` serves them for use by hand.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import yaml

from bot.localhub.testing import LocalHub
from tests.recipes.conftest import byte_tokenizer
from tests.recipes.gaelic import sentences
from tests.recipes.gaelic.sentences import ENGLISH, GAELIC

Row = dict[str, Any]
Splits = Mapping[tuple[str, str], list[Row]]  # (config, split) → rows
ORG, BASE = "practice", "ibm-granite/granite-4.0-micro"
ORGS = ("HuggingFaceFW", "BAAI", "openlanguagedata", "Davlan", "facebook", "CohereLabs",
        "mrlbenchmarks", "ibm-granite")  # fmt: skip
SIDES = {"eng_Latn": ENGLISH, "gla_Latn": GAELIC}
TOPICS = ("science/technology", "travel", "politics", "sports", "health", "entertainment",
          "geography")  # fmt: skip
WEB_TEXTS, CHATS = 900, 600
GRANITE_CHAT = (
    "{%- set told = messages[0].content if messages[0].role == 'system' else 'You are helpful.' %}"
    "{{- turn('system', told) }}"
    "{%- for message in messages if message.role != 'system' %}"
    "{{- turn(message.role, message.content) }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start_of_role|>assistant<|end_of_role|>' }}{%- endif %}"
)
TURN = (
    "{%- macro turn(role, text) %}{{- '<|start_of_role|>' + role + '<|end_of_role|>' + text + "
    "'<|end_of_text|>\n' }}{%- endmacro %}"
)


def fineweb() -> Splits:
    """`HuggingFaceFW/fineweb-2`: web pages by language; some are duplicates, some very long."""
    rng = Random("fineweb")

    def page(number: int) -> Row:
        return {
            "text": sentences.passage(rng, 120 if number % 50 == 0 else rng.randrange(2, 9))[
                GAELIC
            ],
            "id": f"<urn:uuid:{number:08d}>",
            "dump": "CC-MAIN-2024-10",
            "url": f"https://www.example.com/gd/{number}",
            "date": "2024-02-21T03:04:05Z",
            "file_path": "s3://commoncrawl/crawl-data/CC-MAIN-2024-10/warc.gz",
            "language": "gla",
            "language_score": 0.98,
            "language_script": "Latn",
            "minhash_cluster_size": 1,
            "top_langs": '{"gla_Latn_score": 0.98}',
        }

    pages = [page(number) for number in range(WEB_TEXTS)]
    other = [{**page(0), "text": "Duine sam bith.", "language": "gle"}]
    return {("gla_Latn", "train"): [*pages, pages[1]], ("gla_Latn", "test"): pages[:5],
            ("gle_Latn", "train"): other}  # fmt: skip


def infinity() -> Splits:
    """`BAAI/Infinity-Instruct`: conversations in several languages, some too long."""
    rng = Random("infinity")

    def chat(number: int) -> Row:
        turns = []
        for _ in range(1 + (number % 5 == 0)):
            question = sentences.together(
                [sentences.sentence(rng), rng.choice(sentences.phrases("question"))]
            )
            answer = sentences.passage(rng, 200 if number % 60 == 59 else rng.randrange(1, 5))
            turns += [{"from": "human", "value": question[ENGLISH]},
                      {"from": "gpt", "value": answer[ENGLISH]}]  # fmt: skip
        chinese = number % 4 == 3
        return {
            "id": number,
            "conversations": [{"from": "human", "value": "你好，请问今天的天气怎么样？"},
                              {"from": "gpt", "value": "今天天气很好。"}] if chinese else turns,
            "label": {"ability_en": ["writing"], "cate_ability_en": ["language"]},
            "langdetect": "zh-cn" if chinese else "en",
            "source": "code_exercises",
            "reward": 1.5,
        }  # fmt: skip

    chats = [chat(number) for number in range(CHATS)]
    return {("7M_core", "train"): chats, ("0625", "train"): chats[:2]}


def flores() -> Splits:
    """`openlanguagedata/flores_plus`."""
    rows: dict[tuple[str, str], list[Row]] = {}
    for split, count in (("dev", 50), ("devtest", 20)):
        rng = Random(f"flores {split}")
        pairs = [sentences.sentence(rng, held=True) for _ in range(count)]
        for code, side in SIDES.items():
            rows[code, split] = [
                {
                    "id": number,
                    "iso_639_3": code[:3],
                    "iso_15924": code[4:],
                    "glottocode": {"gla_Latn": "scot1245", "eng_Latn": "stan1293"}[code],
                    "text": pair[side],
                    "url": "https://en.wikinews.org/wiki/x",
                    "domain": "wikinews",
                    "topic": "health",
                    "has_image": "no",
                    "has_hyperlink": "yes",
                    "last_updated": "1.0",
                }
                for number, pair in enumerate(pairs)
            ]
        rows["gug_Latn", split] = rows["gla_Latn", split]  # Guarani has this code in FLORES+
    return rows


def sib200() -> Splits:
    """`Davlan/sib200`, whose texts are FLORES-200's."""
    rows: dict[tuple[str, str], list[Row]] = {}
    for split, count in (("train", 14), ("validation", 7), ("test", 21)):
        rng = Random(f"sib {split}")
        pairs = [sentences.sentence(rng, held=True) for _ in range(count)]
        for code, side in SIDES.items():
            rows[code, split] = [
                {"index_id": number, "category": TOPICS[number % 7], "text": pair[side]}
                for number, pair in enumerate(pairs)
            ]
        rows["grn_Latn", split] = rows["gla_Latn", split]  # and this one in FLORES-200
    return rows


def belebele() -> Splits:
    """`facebook/belebele`: one split, and no Scottish Gaelic."""
    rng, people = Random("belebele"), sentences.phrases("held-subject")
    rows = [
        {
            "link": f"https://en.wikibooks.org/wiki/{number}",
            "question_number": 1,
            "flores_passage": sentences.passage(rng, 3, held=True)[ENGLISH],
            "question": "Who is spoken about first?",
            **{f"mc_answer{n}": pair[ENGLISH] for n, pair in enumerate(people, 1)},
            "correct_answer_num": str(1 + number % 4),
            "dialect": "eng_Latn",
            "ds": "2023-05-03",
        }
        for number in range(15)
    ]
    return {("eng_Latn", "test"): rows, ("gaz_Latn", "test"): rows[:4]}


def global_mmlu() -> Splits:
    """`CohereLabs/Global-MMLU`: languages by two letters, and no Scottish Gaelic."""
    rng = Random("mmlu")

    def row(number: int, split: str) -> Row:
        return {
            "sample_id": f"anatomy/{split}/{number}",
            "subject": "anatomy",
            "subject_category": "STEM",
            "question": f"{sentences.sentence(rng, held=True)[ENGLISH]} Which of these is a bone?",
            "option_a": "the ear",
            "option_b": "the femur",
            "option_c": "the liver",
            "option_d": "the eye",
            "answer": "B",
            "required_knowledge": "[]",
            "time_sensitive": "[]",
            "reference": "[]",
            "culture": "[]",
            "region": "[]",
            "country": "[]",
            "cultural_sensitivity_label": "-",
            "is_annotated": False,
        }

    return {
        (code, split): [row(number, split) for number in range(count)]
        for code in ("en", "yo")
        for split, count in (("test", 15), ("dev", 5))
    }


def global_piqa() -> Splits:
    """`mrlbenchmarks/global-piqa-nonparallel`: names in lower case, and no Scottish Gaelic."""
    rng = Random("piqa")
    rows = [
        {
            "prompt": f"{sentences.sentence(rng, held=True)[ENGLISH]} It rains.",
            "solution0": f"Stay at home, says friend {number}.",
            "solution1": f"Wash the dry umbrella of friend {number}.",
            "label": number % 2,
        }
        for number in range(8)
    ]
    return {("eng_latn", "test"): rows, ("yor_latn", "test"): rows}


DATA = {
    "HuggingFaceFW/fineweb-2": fineweb,
    "BAAI/Infinity-Instruct": infinity,
    "openlanguagedata/flores_plus": flores,
    "Davlan/sib200": sib200,
    "facebook/belebele": belebele,
    "CohereLabs/Global-MMLU": global_mmlu,
    "mrlbenchmarks/global-piqa-nonparallel": global_piqa,
}
GATED = (
    "BAAI/Infinity-Instruct",
    "openlanguagedata/flores_plus",
)  # terms to accept


def publish(hub: LocalHub, weights: bool) -> None:
    """Push all datasets and the base, which has only a tokenizer without `weights`."""
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    for repo, rows in DATA.items():
        api.create_repo(repo, repo_type="dataset")
        if repo in GATED:
            api.update_repo_settings(repo, repo_type="dataset", gated="auto")
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), rows())
            api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=folder)
    with tempfile.TemporaryDirectory() as folder:
        write_base(Path(folder), weights)
        api.create_repo(BASE)
        api.upload_folder(repo_id=BASE, folder_path=folder)


def _write(folder: Path, rows: Splits) -> None:
    import pyarrow
    import pyarrow.parquet

    configs: dict[str, list[dict[str, str]]] = {}
    for (config, split), split_rows in rows.items():
        path = f"data/{config}/{split}.parquet"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(split_rows), folder / path)
        configs.setdefault(config, []).append({"split": split, "path": path})
    front = {"configs": [{"config_name": name, "data_files": f} for name, f in configs.items()]}
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump(front)}---\n", "utf-8")


def write_base(folder: Path, weights: bool = True) -> None:
    """Write a Granite 4 of two layers with random weights, and a byte-level tokenizer."""
    tokenizer = byte_tokenizer()
    roles = ["<|start_of_role|>", "<|end_of_role|>"]
    tokenizer.add_special_tokens({"additional_special_tokens": roles})
    tokenizer.add_special_tokens({"eos_token": "<|end_of_text|>", "pad_token": "<|pad|>"})
    tokenizer.chat_template = TURN + GRANITE_CHAT
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\nlanguage: [en]\n---\n# small\n")
    if not weights:
        return
    import torch
    from transformers import GraniteMoeHybridConfig, GraniteMoeHybridForCausalLM

    torch.manual_seed(0)
    config = GraniteMoeHybridConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        shared_intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_local_experts=0,
        mamba_n_heads=4,
        layer_types=["attention", "attention"],
        position_embedding_type="rope",
        max_position_embeddings=131072,
        tie_word_embeddings=True,
        initializer_range=0.5,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dtype=torch.bfloat16,
    )
    GraniteMoeHybridForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


def started(folder: Path) -> LocalHub:
    """Return a local Hub with the owners of the real datasets."""
    return LocalHub(folder, orgs={name: ("kakugo-bot",) for name in (ORG, *ORGS)})


if __name__ == "__main__":
    with started(Path(sys.argv[1])) as hub:
        publish(hub, weights=True)
        print(hub.url, hub.token("kakugo-bot"), flush=True)
        while True:
            time.sleep(3600)
