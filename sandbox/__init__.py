"""A Pluggy on your desk: a faithful, deterministic, scriptable stand-in for the Pluggy API (docs/sandbox.md)."""
