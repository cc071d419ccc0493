"""An archive of documents about places and people that do not exist, so that nothing in it can be known beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from thinkharder.tasks.dice import Dice

VERSION = 1
"""Counts up when the same options would give another archive."""
_STARTS = (
    "Bar",
    "Cal",
    "Dor",
    "El",
    "Fen",
    "Gar",
    "Hol",
    "Kel",
    "Lan",
    "Mor",
    "Nor",
    "Pel",
    "Ros",
    "Sel",
    "Tor",
    "Ul",
    "Ven",
    "Wil",
)
_MIDDLES = ("a", "e", "i", "o", "u", "ar", "en", "il", "on", "er")
_TOWNS = ("mere", "wick", "stead", "ford", "holm", "cliffe")
_PEOPLE = ("da", "nen", "lis", "ric", "tha", "mon", "vin", "ra")
_GOODS = (
    "lanterns",
    "barometers",
    "rowing boats",
    "church bells",
    "piano strings",
    "kites",
    "roof slates",
    "sailcloth",
    "clockwork",
    "violins",
)
_JOBS = (
    "bookkeeper",
    "glassblower",
    "night porter",
    "draughtsman",
    "foreman",
    "apprentice",
    "cook",
    "surveyor",
)


@final
@dataclass(frozen=True, slots=True)
class Town:
    """A town: its name, the year of its charter, the river it lies on."""

    name: str
    year: int
    river: str

    def document(self) -> str:
        """What the archive says of it."""
        return (
            f"{self.name}\n\n{self.name} is a town on the river {self.river}. It received its charter in {self.year} "
            "and holds a market on Thursdays. The archive keeps its tax rolls."
        )


@final
@dataclass(frozen=True, slots=True)
class Works:
    """A works: its name, its town, what it makes, the year it opened."""

    name: str
    town: Town
    goods: str
    year: int

    def document(self) -> str:
        """What the archive says of it."""
        return (
            f"{self.name} Works\n\nThe {self.name} Works stand in {self.town.name}. They opened in {self.year} and "
            f"make {self.goods}. Visitors are asked to write in advance."
        )


@final
@dataclass(frozen=True, slots=True)
class Person:
    """A person: name, trade, employer, town of birth."""

    name: str
    job: str
    works: Works
    born: Town

    def document(self) -> str:
        """What the archive says of them."""
        return (
            f"{self.name}\n\n{self.name} was born in {self.born.name} and is employed as {self.job} at the "
            f"{self.works.name} Works. A portrait hangs in the reading room."
        )


@final
@dataclass(frozen=True, slots=True)
class Archive:
    """Documents by file name, and questions as (question, answer, documents that must be read)."""

    documents: Mapping[str, str]
    questions: tuple[tuple[str, str, int], ...]


def archive(seed: int, documents: int, questions: int, hops: tuple[int, ...]) -> Archive:
    """An archive of that many documents, and questions that need `hops` of them each, in turn. The same for a seed."""
    dice = Dice("archive", VERSION, documents, seed)
    used: set[str] = set()
    towns = [
        Town(_name(dice, used, _TOWNS), dice.between(1180, 1720), _name(dice, used, ("",)))
        for _ in range(max(2, documents // 5))
    ]
    works = [
        Works(_name(dice, used, _TOWNS), dice.choice(towns), dice.choice(_GOODS), dice.between(1730, 1930))
        for _ in range(max(2, documents // 4))
    ]
    people = []
    for _ in range(max(1, documents - len(towns) - len(works))):
        name = f"{_name(dice, used, _PEOPLE)} {_name(dice, used, ('man', 'son', 'by', 'er'))}"
        people.append(Person(name, dice.choice(_JOBS), dice.choice(works), dice.choice(towns)))
    everything: list[Town | Works | Person] = [*towns, *works, *people]
    texts = {_file(one.name): one.document() for one in everything}
    asked: list[tuple[str, str, int]] = []
    for index in range(questions):
        picked = Dice("archive question", VERSION, documents, seed, index)
        depth = hops[index % len(hops)]
        asked.append((*_question(picked, picked.choice(people), depth), depth))
    return Archive(dict(sorted(texts.items())), tuple(asked))


def _question(dice: Dice, who: Person, hops: int) -> tuple[str, str]:
    works, town = who.works, who.works.town
    choices = {
        1: [
            (f"In which town was {who.name} born?", who.born.name),
            (f"As what is {who.name} employed?", who.job),
            (f"In which year did the {works.name} Works open?", str(works.year)),
        ],
        2: [
            (f"What do the works make that employ {who.name}?", works.goods),
            (f"In which year did the works open that employ {who.name}?", str(works.year)),
            (f"On which river lies the town where {who.name} was born?", who.born.river),
        ],
        3: [
            (f"On which river lies the town in which the works stand that employ {who.name}?", town.river),
            (
                f"In which year did the town receive its charter in which the works stand that employ {who.name}?",
                str(town.year),
            ),
        ],
    }
    return dice.choice(choices[hops])


def _name(dice: Dice, used: set[str], endings: tuple[str, ...]) -> str:
    """A name that nobody has yet."""
    while True:
        name = dice.choice(_STARTS) + dice.choice(_MIDDLES) + dice.choice(endings)
        if name not in used:
            used.add(name)
            return name
        endings = (*endings, dice.choice(_MIDDLES) + endings[0])  # so that names never run out


def _file(name: str) -> str:
    return name.lower().replace(" ", "-") + ".txt"
