"""What several recipes share.

accelerator       Refuse to use the CPU of a machine whose accelerator is paid for
agreement         Combine several people's verdicts on the same rows of a dataset
benchmarks        The benchmarks: how their rows become tasks, and what is said about them
card_sections     Write a section of a card between two markers, again and again
citation          Credit people and sources in cards and citation files
config            Read the YAML of a recipe, and compute the digest that names a run
control_tokens    Text without the control tokens of a chat template
decisions         Which feedback counts: what stewards accepted, or whose author they know
errors            The errors that a user causes and can fix
feedback          Read what people said about models and rows from the feedback dataset
hub_refs          Repositories on the Hub at a commit
interrupts        Make Ctrl-C work in processes that a background shell started
isolated          Run a function in a process of its own
job               One run of a recipe that loads models: its arguments, settings and inputs
language          What a recipe needs to know about a language
manifest          Write and read `run.json`, the manifest that every recipe pushes last
manifest_upgrade  Read manifests of schema 1
model_loading     Load base models and their tokenizers
ngrams            An index of n-grams, to find texts that overlap with others
number_format     Numbers as people read them
progress          Print progress lines, or a bar in a terminal
reasoning         Separate a model's reasoning from its answer, in every known form
row_edits         Rows that speakers agreed to drop or correct: `speakers.jsonl` of a dataset
sampling          Draw rows at random
schema            Build a settings class from a section of a recipe's YAML
text_fold         The one form in which texts are compared
"""
