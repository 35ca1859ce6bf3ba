"""The generate recipe: ask the teacher, keep what passes the gates, push a dataset.

schema           The data of the recipe: a prompt, a row, and a draft for the gates
journal          Answers already paid for, kept on disk and on the Hub
data             Datasets and tokenizers read from the Hub
dedup            Duplicates, near-duplicates and benchmark overlap among all rows
prompts          Every text sent to the teacher, and the parsing of its answers
gates            Filters of drafts, each with a reason
teacher          Requests to the teacher: protocols, concurrency, retries and budget
community        A community's profile, merged into the recipe
lengths          How many calls a run makes, and how long they are: the arithmetic of the estimate
context          What all sources of a run share
shutdown         Stop a run by Ctrl-C or SIGTERM without losing answers
dry_run          Count the rows that need no call, because the journal has their answers
progress_report  Progress lines while a run goes on
sources          Where prompts come from
settings         The `generate:` section of a recipe, parsed
estimate         Estimate tokens, time and cost before the first call
options          The command line of a run, parsed
inputs           What a run reads from the Hub before the first call
publish          The dataset's folder: parquet files, audit, plot and card
gate_setup       Prepare what the gates must know before the first answer
run              The recipe from its arguments to its manifest
"""
