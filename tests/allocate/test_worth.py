"""What allocators think a sample is worth, against brute force and the definitions."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from thinkharder.allocate import Blend, Board, Elimination, Greedy, Predicted, Profiles, State, vote_index
from thinkharder.allocate.beta import MOST_VOTES, leads
from thinkharder.allocate.profiles import default_profiles
from thinkharder.core.errors import BadOption

THREE = Profiles(
    weight=np.array([0.5, 0.3, 0.2]),
    first=np.array([0.7, 0.5, 0.4]),
    second=np.array([0.2, 0.4, 0.35]),
    tail=np.array([1.0, 1.0, 1.0]),
    right_first=np.array([0.9, 0.6, 0.5]),
    right_second=np.array([0.05, 0.3, 0.4]),
    right_tail=np.array([0.05, 0.1, 0.1]),
)


def at(counts: list[tuple[int, int, int]], **more: object) -> State:
    """A state with these (first, second, voted)."""
    board = Board(len(counts), cost=1.0, **more)  # type: ignore[arg-type]
    for row, (first, second, voted) in enumerate(counts):
        board.first[row], board.second[row], board.voted[row], board.drawn[row] = first, second, voted, voted
    return board.state()


def test_leads_is_the_beta_posterior() -> None:
    a, b = np.array([0, 1, 5, 30, 400]), np.array([0, 1, 2, 22, 380])
    np.testing.assert_allclose(leads(a, b), stats.beta.sf(0.5, a + 1, b + 1), rtol=1e-9)
    assert leads(np.array([4 * MOST_VOTES]), np.array([MOST_VOTES]))[0] > 0.99


TWO = replace(
    THREE,
    first=np.array([0.9, 0.6, 0.55]),
    second=np.array([0.1, 0.4, 0.45]) - 1e-12,
)


def posterior(draws: tuple[int, ...], prior: Profiles = THREE) -> tuple[float, list[float]]:
    """By brute force over who is who: the chance that the leader is right, and of the next draw's label."""
    labels = list(dict.fromkeys(draws))
    total, right, following = 0.0, 0.0, [0.0] * 3
    leader = max(labels, key=draws.count)
    for j in range(3):
        chances = [prior.first[j], prior.second[j], 1 - prior.first[j] - prior.second[j]]
        good = [prior.right_first[j], prior.right_second[j], prior.right_tail[j]]
        for who in itertools.permutations(range(3)):  # label -> answer
            weight = prior.weight[j] * math.prod(chances[who[label]] for label in draws)
            total += weight
            right += weight * good[who[leader]]
            for label in range(3):
                following[label] += weight * chances[who[label]]
    return right / total, [value / total for value in following]


@pytest.mark.parametrize(
    "draws", [(0,), (0, 0), (0, 1), (0, 0, 1), (0, 0, 0, 1, 1), (0, 0, 1, 0, 2), (0, 0, 0, 0, 0, 1, 2)]
)
def test_the_value_of_a_vote_is_the_posterior(draws: tuple[int, ...]) -> None:
    counts = sorted((draws.count(label) for label in range(3)), reverse=True)
    index = vote_index(THREE, "accuracy", 8, 2)
    # With three answers the rest is one answer, so that counting by leader, runner-up and rest loses nothing.
    assert index.value[len(draws), counts[0], counts[1]] == pytest.approx(posterior(draws)[0], rel=1e-9)


def test_the_price_is_the_one_at_which_going_on_pays() -> None:
    """Brute force over all continuations of a small table: at the price it pays, a little above it does not."""
    size = 6
    index = vote_index(TWO, "accuracy", size - 1, 1)  # two answers: nobody else can overtake

    def best(draws: tuple[int, ...], price: float) -> float:
        value, following = posterior(draws, TWO)
        if len(draws) == size:
            return value
        go = sum(p * best((*draws, label), price) for label, p in enumerate(following)) - price
        return max(value, go)

    for draws in [(0, 1), (0, 0, 1), (0, 0, 1, 1)]:
        counts = [draws.count(0), draws.count(1)]
        price = float(index.price[len(draws), counts[0], counts[1]])
        assert price > 0
        value = posterior(draws, TWO)[0]
        assert best(draws, price * 0.9) > value
        assert best(draws, price * 1.3) == pytest.approx(value)


def test_an_easy_a_close_and_a_hopeless_problem() -> None:
    state = at([(8, 0, 8), (5, 4, 9), (1, 1, 12), (0, 0, 0)])
    easy, close, flat, new = Greedy(hopeless=0).worth(state)
    assert Greedy(hopeless=0.002).worth(state).tolist()[::2] == [0, 0]
    assert new > close > easy
    assert flat < close


