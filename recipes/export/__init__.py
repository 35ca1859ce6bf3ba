"""`kakugo-recipe export`: an adapter becomes a model that needs no adapter, and runs offline.

settings    the `export:` section of a recipe
merge       how far to go from the base to the tuned weights, so that English is kept
gguf        llama.cpp's own converter, at the pinned commit
card        what the card of the exported model says, and the adapter's about it
run         from the arguments to the manifest
"""
