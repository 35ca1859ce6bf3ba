"""Parse what comes from outside. Bot and recipes use this; it imports neither.

errors        The error for invalid input, and quoting of hostile values
documents     Read YAML and JSON as plain values
ranges        Types of numbers and text with the range that they may have
models        Build dataclasses from plain values with pydantic; its errors become one sentence
json_schema   Check plain values against the JSON Schema in a file, with sentences for people
recipe_files  Read the file of a recipe, which may extend a packaged one
plan          The `plan:` section of a recipe
recipe_check  Check a whole recipe, before anything is paid for
http_urls     Whether text is a URL of a server that may be shown
teacher_urls  What a teacher's URL says: where its API starts, and whose server it is
"""
