"""Webhooks: subscriptions and deliveries.

delivery  A worker that delivers webhooks in the background, with retries
routes    Webhooks under `/api/settings/webhooks`, and which events they receive
"""
