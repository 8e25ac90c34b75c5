"""What a run asks its models: writes the prompt for each of them and reads each answer."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from brainarr.domain.music import Library, Mbid
from brainarr.domain.names import Tier, name_keys
from brainarr.domain.prompt import Answer, ModelCard, Prompt
from brainarr.domain.recommendation import (
    MOST_STYLES,
    Judged,
    Memory,
    Recommendation,
    RunOptions,
    Verified,
)
from brainarr.domain.taste import Compressed, Profile
from brainarr.pipeline.answers import read_answer
from brainarr.pipeline.compose import Compress, asked_for
from brainarr.pipeline.compress import compress
from brainarr.pipeline.ports import ReadAnswer, TokenCounter, WritePrompt
from brainarr.pipeline.prompt import Brief, write_prompt
from brainarr.pipeline.rank import give_ids, read_ranking, write_ranking
from brainarr.pipeline.reword import number, read_wording, write_wording
from brainarr.pipeline.sift import sift

CounterFor = Callable[[str], TokenCounter]


class Asking(msgspec.Struct, frozen=True):
    """One library, ready to be asked about."""

    library: Library
    profile: Profile
    neighbours: Mapping[Mbid, Sequence[Mbid]]
    memory: Memory
    border: tuple[str, ...]
    counter_for: CounterFor
    """Model name → its token counter."""

    def proposals(self, options: RunOptions, dropped: tuple[Judged, ...] = ()) -> WritePrompt:
        brief = Brief(self.memory.names, self.border, dropped)
        options = self._told(options)

        def write(card: ModelCard) -> Prompt:
            counter = self.counter_for(card.model)
            return write_prompt(card, options, brief, counter, self._compress(options, counter))

        return write

    def reader(self, options: RunOptions) -> ReadAnswer:
        known = frozenset(name_keys(artist.name)[Tier.WORDS] for artist in self.library.artists)

        def read(card: ModelCard, text: str) -> Answer:
            return sift(read_answer(card.provider, text, asked_for(options)), known)

        return read

    def ranking(self, options: RunOptions, kept: Sequence[Verified]) -> tuple[WritePrompt, ReadAnswer]:
        ids = give_ids(kept, options.seed)
        options = self._told(options)

        def write(card: ModelCard) -> Prompt:
            counter = self.counter_for(card.model)
            return write_ranking(card, options, ids, counter, self._compress(options, counter))

        def read(card: ModelCard, text: str) -> Answer:
            return read_ranking(card.provider, text, ids)

        return write, read

    def wording(
        self, options: RunOptions, explained: Sequence[Recommendation]
    ) -> tuple[WritePrompt, ReadAnswer]:
        ids = number(explained)

        def write(card: ModelCard) -> Prompt:
            return write_wording(card, ids, options.prompt_tokens, self.counter_for(card.model))

        def read(card: ModelCard, text: str) -> Answer:
            return read_wording(card.provider, text, ids)

        return write, read

    def _told(self, options: RunOptions) -> RunOptions:
        """What is blocked for good is told like what this run avoids."""
        styles = dict.fromkeys((*self.memory.blocks.styles, *options.styles_avoid))
        return msgspec.structs.replace(options, styles_avoid=tuple(styles)[:MOST_STYLES])

    def _compress(self, options: RunOptions, counter: TokenCounter) -> Compress:
        def fit(budget: int, overhead: int) -> Compressed:
            return compress(
                self.library,
                self.profile,
                level=options.compression,
                budget=budget,
                overhead=overhead,
                counter=counter,
                neighbours=self.neighbours,
            )

        return fit
