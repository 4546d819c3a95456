"""How the parts of a prompt share its tokens. Pure.

Whatever stands in front of a prompt has to stay as it is from one prompt to the next, or providers
compute everything behind it anew. So what the early parts may take follows from the limits alone,
and the late ones get what is left.
"""

from dataclasses import dataclass

# A question may take three quarters of what the system prompt leaves, more if nobody needs it.
_QUESTION = 0.75
LEAST_FOR_QUESTION = 64  # tokens
_SHORT = 120  # tokens: no message is cut for its length that takes less


@dataclass(frozen=True, slots=True)
class Shares:
    """The parts' shares of the tokens that the system prompt leaves.

    `lenses`, `chapters` and `notes` may take so much together; what one leaves goes to the next
    ones, and the share of an empty one to the others. `retrieved` is kept for what changes with
    every prompt, the retrieved messages and the question after them. `recent` is the most that
    recent messages may take. Retrieved messages get whatever all of these leave.
    """

    lenses: float = 0.10
    chapters: float = 0.15
    notes: float = 0.05
    recent: float = 1.0
    retrieved: float = 0.10

    @property
    def background(self) -> float:
        """The share of lenses, chapters and notes together."""
        return self.lenses + self.chapters + self.notes


@dataclass(frozen=True, slots=True)
class Limits:
    """The tokens of one call: prompt and reply together, and those kept free for the reply."""

    budget_tokens: int
    reply_tokens: int
    shares: Shares = Shares()


@dataclass(frozen=True, slots=True)
class Room:
    """The room in one prompt.

    `system` is what the system prompt takes, `free` all it leaves, `asked` what the whole question
    would take of that. `retrieving` tells that something was retrieved.
    """

    shares: Shares
    system: int
    free: int
    asked: int
    retrieving: bool

    @property
    def question(self) -> int:
        """What is kept for the question."""
        return min(self.asked, max(int(self.free * _QUESTION), LEAST_FOR_QUESTION))

    @property
    def _end(self) -> int:
        return int(self.free * self.shares.retrieved)

    @property
    def _divided(self) -> int:
        """What is divided: all but what a long question takes beyond half of the prompt's end."""
        return self.free - max(self.question - self._end // 2, 0)

    def background(self, *, alone: bool) -> int:
        """What lenses, chapters and notes may take: `alone`, all but the question."""
        share = 1.0 if alone else self.shares.background
        return min(int(self._divided * share), self.free - self.question)

    def recent(self, background: int) -> int:
        """What recent messages may take beside a background of so many tokens."""
        if self.retrieving:
            return self._steady(background)
        return min(self.free - self.question - background, int(self._divided * self.shares.recent))

    def longest(self, background: int) -> int:
        """What one recent message may take: the same whether something was retrieved or not."""
        steady = self._steady(background)
        return max(steady // 2, min(steady, _SHORT))

    def retrieved(self, background: int, recent: int, *, grows: bool) -> int:
        """What retrieved messages may take beside parts that take so many tokens.

        It is all that is left. But while the window of recent messages `grows`, what it will take
        stays free, and the end of the prompt keeps its proportion to what stands before it.
        """
        rest = self.free - self.question - background
        if not grows:
            return rest - recent
        most, before = self.recent(background), self.system + background
        return (rest - most) * (before + recent) // max(before + most, 1)

    def _steady(self, background: int) -> int:
        left = self._divided - self._end - background
        return max(min(left, int(self._divided * self.shares.recent)), 0)
