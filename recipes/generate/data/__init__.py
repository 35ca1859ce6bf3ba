"""Datasets and tokenizers read from the Hub.

corpora    Texts, conversations and benchmarks on the Hub, each read at one commit
download   Write everything that a run reads from the Hub to disk
jsonl      Items in a JSON Lines file, written once and read as often as needed
tokenizer  Count and truncate texts in tokens of a model, or of four bytes each
"""
