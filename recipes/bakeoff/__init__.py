"""`kakugo-recipe bake-off`: which small model should learn this language.

settings    the `bake_off:` section of a recipe
candidate   what is measured of one base: its tokenizer, its loss and scores before and after
verdict     which one to take, and why; the report
run         from the arguments to the manifest
"""
