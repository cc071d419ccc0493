"""Makes problems of a reasoning-gym data set in a process whose sets have a fixed order; prints them pickled, in base64."""

import base64
import json
import pickle
import sys


def main(order: str) -> None:
    """`order`: JSON with name, size, seed, count and the data set's options."""
    import reasoning_gym  # type: ignore[import-untyped, import-not-found, unused-ignore]

    asked = json.loads(order)
    made = reasoning_gym.create_dataset(
        asked["name"], size=asked["size"], seed=asked["seed"], **asked["options"]
    )
    entries = [dict(made[index]) for index in range(asked["count"])]
    print("\n" + base64.b64encode(pickle.dumps(entries)).decode(), end="")


if __name__ == "__main__":
    main(sys.argv[1])
