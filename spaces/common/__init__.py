"""What both Spaces share; `kakugo deploy` copies this folder into each of them."""
