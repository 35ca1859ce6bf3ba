"""Webhooks: subscriptions and deliveries.

delivery  Carries webhook deliveries to their URLs: in the background, with bounded retr
routes    Webhooks: `/api/settings/webhooks`, who is told of an event, and what they are
"""
