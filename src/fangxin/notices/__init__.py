"""Notices (通知): an outbox of messages to people, sent by gateways, retried, never lost."""
