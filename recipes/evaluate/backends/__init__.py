"""Load models and get their outputs.

prefix_cache     Compute the prefix that all prompts of a task share only once
transformers_lm  Get a model's outputs with transformers: generations and log-likelihoods
vllm             Get a model's outputs with vLLM
loader           Load the compared models one after the other, each at its commit
"""
