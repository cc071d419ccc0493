"""Which version this is."""


def version() -> str:
    """The package's version: its own word, else the installed distribution's."""
    import thinkharder

    own = getattr(thinkharder, "__version__", None)
    if own is not None:
        return str(own)
    from importlib import metadata

    try:
        return metadata.version("thinkharder")
    except metadata.PackageNotFoundError:
        return "unknown (not installed)"