def test_what_is_under_way_counts() -> None:
    state = at([(2, 2, 4), (2, 2, 4)])
    state.pending[1] = 2
    worth = Greedy().worth(state)
    assert worth[0] == pytest.approx(3 * worth[1])


def test_beyond_the_table_time_is_scaled() -> None:
    index = vote_index(default_profiles(), "agreement", 64)
    price = index.at(np.array([64, 256, 1024]), np.array([34, 132, 520]), np.array([30, 124, 504]))
    assert (np.diff(price) < 0).all()
    assert price[1] == pytest.approx(price[0] / 4, rel=0.5)


def test_abstaining_draws_make_votes_dear() -> None:
    state = at([(2, 2, 4), (2, 2, 4)])
    state.drawn[1] = 19
    worth = Greedy().worth(state)
    assert worth[1] == pytest.approx(worth[0] / 4)


def test_a_checker_by_its_definition() -> None:
    state = at([(0, 0, 3), (0, 0, 0), (0, 0, 3)], checked=True, chance=[np.nan, np.nan, 0.9])
    worth = Greedy(alpha=0.5, beta=1.5, hopeless=0).worth(state)
    np.testing.assert_allclose(worth, [0.5 / 5, 0.5 / 2, 1.8 / 5])
    assert Greedy(alpha=0.5, beta=1.5, hopeless=0.2).worth(state).tolist() == [0.0, 0.25, 1.8 / 5]


def test_predicted_is_the_marginal_of_best_of_k() -> None:
    state = at([(0, 0, 0), (0, 0, 2)], chance=[0.5, 0.3])
    np.testing.assert_allclose(Predicted().worth(state), [0.5, 0.3 * 0.49])
    assert Predicted(least=0.2).worth(state)[1] == 0
    with pytest.raises(BadOption, match="give chances"):
        Predicted().worth(at([(0, 0, 0)]))


def test_elimination_by_confidence_and_by_giving_up() -> None:
    state = at([(4, 0, 4), (3, 0, 3), (2, 2, 4), (0, 0, 0)])
    for explore in ("uniform", "ucb", "entropy"):
        worth = Elimination(explore=explore).worth(state)  # type: ignore[arg-type]
        assert worth[0] == 0  # 1 - 1/2^5 > 0.95
        assert (worth[1:] > 0).all()
    assert Elimination(give_up=3).worth(state).tolist()[1:3] == [0, 0]


def test_ucb_is_its_bound() -> None:
    board = Board(2, checked=True)
    board.tell([0, 0, 1], [0, 0, 0], scores=[0.2, 0.4, 0.9])
    state = board.state()
    state.pending[:] = 0
    np.testing.assert_allclose(
        Elimination(width=2.0).worth(state), [0.3 + math.sqrt(math.log(3)), 0.9 + math.sqrt(2 * math.log(3))]
    )


def test_blend_moves_from_one_ranking_to_the_other() -> None:
    """(7, 3) is surer than (1, 0) by the posterior; by the density at a half too; the weights move with the budget."""
    counts = [(3, 2, 5), (20, 17, 37), (1, 0, 1), (9, 0, 9)]
    sure = stats.beta.sf(0.5, [4, 21, 2, 10], [3, 18, 1, 1])
    density = stats.beta.pdf(0.5, [4, 21, 2, 10], [3, 18, 1, 1])
    board_state = at(counts)
    early = Blend().worth(board_state)
    assert np.argsort(-early).tolist() == np.argsort(sure).tolist()
    board = Board(4)
    for row, (a, b, n) in enumerate(counts):
        board.first[row], board.second[row], board.voted[row] = a, b, n
    late = Blend().worth(board.state(1.0))
    assert np.argsort(-late).tolist() == np.argsort(-density).tolist()
    assert Blend(stop=0.01).worth(board_state)[3] == 0


def test_profiles_of_recorded_draws() -> None:
    classes = np.array([[0, 0, 0, 1], [1, 1, 0, -1], [-1, -1, -2, -2]])
    right = np.where(classes == 0, 1.0, 0.0)
    found = Profiles.of(classes, right)
    assert len(found.weight) == 2
    assert found.right_first.tolist() == [1.0, 0.0]
    assert found.right_second.tolist() == [0.0, 1.0]
    assert (found.first >= found.second).all()
    unknown = Profiles.of(classes, np.full(classes.shape, np.nan))
    assert ((unknown.right_first > 0.5) & (unknown.right_first < 1)).all()
    with pytest.raises(BadOption):
        Profiles.of([[-1]], [[0.0]])
