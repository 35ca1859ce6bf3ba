"""Load models and get their outputs.

prefix_cache     Compute the prefix that all prompts of a task share only once
transformers_lm  Get a model's outputs with transformers: generations and log-likelihoods
lm_eval          Get a model's outputs through lm-evaluation-harness: vLLM, SGLang, servers
loader           Load the compared models one after the other, each at its commit
"""
