"""`kakugo-recipe bake-off`: choose the base model for a language.

settings   The `bake_off:` section of a recipe
candidate  Measure one candidate base before and after a short training
decision   Choose the base and write the report; no I/O
run        `kakugo-recipe bake-off`: train candidate bases briefly and report which to use
"""
