"""Should this be trained at all? A few dozen calls that say what teacher and bases can do.

settings    the `check:` section of a recipe
sentences   known sentences in the language and in English
probe       the questions to the teacher
fertility   how many tokens a base needs for the language
advice      from what was found to good, doubtful or hopeless; pure
run         from the arguments to the manifest
"""
