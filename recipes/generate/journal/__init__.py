"""Answers already paid for, kept on disk and on the Hub.

usage  What the answers of a dataset cost, each once, whoever paid: this run, an earl
local  Answers already paid for: append-only files that outlive the process
hub    The journal on the Hub: what any machine paid for, no machine pays for again
"""
