"""`kakugo-recipe export`: an adapter becomes a model that needs no adapter, and runs offline.

interpolate  From the base's weights to the tuned ones, only as far as English is kept
settings     The `export:` section of a recipe
card         The exported model's card, and the lines about it on the adapter's card
gguf         GGUF by llama.cpp's own converter: it knows every architecture, and we need no
run          `kakugo-recipe export`: merged weights and GGUF files in a repository of their
"""
