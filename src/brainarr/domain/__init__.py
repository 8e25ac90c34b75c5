"""Frozen types and pure functions: what the whole house agrees on. No input or output here."""
