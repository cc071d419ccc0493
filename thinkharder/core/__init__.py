"""Values, protocols, errors and arithmetic that everything else stands on. Imports nothing of thinkharder above it."""
