"""Should this be trained at all? A few dozen calls that say what teacher and bases can do.

settings    The `check:` section of a recipe
fertility   How a base's tokenizer takes the language, beside how it takes English
advice      From what was found to an advice; nothing is asked or read here
references  A few known sentences of the language, with their English originals where ther
probe       The questions to the teacher: how fast, in which shape, and how well it writes
run         The check from its arguments to its manifest; only wiring is here
"""
