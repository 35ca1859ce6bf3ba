"""A small Hub for one machine; knows nothing of the bot."""
