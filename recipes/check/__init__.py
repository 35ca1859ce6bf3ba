"""Check whether to train a language: a few dozen calls that test the teacher and base models.

settings          Parse the `check:` section of a recipe
fertility         Measure how well a base's tokenizer fits the language, compared with English
advice            Turn the metrics of a check into a level: good, doubtful or hopeless
references        Read reference sentences of the language, with their English originals
claimed_language  Which language the teacher says its texts are in
probe             Ask the teacher a few dozen questions: its speed, its format, how well it writes
report            Write what a person at the terminal reads about a check
run               Run the check recipe, from its arguments to its manifest
"""
