"""Parse what comes from outside. Bot and recipes use this; it imports neither.

errors     The error for invalid input, and quoting of hostile values
documents  Read YAML and JSON as plain values
models     Build dataclasses from plain values with pydantic; its errors become one sentence
"""
