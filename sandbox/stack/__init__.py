"""The local stack behind `make run` and `make demo`: embedded servers, a token issuer, and what supervises them all.

It knows the service only by its commands, its environment names and its HTTP API, and imports nothing of it.
"""
