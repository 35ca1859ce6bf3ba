"""`kakugo-recipe export`: merge an adapter into its base, for use without PEFT and offline.

interpolate  Interpolate from the base's weights to the tuned ones, as far as English is kept
settings     The `export:` section of a recipe
card         The merged model's card, and the section about it on the adapter's card
gguf         Convert a model to GGUF with llama.cpp's converter
run          `kakugo-recipe export`: push merged weights and GGUF files
"""
