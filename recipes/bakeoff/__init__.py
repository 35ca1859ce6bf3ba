"""`kakugo-recipe bake-off`: which small model should learn this language.

settings   The `bake_off:` section of a recipe
candidate  What is measured of one base: how it cuts the language, and what a short train
decision   Which base to take, and why: the pure part, and the report that people read
run        `kakugo-recipe bake-off`: candidate bases, briefly trained; a report says whic
"""
