"""Checks of the rules' options."""

from thinkharder.core.errors import BadOption


def probability(rule: str, low: float = 0.0, **options: float) -> None:
    """Each option is between `low` and 1, neither of them included. Raises BadOption."""
    for name, value in options.items():
        if not low < value < 1:
            raise BadOption(f"{rule}: {name}={value} must be between {low:g} and 1")


def answers(rule: str, count: int) -> None:
    """A number of different answers that is fixed beforehand. Raises BadOption."""
    if count < 2:
        raise BadOption(
            f"{rule}: answers={count} must be at least 2: how many different answers there can be at most, said beforehand"
        )


__all__ = ["answers", "probability"]
