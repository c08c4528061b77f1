"""The live inbox: order and deadlines. Nothing here waits."""

import threading
import time

from livejam.events import Stop
from livejam.inbox import LiveInbox
from livejam.notes import NoteOff, NoteOn


def test_events_come_in_the_order_of_arrival():
    inbox = LiveInbox()
    inbox.put(1.0, NoteOn(60, 80))
    inbox.put(2.0, NoteOff(60))
    assert inbox.wait(None) == (1.0, NoteOn(60, 80))
    assert inbox.wait(time.monotonic() + 60) == (2.0, NoteOff(60))


def test_a_deadline_that_has_passed_only_looks():
    inbox = LiveInbox()
    assert inbox.wait(time.monotonic()) is None
    inbox.put(1.0, Stop())
    assert inbox.wait(0.0) == (1.0, Stop())


def test_other_threads_may_put():
    inbox = LiveInbox()
    thread = threading.Thread(target=inbox.put, args=(1.0, NoteOn(60, 80)))
    thread.start()
    assert inbox.wait(None) == (1.0, NoteOn(60, 80))
    thread.join()
