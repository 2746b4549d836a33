"""Mediation (调解): invitations, consents, sessions, recusal, delegation."""
