"""The benchmarks: how their rows become tasks, and everything that is said about them.

settings           Parse `evaluate.benchmarks` of a recipe
tasks              Tasks: the items of a benchmark in one language
harness_templates  Translate the templates of a recipe into those of lm-evaluation-harness
readers            Readers: turn the rows of each benchmark into tasks
table              The table of benchmarks
template_rules     JSON Schemas of the templates in a recipe
exclusions         Derive the texts that no training row may overlap with
"""
