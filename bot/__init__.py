"""Kakugo: the bot."""
