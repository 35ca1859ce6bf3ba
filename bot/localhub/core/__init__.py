"""The foundation of the local Hub: storage, accounts, events, and HTTP helpers.

clock          The Hub's clock, which tests may freeze or advance
store          A SQLite database and content-addressed files; everything acknowledged is durable
records        Plain data that several packages share: repos, events and their callbacks
wire           Helpers for reading requests and writing responses in the format of the Hub's API
hub            The object that all services share: store, clock, address, callbacks
events         Calls the listeners when something happens
auth           Users, organizations, tokens, browser sessions, and permissions
seed           The seed file: the accounts that exist when the Hub starts
trusted_hosts  Middleware that rejects foreign host names and, where required, missing tokens
"""
