"""Load models and get their answers.

prefix_cache     What all prompts of a task begin with, above all the shots, is read once for a
transformers_lm  What a model answers: greedy translations and log-likelihoods of options, in b
vllm             The same questions put to vLLM, for machines that have it: `backend: vllm` in
loader           Loads one contestant after the other, each at its commit, so that it can be as
"""
