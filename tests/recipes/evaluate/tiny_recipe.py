"""A recipe that trains and evaluates a tiny base in seconds, with a benchmark of each kind."""

from __future__ import annotations

from typing import Any

METRIC = "practice/a-metric"
RECIPE: dict[str, Any] = {
    "plan": {"practice": True},
    "train": {
        "threads": 1, "max_length": 96, "batch": 4, "model": {"dtype": "float32"},
        "lora": {"r": 4, "target_modules": "all-linear", "modules_to_save": ["embed_tokens"],
                 "ensure_weight_tying": True},
        "trainer": {"seed": 1, "max_steps": 3, "bf16": False,
                    "learning_rate": 0.01, "logging_steps": 1, "save_strategy": "no",
                    "activation_checkpointing": False, "dataloader_pin_memory": False},
    },
    "evaluate": {
        "threads": 1,
        "model": {"dtype": "float32"},
        "merge": True,
        "system": "Be brief.",
        "peers": {"practice/unreadable": ["epo_Latn"]},
        "neural": {"name": "neural", "model": METRIC, "revision": "main", "batch": 3,
                   "max_length": 200, "first": "{reference}", "second": "{source} {output}",
                   "languages": ["eng_Latn"]},
        "bootstrap": {"samples": 200, "seed": 1},
        "generation": {"batch": 4, "max_new_tokens": 8},
        "choice": {"batch": 4, "normalise": "tokens"},
        "bleu": {"tokenize": "13a", "characters": "char"},
        "degenerate": {"identify_from": 40, "loop": 0.5},
        "copied": 24, "keep_after": 0,
        "chat": {"requests": 1, "benchmarks": ["flores"], "metric": "chrF++"},
        "benchmarks": {
            "flores": {"dataset": "{org}/flores", "revision": "main", "split": "devtest",
                       "shots": {"count": 1, "split": "devtest"},
                       "prompts": {"from_english": "Into {language}: {text}",
                                   "into_english": "From {language}: {text}"}},
            "belebele": {"dataset": "{org}/belebele", "revision": "main", "split": "test",
                         "prompt": "{passage} {question} {option_a}", "answer": "{letter}",
                         "english": {"prompt": "Read: {passage} {question}"}},
            "global_mmlu": {"dataset": "{org}/belebele", "revision": "main", "split": "test",
                            "configs": {"epo_Latn": "eo"}, "prompt": "{question}",
                            "english": {"split": "absent"}},
            "global_piqa": {"dataset": "{org}/belebele", "revision": "main", "split": "test",
                            "configs": {"epo_Latn": "epo_Latn"}, "prompt": "{prompt}",
                            "shots": {"count": 1, "split": "absent"}},
        },
    },
}  # fmt: skip
