"""What the service costs, against what its work costs at least: `python -m benchmarks`, see README.md."""
