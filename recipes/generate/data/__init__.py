"""Datasets and tokenizers read from the Hub.

tokenizer  Texts counted and cut in tokens: those of a model on the Hub, or of four bytes
jsonl      Items in a file of JSON lines: read from the Hub once, gone through as often a
corpora    What a run reads from the Hub: texts, conversations, benchmarks; each pinned t
download   Everything that a run reads from the Hub before its first question, laid down
"""
