"""Text from people and logs, parsed into closed vocabularies.

commands   Commands in comments
options    Options in the first post, a line each: `key: value`, or plain words
redaction  Lines of a log made fit to be shown: no secrets, no Markdown, no end
titles     What a discussion asks for
"""
