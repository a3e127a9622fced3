"""A client of the Pluggy API: a library that knows nothing of the rest of `app`."""
