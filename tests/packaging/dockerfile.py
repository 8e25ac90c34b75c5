"""Reads our Dockerfile: its stages, and what the image that comes of them is told to do.

https://docs.docker.com/reference/dockerfile/
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

_WORDS = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL",
    "VOLUME", "WORKDIR",
}  # fmt: skip


@dataclass(frozen=True)
class Instruction:
    word: str
    flags: dict[str, str]
    text: str

    @property
    def words(self) -> list[str]:
        """As a list: exec form is JSON, else it is split as a shell would."""
        return json.loads(self.text) if self.is_exec_form else shlex.split(self.text)

    @property
    def is_exec_form(self) -> bool:
        return self.text.startswith("[")

    @property
    def pairs(self) -> dict[str, str]:
        """NAME=value of ENV and LABEL."""
        return dict(word.split("=", 1) for word in shlex.split(self.text))


@dataclass(frozen=True)
class Stage:
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[Instruction]:
        return [found for found in self.instructions if found.word == word]

    def last(self, word: str) -> Instruction:
        return self.all(word)[-1]

    @property
    def environ(self) -> dict[str, str]:
        return {name: value for one in self.all("ENV") for name, value in one.pairs.items()}


def read_dockerfile(text: str) -> list[Stage]:
    """Its stages; the last one becomes the image. Raises ValueError on what we do not use."""
    stages: list[Stage] = []
    arguments: dict[str, str] = {}
    for instruction in _instructions(text):
        if instruction.word == "FROM":
            base, *_ = instruction.text.split()
            stages.append(Stage(re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], base)))
        elif stages:
            stages[-1].instructions.append(instruction)
        else:
            name, _, value = instruction.text.partition("=")
            arguments[name] = value
    return stages


def _instructions(text: str) -> Iterator[Instruction]:
    code = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    for line in code.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        word, _, rest = line.partition(" ")
        if word not in _WORDS:
            raise ValueError(line)
        flags = dict[str, str]()
        while found := re.match(r"\s*--([\w-]+)=(\S+)\s+", rest):
            flags[found[1]] = found[2]
            rest = rest[found.end() :]
        yield Instruction(word, flags, rest.strip())


def reaches_the_build(path: str, dockerignore: str) -> bool:
    """Whether `path`, relative to the context, is sent along: the last rule that matches it decides."""
    sent = True
    for rule in dockerignore.splitlines():
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!").removeprefix("**/")
        deep = rule.removeprefix("!").startswith("**/")
        parts = path.split("/")
        # A rule for a folder is one for all that lies in it.
        whole = ("/".join(parts[: end + 1]) for end in range(len(parts)))
        if any(fnmatchcase(one, pattern) for one in (parts if deep else whole)):
            sent = rule.startswith("!")
    return sent
