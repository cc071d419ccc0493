"""Equivalence classes."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from thinkharder.answers import Answer, Classes, MathAnswers, NumberAnswers


@dataclass
class Modulo:
    """Numbers that are the same modulo three: a semantic type that counts what it is asked."""

    name: str = "modulo"
    reason: str = ""
    semantic: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)

    def extract(self, text: str, *, complete: bool = True) -> Answer | None:
        return Answer(text, text) if text else None

    async def same(self, a: Answer, b: Answer) -> bool:
        self.asked.append((a.key, b.key))
        await asyncio.sleep(0.001 * (int(b.key) % 2))
        return int(a.key) % 3 == int(b.key) % 3


def answer(n: int) -> Answer:
    return Answer(str(n), str(n))


async def test_ids_come_in_order_of_first_appearance() -> None:
    classes = Classes(Modulo())
    assert [await classes.classify(answer(n)) for n in (4, 2, 1, 0, 5, 3)] == [0, 1, 0, 2, 1, 2]
    assert [a.key for a in classes.representatives] == ["4", "2", "0"]
    assert classes.sizes == [2, 2, 2]
    assert await classes.classify(None) is None


async def test_each_check_is_asked_once_and_against_one_representative() -> None:
    kind = Modulo()
    classes = Classes(kind)
    for n in [1, 2, 3, 4, 5, 6] * 20:
        await classes.classify(answer(n))
    assert len(kind.asked) == len(set(kind.asked)) == classes.checks
    assert len(kind.asked) <= 6 * 3


async def test_concurrent_calls_give_what_calls_in_a_row_give() -> None:
    numbers = [4, 2, 1, 0, 5, 3, 4, 8, 9] * 5
    one, many = Classes(Modulo()), Classes(Modulo())
    in_a_row = [await one.classify(answer(n)) for n in numbers]
    at_once = await asyncio.gather(*(many.classify(answer(n)) for n in numbers))
    assert list(at_once) == in_a_row
    assert many.sizes == one.sizes
    assert many.checks == one.checks


async def test_a_cancelled_call_leaves_the_classes_usable() -> None:
    classes = Classes(Modulo())
    await classes.classify(answer(1))
    task = asyncio.create_task(classes.classify(answer(3)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await classes.classify(answer(3)) == 1
    assert classes.sizes == [1, 1]


async def test_keys_alone_decide_without_a_wait() -> None:
    classes = Classes(NumberAnswers())
    assert [classes.classify_key(a) for a in (answer(1), answer(2), answer(1), None)] == [0, 1, 0, None]
    assert await classes.classify(answer(2)) == 1
    assert classes.checks == 0
    assert classes.known(answer(2)) == 1
    assert classes.known(answer(3)) is None


def test_a_semantic_type_has_a_fast_path_for_known_keys_only() -> None:
    classes = Classes(Modulo())
    assert classes.classify_key(answer(1)) == 0
    assert classes.classify_key(answer(1)) == 0
    assert classes.classify_key(answer(2)) is None
    assert classes.classify_key(None) is None
    assert classes.sizes == [2]


SPELLINGS = {
    0: ["1/2", "0.5", r"\frac12"],
    1: ["2", "2.0"],
    2: [r"\sqrt2", r"\sqrt{2}", r"\frac{2}{\sqrt{2}}"],
    3: ["-5", "−5"],
}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=24))
def test_classes_are_those_of_the_values_however_often_and_in_whatever_spelling(
    draws: list[tuple[int, int]],
) -> None:
    async def run() -> tuple[list[int | None], list[int]]:
        kind = MathAnswers()
        classes = Classes(kind)
        ids = [await classes.classify(kind.answer(SPELLINGS[v][s % len(SPELLINGS[v])])) for v, s in draws]
        again = [await classes.classify(kind.answer(SPELLINGS[v][s % len(SPELLINGS[v])])) for v, s in draws]
        assert ids == again
        return ids, classes.sizes

    ids, sizes = asyncio.run(run())
    order = list(dict.fromkeys(value for value, _ in draws))
    assert ids == [order.index(value) for value, _ in draws]
    assert sum(sizes) == 2 * len(draws)
