"""Functions with one bug each: what they should do, the source that fails, the line that is wrong and how it is right."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Broken:
    """`source` fails at least one of the `shown` tests; with `wrong` replaced by `right` it passes those and `hidden`."""

    name: str
    source: str
    wrong: str
    right: str
    shown: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def fixed(self) -> str:
        """The source without its bug."""
        return self.source.replace(self.wrong, self.right, 1)


def _broken(source: str, change: tuple[str, str], shown: str, hidden: str) -> Broken:
    text = source.strip("\n") + "\n"
    name = text.partition("def ")[2].partition("(")[0]
    return Broken(name, text, *change, tuple(_asserts(shown)), tuple(_asserts(hidden)))


def _asserts(lines: str) -> list[str]:
    return [f"assert {line.strip()}" for line in lines.strip().splitlines()]


BROKEN = (
    _broken(
        '''
def second_largest(numbers):
    """The second largest of the different values in a list; None where there are fewer than two."""
    first = second = None
    for number in numbers:
        if first is None or number > first:
            first = number
        elif number != first and (second is None or number > second):
            second = number
    return second
''',
        ("            first = number\n", "            first, second = number, first\n"),
        "second_largest([3, 1, 2]) == 2\nsecond_largest([1, 2, 3]) == 2",
        "second_largest([5, 5, 4]) == 4\nsecond_largest([7]) is None\nsecond_largest([1, 5, 5, 3]) == 3",
    ),
    _broken(
        '''
def running_mean(values, width):
    """The means of every `width` neighbours in a list, from left to right."""
    means = []
    for start in range(len(values) - width):
        window = values[start : start + width]
        means.append(sum(window) / width)
    return means
''',
        ("len(values) - width)", "len(values) - width + 1)"),
        "running_mean([1, 2, 3, 4], 2) == [1.5, 2.5, 3.5]\nrunning_mean([5], 1) == [5.0]",
        "running_mean([1, 2], 3) == []\nrunning_mean([2, 4, 6], 3) == [4.0]",
    ),
    _broken(
        '''
def is_leap_year(year):
    """Whether a year has a 29th of February in the Gregorian calendar."""
    return year % 4 == 0 and year % 100 != 0 and year % 400 == 0
''',
        ("!= 0 and year % 400", "!= 0 or year % 400"),
        "is_leap_year(2024)\nis_leap_year(2000)\nnot is_leap_year(1900)",
        "not is_leap_year(2023)\nis_leap_year(1996)\nnot is_leap_year(2100)",
    ),
    _broken(
        '''
def compress(text):
    """Runs of equal letters as letter and count: aaab becomes a3b1."""
    parts = []
    count = 0
    for place, letter in enumerate(text):
        count += 1
        if place + 1 == len(text) or text[place + 1] != letter:
            parts.append(f"{letter}{count}")
            count = 1
    return "".join(parts)
''',
        ("            count = 1\n", "            count = 0\n"),
        'compress("aaab") == "a3b1"\ncompress("") == ""',
        'compress("abab") == "a1b1a1b1"\ncompress("zzzz") == "z4"',
    ),
    _broken(
        '''
def find_sorted(values, wanted):
    """The place of a value in a sorted list, or -1."""
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        if values[middle] == wanted:
            return middle
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1
''',
        ("while low < high", "while low <= high"),
        "find_sorted([1, 3, 5], 3) == 1\nfind_sorted([1, 3, 5], 5) == 2\nfind_sorted([7], 7) == 0",
        "find_sorted([], 1) == -1\nfind_sorted([2, 4, 6, 8], 2) == 0\nfind_sorted([2, 4], 3) == -1",
    ),
    _broken(
        '''
def roman(number):
    """A whole number from 1 to 3999 in Roman numerals."""
    signs = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
             (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    text = ""
    for value, sign in signs:
        if number >= value:
            text += sign
            number -= value
    return text
''',
        ("if number >= value", "while number >= value"),
        'roman(4) == "IV"\nroman(3) == "III"\nroman(2024) == "MMXXIV"',
        'roman(1) == "I"\nroman(3888) == "MMMDCCCLXXXVIII"\nroman(49) == "XLIX"',
    ),
    _broken(
        '''
def group_by_length(words):
    """The words by their length, each list sorted."""
    groups = {}
    for word in words:
        groups.setdefault(len(word), []).append(word)
    return {length: group.sort() for length, group in groups.items()}
''',
        ("group.sort()", "sorted(group)"),
        'group_by_length(["b", "a", "cc"]) == {1: ["a", "b"], 2: ["cc"]}',
        'group_by_length([]) == {}\ngroup_by_length(["xyz", "abc", "q"]) == {3: ["abc", "xyz"], 1: ["q"]}',
    ),
    _broken(
        '''
def digits_product(number):
    """The product of the decimal digits of a whole number; its sign does not count."""
    product = 0
    for digit in str(abs(number)):
        product *= int(digit)
    return product
''',
        ("product = 0", "product = 1"),
        "digits_product(24) == 8\ndigits_product(-35) == 15",
        "digits_product(105) == 0\ndigits_product(9) == 9",
    ),
    _broken(
        '''
def balanced(text):
    """Whether round and square brackets are closed in the right order."""
    pairs = {")": "(", "]": "["}
    open_ones = []
    for sign in text:
        if sign in "([":
            open_ones.append(sign)
        elif sign in pairs:
            if not open_ones or open_ones.pop() != pairs[sign]:
                return False
    return True
''',
        ("    return True\n", "    return not open_ones\n"),
        'balanced("([])")\nnot balanced("(")\nnot balanced("(]")',
        'balanced("")\nnot balanced("[[]")\nnot balanced("))")\nbalanced("a(b)[c]")',
    ),
    _broken(
        '''
def overlap(a, b):
    """How long two spans (start, end) run together; 0 where they do not."""
    return min(a[1], b[1]) - max(a[0], b[0])
''',
        ("return min(a[1], b[1]) - max(a[0], b[0])", "return max(0, min(a[1], b[1]) - max(a[0], b[0]))"),
        "overlap((0, 5), (3, 9)) == 2\noverlap((0, 1), (4, 6)) == 0",
        "overlap((2, 4), (0, 10)) == 2\noverlap((0, 2), (2, 4)) == 0\noverlap((9, 12), (1, 3)) == 0",
    ),
    _broken(
        '''
def countdown_steps(number):
    """How many halvings (even) and decrements (odd) lead from a whole number to 0."""
    steps = 0
    while number > 0:
        number = number // 2 if number % 2 == 1 else number - 1
        steps += 1
    return steps
''',
        ("number % 2 == 1", "number % 2 == 0"),
        "countdown_steps(8) == 4\ncountdown_steps(5) == 4",
        "countdown_steps(0) == 0\ncountdown_steps(1) == 1\ncountdown_steps(14) == 6",
    ),
    _broken(
        '''
def merge(left, right):
    """One sorted list of two sorted lists."""
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    return merged + left[i:]
''',
        ("merged + left[i:]", "merged + left[i:] + right[j:]"),
        "merge([1, 4], [2]) == [1, 2, 4]\nmerge([1], [2, 3]) == [1, 2, 3]",
        "merge([], [1]) == [1]\nmerge([2, 2], [2]) == [2, 2, 2]\nmerge([5], [1, 9]) == [1, 5, 9]",
    ),
)
