"""Every text sent to the teacher, and the parsing of what comes back.

parsing    What the teacher sent, parsed at the door or refused with a reason
templates  Every text that the teacher is sent, and the two system prompts that rows carr
"""
