"""The foundation of the local Hub: storage, accounts, events, and HTTP helpers.

clock            The Hub's clock, which tests may freeze or advance
store            A SQLite database and content-addressed files; everything acknowledged is durable
records          Plain data that several packages share: repos, events and their callbacks
wire             Helpers for reading requests and writing responses in the format of the Hub's API
rules            How strict this Hub is
hub              The object that all services share: store, clock, address, callbacks
events           Calls the listeners when something happens
auth             Users, organizations, tokens, browser sessions, and permissions
accounts         Accounts as the API shows them: whoami, members, plan and payment
seed             The seed file: the accounts that exist when the Hub starts
rate_limits      Middleware that limits calls in windows of five minutes
trusted_hosts    Middleware that rejects foreign host names and, where required, missing tokens
contract_checks  Middleware that compares requests and responses with the real Hub's contract
"""
