"""The generate recipe: ask the teacher, keep what passes the gates, push a dataset.

schema           The words of the generate recipe: a prompt, a row, and a draft that the gates
journal          Answers already paid for, kept on disk and on the Hub
data             Datasets and tokenizers read from the Hub
dedup            Near-duplicates and benchmark overlap among all rows
prompts          Every text sent to the teacher, and the parsing of what comes back
gates            The gates: each is a pure function from a draft to None (kept) or the reason w
teacher          Asking the teacher: protocols, concurrency, retries and budget
community        What a community wants of data in its language: `<code>.yaml` in its profiles'
context          What one run has at hand: the teacher, the language, the seed, and where rows
shutdown         A run that is told to stop, by Ctrl-C or by what a platform sends before it ki
dry_run          A run without a teacher: what the journal answers already, so that the rest ca
progress_report  How far a run is, for those who watch it
sources          Where prompts come from: one file for each source, and what the sources share
settings         The `generate:` section of a recipe, parsed into the settings of each part or
estimate         What a run will take, said before its first call: the recipe's own figures, fo
inputs           What a run reads from the Hub before the first question, as it lies on the dis
publish          The dataset folder: parquet files, audit, plot and card
gate_setup       What the gates have to know before the first answer: how the language looks, a
run              The generate recipe from its arguments to its manifest; only wiring is here
"""
