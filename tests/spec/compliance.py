"""Write docs/compliance.md from the tests of this folder: article -> what the software does -> test.

    python -m tests.spec.compliance

- A file is named after its article: `test_art17_erasure.py`, and after its law where that is not the GDPR:
  `test_directive_2002_58_art13_channels.py`. The first line of its docstring says what the article asks, in our words;
  a file that begins `Articles 13 and 14: ...` is of both.
- A test's docstring says what the software does. Its name says of which paragraph it speaks (`test_art17_3b_...` is
  Article 17(3)(b)) and may be of another article than its file; without a paragraph it is of the file's article.
- Nothing is run or imported: the files are read as text, so the list cannot depend on what is installed.
- No line numbers and no dates: the list changes when what it says changes, and only then.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
SPEC: Final = ROOT / "tests" / "spec"
PAGE: Final = ROOT / "docs" / "compliance.md"

GDPR: Final = "GDPR"
LAWS: Final[Mapping[str, str]] = {
    "": GDPR,
    "directive_2002_58": "Directive 2002/58/EC",
}
"""By its prefix in names: each law that a spec test is named after, in the order of the list."""

ABSENT: Final[Mapping[int, str]] = {
    8: "Whether a person is a child is not asked; consent given for a child by its parents is not told apart.",
    28: "Contracts with processors are made between people.",
    30: "The record of processing is the controller's own document; policy and audit log are what it rests on.",
    33: "No breach is detected or told to the authority. Audit log and threat model help whoever has to write it.",
    34: "No breach is told to people by the software.",
    44: "Where data are stored and who is sent them abroad is decided by who runs the software.",
}
"""Articles of the GDPR of which a reader will ask and that no spec test speaks of, each with why."""

_ARTICLE: Final = rf"(?:(?P<law>{'|'.join(filter(None, LAWS))})_)?art(?P<article>\d+)"
_FILE: Final = re.compile(rf"test_{_ARTICLE}_(?P<subject>\w+)\.py")
_TEST: Final = re.compile(rf"test_{_ARTICLE}_(?:(?P<paragraph>\d+)(?P<point>[a-z])?_(?:to_(?P<to>[a-z])_)?)?")

_INTRODUCTION: Final = """\
# What the software does about each article

For every article that a file in [tests/spec](../tests/spec) is named after: what it asks, in our words; what Varde does
about it; and the test that fails when Varde stops doing so. Written by `python -m tests.spec.compliance` from the tests
themselves, and checked on every change: mend the docstring of a test, not this page.

**What this list is.** Each line is a test that runs on every change of `main`, with invented people and on the software
alone, used as its [guides](guides/README.md) say. Which function keeps a promise, and against whom, is in
[security properties](security-properties.md) and the [threat model](threat-model.md).

