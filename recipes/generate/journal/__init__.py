"""Answers already paid for, kept on disk and on the Hub.

local  The journal on disk: append-only files of answers that outlive the process
hub    The journal on the Hub: shards of answers that every machine can reuse
usage  Tokens and cost of the answers of a dataset, each counted once
"""
