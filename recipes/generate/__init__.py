"""The generate recipe: ask the teacher, keep what passes the gates, push a dataset.

run            wiring: arguments in, dataset and manifest out
crew           N workers, deepest work first, no barrier between stages
teacher        the OpenAI-compatible client: bounded retries, usage
journal        answers already paid for, on disk
prompts        every text that the teacher is sent
shapes         what comes back, parsed at the door
topics, scenarios, contexts, translation    the four sources of prompts
answers        from a prompt to a row
gates, decontaminate                        row -> kept, or dropped with a reason
corpora        texts, conversations and benchmarks from the Hub, pinned
publish, card  parquet, README, one commit
"""
