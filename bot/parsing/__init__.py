"""Parse discussions, comments and logs. Only values from closed lists leave the parsers.

commands   The command in a comment
options    The options in the text of a discussion
titles     The language in a discussion, and in the answer to a question
words      Words of conversation that are also names or codes of languages
redaction  Log lines without secrets and Markdown, short enough to be shown
"""
