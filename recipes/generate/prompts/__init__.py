"""Every text sent to the teacher, and the parsing of its answers.

parsing    Parse the formats that the teacher is asked for, or refuse with a reason
templates  Every text that the teacher is sent, and the system prompts of rows
"""
