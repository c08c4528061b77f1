"""Whatever is played, told, forgotten and lost, the network ends up with what was heard."""

from collections import deque

from conftest import Parrot
from hypothesis import given
from hypothesis import strategies as st

from livejam.composer import Composer, Forgotten, Hear
from livejam.memory import REMEMBERED, Memory, Phrase
from livejam.notes import Metre, TickNote

NOTES = tuple(TickNote(12 * i, 60 + i % 12, 12, 80) for i in range(8))


def phrase(*notes, metre=None, player=True):
    return Phrase(tuple(notes), metre, player)


def told():
    """A memory, and the orders that it gives."""
    orders = []
    return Memory(orders.append), orders


def test_what_is_new_is_told():
    memory, orders = told()
    memory.hear(phrase(*NOTES[:2]))
    memory.hear(phrase(*NOTES[:3]))
    assert orders == [Hear(0, NOTES[:2], None, True), Hear(2, NOTES[2:3], None, True)]
    assert memory.total == 3


def test_what_is_known_is_not_told_again():
    memory, orders = told()
    memory.hear(phrase(*NOTES))
    memory.hear(phrase(*NOTES))
    memory.close()
    assert len(orders) == 1


def test_what_has_changed_is_taken_back_and_told_anew():
    memory, orders = told()
    memory.hear(phrase(NOTES[0], NOTES[2]))
    memory.hear(phrase(*NOTES[:3]))  # a note that ended late lies in between
    memory.hear(phrase(NOTES[0]))
    assert orders[1:] == [Hear(1, NOTES[1:3], None, True), Hear(1, (), None, True)]
    assert memory.total == 1


def test_a_new_metre_or_player_has_all_told_anew():
    memory, orders = told()
    memory.hear(phrase(*NOTES[:2]))
    memory.hear(phrase(*NOTES[:2], metre=Metre(3, 4)))
    memory.hear(phrase(*NOTES[:2], metre=Metre(3, 4), player=False))
    assert orders[1:] == [Hear(0, NOTES[:2], Metre(3, 4), True), Hear(0, NOTES[:2], Metre(3, 4), False)]


def test_phrases_that_are_closed_stay():
    memory, orders = told()
    memory.hear(phrase(*NOTES[:2]))
    memory.close()
    memory.hear(phrase(*NOTES[:2], player=False))
    memory.hear(phrase())
    assert orders[1:] == [Hear(2, NOTES[:2], None, False), Hear(2, (), None, True)]
    assert memory.total == 2


def test_one_that_has_lost_its_memory_is_told_all():
    memory, orders = told()
    memory.hear(phrase(*NOTES[:2]))
    memory.close()
    memory.hear(phrase(*NOTES[:3], metre=Metre(3, 4), player=False))
    orders.clear()
    memory.tell_again()
    assert orders == [Hear(0, NOTES[:2], None, True), Hear(2, NOTES[:3], Metre(3, 4), False)]
    assert memory.total == 5


def test_what_is_forgotten_is_not_told_again():
    memory, orders = told()
    memory.hear(phrase(*NOTES))
    memory.close()
    memory.forget()
    orders.clear()
    memory.tell_again()
    assert (orders, memory.total) == ([], 0)
    memory.hear(phrase(NOTES[0]))
    assert orders == [Hear(0, NOTES[:1], None, True)]


def test_no_more_is_kept_than_any_network_looks_back():
    memory, orders = told()
    for number in range(400):
        memory.hear(phrase(*NOTES, player=number % 2 == 0))
        memory.close()
    assert memory.total == 3200
    orders.clear()
    memory.tell_again()
    assert REMEMBERED <= memory.total < REMEMBERED + 2 * len(NOTES)
    assert sum(len(order.notes) for order in orders) == memory.total
    assert orders[0].keep == 0


class Fickle(Parrot):
    """Remembers so many notes that could be taken back, and loses its mind when asked to."""

    reach = 20

    def rollback(self, heard):
        if heard < len(self._notes) - self.reach:
            raise ValueError(heard)
        super().rollback(heard)


class FarNetwork:
    """Carries out orders when it comes to it, and its replies take their time to come back."""

    def __init__(self):
        self.brain = Fickle()
        self.composer = Composer(self.brain)
        self.orders, self.replies = deque(), deque()

    def work(self):
        if self.orders:
            self.replies += self.composer.take(self.orders.popleft())

    def die(self, lost):
        """Be started anew. `lost` orders went to the one that died."""
        for _ in range(min(lost, len(self.orders))):
            self.orders.popleft()
        self.brain.restart()
        self.replies.append(Forgotten())


notes = st.builds(TickNote, st.integers(0, 99), st.integers(60, 62), st.integers(1, 3), st.just(80))
phrases = st.builds(Phrase, st.lists(notes, max_size=6).map(tuple), st.sampled_from([None, Metre(3, 4)]), st.booleans())
grown = st.tuples(st.just("grow"), st.lists(notes, min_size=1, max_size=6).map(tuple))
passing = st.sampled_from([("close", None), ("work", None), ("work", None), ("listen", None)])
deaths = st.tuples(st.just("die"), st.integers(0, 3))
steps = st.one_of(st.tuples(st.just("hear"), phrases), grown, passing, deaths)


@given(st.lists(steps, max_size=60))
def test_a_network_that_follows_the_orders_knows_what_was_heard(script):
    network = FarNetwork()
    memory = Memory(network.orders.append)
    closed, now = [], Phrase((), None, player=True)

    def listen():
        if network.replies and isinstance(network.replies.popleft(), Forgotten):
            memory.tell_again()

    for step, detail in script:
        match step:
            case "hear" | "grow":
                now = detail if step == "hear" else Phrase(now.notes + detail, now.metre, now.player)
                memory.hear(now)
            case "close":
                memory.close()
                closed += [now] if now.notes else []
                now = Phrase((), None, player=True)
            case "work":
                network.work()
            case "listen":
                listen()
            case "die":
                network.die(detail)
    while network.orders or network.replies:
        network.work()
        listen()
    heard = [(phrase.player, note) for phrase in [*closed, now] for note in phrase.notes]
    assert network.brain._notes == heard
    assert memory.total == len(heard)
