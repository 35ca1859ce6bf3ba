"""What several recipes share.

card_sections  A part of a card between two marks, which can be written again and again
errors         The one error that a person causes and can mend; anything else that is raised
progress       The progress lines that bot and demo read from a job's log
citation       Who is thanked, and how a card and a citation file say so
hub_refs       Repositories at a commit: what all of a run reads, and what its manifest names
isolated       Work in a process of its own: what it imports and takes in memory is gone when
language       What a recipe has to know of a language: its English name, BCP-47 tag and name
manifest       `run.json`: the last commit of every recipe, and the only thing the bot reads
model_loading  The base model: what train and evaluate both begin with
row_edits      What speakers agreed on about rows of a dataset: `speakers.jsonl`, beside the
schema         A part of a recipe's YAML becomes a dataclass, or is refused by the name of it
config         A recipe's numbers, read once at the door; code holds none of them
feedback       What people said of models and of rows: the feedback dataset, read at the door
job            One run of a recipe that loads models: what was asked for, and the commits of
agreement      What the verdicts of several people on the same rows come to, together and row
"""
