"""What every service of the local Hub shares.

auth           Who asks, and what they may do: users, organisations, members, tokens, browser
clock          The time as the local Hub tells it; a test may freeze or advance it, nothing e
events         What happens on the Hub, told in this process to whoever listens (webhooks, Sp
hub            What every request shares: the store, the clock, the address, and who listens
seed           The seed file: who is there when the Hub starts, read or refused in one senten
store          Everything the local Hub remembers: one SQLite database and content-addressed
trusted_hosts  Who is let in at all, before any route: by which name one comes, and with a to
wire           How the local Hub reads requests and words its answers; nothing here knows wha
"""
