"""When ports are looked at, and how it is noticed that they come and go."""

import threading

from livejam import watch
from livejam.watch import RETRY, FileWatch, ListWatch, Watcher, watching


class Ports:
    """Ports that count how often they were looked at."""

    def __init__(self, complete=True, fails=False):
        self.complete, self.fails, self.looks, self.seen = complete, fails, 0, threading.Event()

    def look(self):
        self.looks += 1
        self.seen.set()
        if self.fails:
            raise RuntimeError("cable eaten")


def test_ports_are_looked_at_when_something_has_changed():
    changes = iter([False, True, False, True])
    ports = Ports()
    watcher = Watcher(ports, lambda: next(changes))
    looks = []
    for _ in range(4):
        watcher.tick()
        looks.append(ports.looks)
    assert looks == [0, 1, 1, 2]


def test_what_is_missing_is_looked_for_now_and_then_though_nothing_changes():
    ports = Ports(complete=False)
    watcher = Watcher(ports, lambda: False)
    for _ in range(3 * RETRY):
        watcher.tick()
    assert ports.looks == 3


def test_an_error_is_told_a_few_times_and_never_ends_the_watch(capsys):
    ports = Ports(fails=True)
    watcher = Watcher(ports, lambda: True)
    for _ in range(10):
        watcher.tick()
    assert ports.looks == 10
    assert capsys.readouterr().err.count("cable eaten") == 3


def test_a_thread_watches_until_it_is_over(monkeypatch):
    monkeypatch.setattr(watch, "LOOK", 0.0)
    ports = Ports()
    before = threading.active_count()
    with watching(ports, lambda: True):
        assert ports.seen.wait(10)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_a_text_that_changes_comes_and_goes_is_noticed_once(tmp_path):
    clients = tmp_path / "clients"
    watched = FileWatch(clients)
    assert not watched.changed()
    for text in ("Client 0", "Client 0, 20"):
        clients.write_text(text)
        assert (watched.changed(), watched.changed()) == (True, False)
    clients.unlink()
    assert (watched.changed(), watched.changed()) == (True, False)


def test_names_that_change_are_noticed_once():
    names = ["Piano"]
    watched = ListWatch(lambda: list(names))
    assert not watched.changed()
    names.append("Synth")
    assert (watched.changed(), watched.changed()) == (True, False)