**What it is not.** It is no legal advice, no certificate, and no proof that whoever runs Varde complies with any law.
Most of what the GDPR asks, it asks of people: to choose a legal basis that is true, to weigh interests, to assess
risks, to answer, to supervise, to train. A program can refuse to go on without their word; it cannot know whether it is
right. A line shows that something is done, not that it is enough. Our words shorten the law's; only the law's bind. Of
an article that is not listed no spec test speaks: nothing else follows from its absence.
"""


class Malformed(ValueError):
    """A spec file or test cannot be listed: says where, and what to do."""


class Provision(NamedTuple):
    """A place in a law; paragraph 0 and no point: the article as a whole. Sorts as the list does."""

    law: int
    article: int
    paragraph: int = 0
    point: str = ""
    to: str = ""

    @property
    def whole(self) -> "Provision":
        """The article that this is a part of."""
        return Provision(self.law, self.article)

    @property
    def number(self) -> str:
        """As the law is cited: `17(3)(b)`, `6(1)(b) to (f)`."""
        paragraph = f"({self.paragraph})" if self.paragraph else ""
        point = f"({self.point})" if self.point else ""
        return f"{self.article}{paragraph}{point}" + (f" to ({self.to})" if self.to else "")

    @property
    def heading(self) -> str:
        """The article with its law, which goes without saying for the GDPR."""
        law = tuple(LAWS.values())[self.law]
        return f"Article {self.article}" if law == GDPR else f"{law}, Article {self.article}"


class Act(NamedTuple):
    """One thing that the software does, and the test that shows it. Sorts as the list does."""

    provision: Provision
    path: str
    place: int
    test: str
    does: str


class Chapter(NamedTuple):
    """One spec file: what its article asks, or the several that it names, and the tests it holds."""

    articles: tuple[Provision, ...]
    path: str
    subject: str
    asks: str
    acts: tuple[Act, ...]


def chapters(folder: Path = SPEC) -> list[Chapter]:
    """Read every spec file of a folder, in the order of article and name.

    Raises:
        Malformed: for the first file or test that does not say what it has to say.
    """
    return sorted(_chapter(path) for path in folder.glob("test_*.py"))


def page(read: Iterable[Chapter]) -> str:
    """Write the list.

    Raises:
        Malformed: a test speaks of an article that no file is named after.
    """
    files = list(read)
    acts = sorted(act for chapter in files for act in chapter.acts)
    articles = sorted({article for chapter in files for article in chapter.articles})
    for act in acts:
        if act.provision.whole not in articles:
            raise Malformed(f"{act.path}: {act.test} speaks of {act.provision.heading}: give it a file of its own")
    parts = [_INTRODUCTION, "\n".join(_contents(files, articles))]
    parts += ["\n".join(_section(article, files, acts)) for article in articles]
    parts.append("\n".join(_absent(articles)))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def stale_absences(read: Iterable[Chapter]) -> list[int]:
    """Return the articles that `ABSENT` says are not listed, and that are."""
    listed = {article for chapter in read for article in chapter.articles}
    return sorted({article.article for article in listed if article.law == 0} & set(ABSENT))


def _chapter(path: Path) -> Chapter:
    named = _FILE.fullmatch(path.name)
    if named is None:
        raise Malformed(f"{path.name}: name it test_artNN_subject.py, after its law first if not the GDPR (see LAWS)")
    article, name = _provision(named), f"tests/spec/{path.name}"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    asks = (ast.get_docstring(tree) or "").partition("\n")[0]
    if not re.match(rf"{re.escape(article.heading).replace('Article', 'Articles?')}\b.*: \S", asks):
        raise Malformed(f"{name}: begin its docstring `{article.heading}...: what it asks, in our words`")
    acts = tuple(_acts(tree, article, name))
    if not acts:
        raise Malformed(f"{name}: holds no test")
    return Chapter(_articles(article, asks), name, named["subject"].replace("_", " "), asks, acts)


def _articles(first: Provision, asks: str) -> tuple[Provision, ...]:
    """Read `Articles 13 and 14: ...`, whose file is named after the first."""
    several = re.match(r"Articles (\d+(?:, \d+)* and \d+):", asks)
    numbers = re.findall(r"\d+", several[1]) if several else []
    return tuple(sorted({first, *(Provision(first.law, int(number)) for number in numbers)}))


def _acts(tree: ast.Module, article: Provision, path: str) -> Iterator[Act]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            does = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
            if not does:
                raise Malformed(f"{path}: {node.name} needs a docstring that says what the software does")
            named = _TEST.match(node.name)
            yield Act(_provision(named) if named else article, path, node.lineno, node.name, does)


def _provision(named: re.Match[str]) -> Provision:
    found = named.groupdict(default="")
    place = int(found.get("paragraph") or 0), found.get("point", ""), found.get("to", "")
    return Provision(tuple(LAWS).index(found["law"]), int(found["article"]), *place)


def _contents(files: list[Chapter], articles: list[Provision]) -> Iterator[str]:
    yield "| article | subject |"
    yield "|---|---|"
    for article in articles:
        subjects = ", ".join(chapter.subject for chapter in files if article in chapter.articles)
        yield f"| [{article.heading}](#{_anchor(article.heading)}) | {subjects} |"


def _section(article: Provision, files: list[Chapter], acts: list[Act]) -> Iterator[str]:
    yield f"## {article.heading}"
    yield from (f"- {chapter.asks}" for chapter in files if article in chapter.articles)
    yield ""
    yield "| provision | what the software does | test |"
    yield "|---|---|---|"
    for act in acts:
        if act.provision.whole == article:
            yield f"| {act.provision.number} | {_cell(act.does)} | [`{act.test}`](../{act.path}) |"


def _absent(articles: list[Provision]) -> Iterator[str]:
    yield "## Not in the list"
    yield "Articles of the GDPR that a reader may look for and of which no spec test speaks:"
    yield ""
    yield "| article | why |"
    yield "|---|---|"
    listed = {article.article for article in articles if article.law == 0}
    yield from (f"| {article} | {why} |" for article, why in ABSENT.items() if article not in listed)


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(chapters()), encoding="utf-8", newline="\n")
