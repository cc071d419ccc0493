"""What reproduces each published number: one command a number, named in docs/results."""
