"""Backends and the wrappers around them: everything that samples."""
