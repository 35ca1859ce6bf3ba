"""Compare base, adapter and peers on the same benchmarks, and publish the results.

settings          Parse the `evaluate:` section of a recipe
models            Find the compared models, each at a commit: base, adapter and peers
contamination     Find benchmark texts in the training data
metrics           Compute scores from sums over items: chrF++, BLEU and means
intervals         Confidence intervals and tests, one method for each kind of measure
suite             Load the benchmarks of a recipe in a language and in English
clean_suite       The benchmarks without the items that are in the training data
neural            Score translations with a model from the Hub
tokenize          Tokenize prompts and options, the same way for every backend
backends          Load models and get their outputs
degenerate        Count degenerate translations by flaw
significance      Score the outputs, and test whether base and adapter differ
chat              Ask the adapter in a chat, through the code of the Space that visitors use
overall           Sum up an evaluation: the mean gain, and whether English was kept
samples           Show on the card what base and adapter answered
markdown          Write the Markdown of an evaluation
schema            The rows of `results.jsonl` and `outputs.jsonl`
card              Put an evaluation into what the Hub shows of an adapter
registered_tasks  Which tasks the Hub shows on a leaderboard
response_cache    Collect the outputs of all models without asking twice
publish           Push an evaluation to the Hub, with the card in `results_card.md`
harness_docs      Read rows for lm-evaluation-harness; copied next to its tasks
harness_tasks     Write our tests as tasks of lm-evaluation-harness
run               Run the evaluate recipe
item_scores       Read scores of single items: sample logs of lm-eval, or our outputs
compare           Say whether two models differ, from the scores of single items
"""
