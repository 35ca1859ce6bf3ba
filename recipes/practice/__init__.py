"""The practice world: a rule-based teacher of Esperanto, a tiny base model and benchmarks.

world                 The lexicon, the meaning of sentences, and the held-out combinations
english               English: write sentences from their meaning, and read them back
esperanto             Esperanto: write sentences from their meaning, and read them back
artificial_languages  Artificial languages, from which the base model learns how to translate
texts                 Texts in either language, and questions about them
card                  The model card of the practice base
exercises             The tasks of the practice world: their prompts and the right answers
benchmarks            The practice benchmarks, in the schemas of the real ones, and the corpus
pretrain_data         The pretraining data of the practice base
rule_based            The practice teacher: answer the generator's prompts by rule
tokenizer             The practice base's tokenizer: one token for each stem and each ending
publish               `kakugo-recipe practice-publish`: push base, corpus and benchmarks to the Hub
server                The practice teacher as a server with OpenAI's chat completions API
pretrain              Pretrain the practice base: `python -m recipes.practice.pretrain`
"""
