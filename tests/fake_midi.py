"""A MIDI system in memory."""

import time

from livejam.errors import PortError


class FakePort:
    """A port that remembers what was sent, and can be played into."""

    gone = False
    ahead = 0.0

    def __init__(self, name, receive=None, on_send=None):
        self.name, self.receive, self.on_send = name, receive, on_send
        self.sent, self.times, self.open = [], [], True

    def send(self, message, at):
        assert self.open
        self.sent.append(message)
        self.times.append(at)
        if self.on_send:
            self.on_send(message)

    def close(self):
        self.open = False


class FakeDriver:
    """A MIDI system in memory."""

    name = "Fake"
    virtual_names = ("livejam_in:in", "livejam_out:out")
    clock = staticmethod(time.monotonic)

    def __init__(self, inputs=(), outputs=(), virtual=True, refuses=(), played=(), on_send=None):
        self._inputs, self._outputs, self.refuses = list(inputs), list(outputs), list(refuses)
        self.running = True  # set to False: the whole system has gone
        self.indexed, self.virtual, self.ports = not virtual, virtual, {}
        self._played, self._on_send = played, on_send  # messages that come in at once; called with what is sent

    def inputs(self):
        return self._list(self._inputs)

    def outputs(self):
        return self._list(self._outputs)

    def plug(self, name):
        """Have a port of that name in both directions."""
        self._inputs.append(name)
        self._outputs.append(name)

    def unplug(self, name):
        """Take it away again, unless it was not there."""
        for names in (self._inputs, self._outputs):
            if name in names:
                names.remove(name)

    def changed(self):
        return True

    def _list(self, names):
        if not self.running:
            raise PortError("Fake is gone")
        return list(names)

    def open_input(self, name, receive):
        port = self._open(("in", name), FakePort(name, receive))
        for message in self._played:
            receive(message)
        return port

    def open_output(self, name):
        return self._open(("out", name), FakePort(name, on_send=self._on_send))

    def _open(self, key, port):
        if key[1] in self.refuses or not self.running:
            raise PortError(f"Fake refuses: {key[1]!r}")
        self.ports[key] = port
        return port
