"""Base, adapter and peers get the same questions; what they answer is judged and published.

run             the whole of it, in order
settings        the `evaluate:` section of a recipe
benchmarks      rows of the Hub's benchmarks → tasks, in the language and in English
contamination   which of their texts were trained on
contestants     which models, at which commits
encode          prompts and options → tokens
speakers        loads one model after the other: transformers, or vllm_engine
scoring         greedy translations, log-likelihoods of options
prefix          what prompts share is read once
answers         asks everybody everything once, and remembers
metrics         chrF++, BLEU, means; bootstrap, McNemar, Holm: numbers only
neural          a metric that is a model
degenerate      answers that are none
judge           answers → scores and comparisons
results         the schema of what is published, and its rows
table           the Markdown of it
card            the adapter's card, its metadata, `.eval_results`
publish         puts all of it on the Hub
"""
