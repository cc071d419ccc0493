"""The frame of the browser of problems, which the page's script fills."""

from thinkharder.reports.findings import Part
from thinkharder.reports.html import Markup, join, tag

KEYS = (("/", "search"), ("↑↓", "move"), (("Enter",), "open"), ("jk", "next, previous"), (("Esc",), "close"))
"""Keys of the browser of problems, each with what it does."""

OPTIONS = {
    "all": "all problems",
    "wrong": "the vote is wrong",
    "lost": "wrong though some samples are right",
    "never": "no sample is right",
    "always": "every sample is right",
    "texts": "with texts on this page",
}
"""Which problems the list shows, by the names that the script knows."""


def nothing(item: Part, name: str, default: str) -> Markup:
    """Why a section is empty."""
    return tag("p", item.missing.get(name, default), class_="nothing")


def problems(item: Part, number: int) -> Markup:
    """The frame that the script fills; without a script there is only this sentence."""
    if not item.browser.rows:
        return nothing(item, "browser", "There are no problems to show.")
    tools = _tools()
    hint = join(piece for keys, what in KEYS for piece in (*(tag("kbd", key) for key in keys), f" {what}  "))
    pager = tag(
        "div",
        tag("button", "← Before", type="button", class_="before"),
        tag("span", "", class_="where", aria_live="polite"),
        tag("button", "After →", type="button", class_="after"),
        class_="pager",
    )
    listing = tag("table", tag("thead"), tag("tbody"), aria_label="problems")
    left = tag(
        "div",
        tag("div", listing, class_="list", tabindex="0", role="region", aria_label="list of problems"),
        pager,
    )
    box = tag(
        "div",
        tools,
        tag("p", hint, class_="hint wide-only"),
        tag("div", left, _detail(), class_="panes"),
        class_="browser",
        data_prefix=f"p{number}-",
        hidden=True,
    )
    return join(
        [
            tag("p", item.browser.note, class_="about"),
            tag("noscript", tag("p", "The browser of problems needs JavaScript.")),
            box,
        ]
    )


def _detail() -> Markup:
    moves = tag(
        "div",
        tag("button", "Previous", type="button", class_="previous"),
        " ",
        tag("button", "Next", type="button", class_="next"),
        " ",
        tag("button", "Close", type="button", class_="close"),
    )
    return tag(
        "div",
        tag("header", tag("h3", class_="name", tabindex="-1", dir="auto"), moves),
        tag("p", class_="facts about"),
        tag(
            "details",
            tag("summary", "The problem"),
            tag("pre", class_="text", dir="auto", tabindex="0"),
            class_="question",
            open=True,
            hidden=True,
        ),
        tag("div", class_="votes"),
        tag("div", class_="candidates"),
        class_="detail",
        hidden=True,
        role="region",
        aria_label="one problem",
    )


def _tools() -> Markup:
    return tag(
        "div",
        tag(
            "label",
            "Search problems and answers",
            tag("input", type="search", class_="search", autocomplete="off"),
        ),
        tag(
            "label",
            "Show",
            tag(
                "select",
                *(tag("option", words, value=key) for key, words in OPTIONS.items()),
                class_="filter",
            ),
        ),
        class_="tools",
    )
