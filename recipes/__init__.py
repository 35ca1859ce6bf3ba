"""Kakugo: the recipes that run as jobs; they know nothing of the bot."""
