"""Base, adapter and peers get the same questions; what they answer is judged and published.

settings        The `evaluate:` section of a recipe: which benchmarks, how they are asked and
models          Which models are compared: the base, the adapter (or whole model) tuned from i
contamination   Whether a benchmark's text was in the training data: asked again here, whateve
metrics         Scores and how sure they are: chrF++, BLEU, means, and two systems compared on
benchmarks      The benchmarks as the Hub has them, turned into prompts: FLORES+, SIB-200, Bel
neural          A metric that is a model on the Hub: an encoder with a head of one number, as
tokenize        Prompts and options as tokens, the same for every backend
backends        Load models and get their answers
degenerate      Answers that are none: counted for each model and direction, whatever the metr
significance    From answers to scores: which metrics a task has, what each contestant got, wh
markdown        The Markdown of an evaluation: what the card shows between its marks, and what
schema          What is published of an evaluation: `results.jsonl`, `outputs.jsonl`, the mani
card            What the Hub itself shows of an evaluation: the adapter's card, its metadata,
response_cache  Asks all contestants all questions, and none of them twice
publish         Puts an evaluation on the Hub: answers as they come, then rows, then what the
run             `kakugo-recipe evaluate`: base, adapter and peers on the same benchmarks, resu
"""
