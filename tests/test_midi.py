"""MIDI systems: which one is taken, ports opened and closed, complaints in one line. No device is opened."""

import os
import sys
import types

import pytest

from livejam.errors import PortError
from livejam.midi import RtMidi, find_driver, find_drivers, hint


class FakeRtMidi:
    """The module rtmidi: systems by number, those that run, and their ports."""

    API_MACOSX_CORE, API_LINUX_ALSA, API_UNIX_JACK, API_WINDOWS_MM, API_RTMIDI_DUMMY = range(1, 6)

    class RtMidiError(Exception):
        """What rtmidi raises."""

    def __init__(self, running, ports=("Piano", "Synth")):
        self.running, self.ports = running, list(ports)
        self.opened = []  # what was done, in order
        self.MidiIn = self.MidiOut = self.make

    def get_compiled_api(self):
        return [self.API_LINUX_ALSA, self.API_UNIX_JACK, self.API_RTMIDI_DUMMY]

    def get_api_display_name(self, api):
        return {self.API_UNIX_JACK: "Jack"}.get(api, f"system {api}")

    def make(self, api, name):
        os.write(2, b"cannot connect to server\n")
        if api not in self.running:
            raise OSError("no server")
        self.opened.append(("client", name))
        return FakeClient(self)


class FakeClient:
    """A client of a MIDI system."""

    def __init__(self, system):
        self._system, self.callback = system, None

    def get_ports(self):
        return list(self._system.ports)

    def set_callback(self, callback):
        self.callback = callback

    def ignore_types(self, **kinds):
        self._system.ignored = kinds

    def send_message(self, message):
        if not self._system.running:
            raise RuntimeError("the port is gone")
        self._system.opened.append(("send", tuple(message)))

    def open_port(self, place, name):
        self._system.opened.append(("port", place, name))

    def open_virtual_port(self, name):
        self._system.opened.append(("virtual", name))

    def cancel_callback(self):
        self.callback = None

    def close_port(self):
        self._system.opened.append(("close",))

    def delete(self):
        pass


@pytest.fixture
def rtmidi(monkeypatch):
    """Install a fake rtmidi in which JACK alone runs."""
    fake = FakeRtMidi({FakeRtMidi.API_UNIX_JACK})
    monkeypatch.setitem(sys.modules, "rtmidi", fake)
    monkeypatch.delenv("MIDO_BACKEND", raising=False)
    monkeypatch.setitem(sys.modules, "jack", None)
    return fake


class FakeJackModule(types.ModuleType):
    """The module jack, with a server that runs or not."""

    class JackError(Exception):
        """What it raises."""

    class JackOpenError(JackError):
        """No server."""

    def __init__(self, running):
        super().__init__("jack")
        self._running = running

    def set_error_function(self, report):
        pass

    set_info_function = set_error_function

    def Client(self, name, no_start_server):
        assert no_start_server
        if not self._running:
            raise self.JackOpenError
        return types.SimpleNamespace(close=lambda: None, get_ports=lambda **kind: [types.SimpleNamespace(name="Harp")])


def install_jack(monkeypatch, running=True):
    """Have JACK-Client installed."""
    monkeypatch.setitem(sys.modules, "jack", FakeJackModule(running))


def test_where_jack_runs_its_own_client_is_taken(rtmidi, monkeypatch):
    install_jack(monkeypatch)
    driver = find_driver()
    assert (driver.name, driver.inputs()) == ("JACK", ["Harp"])
    assert hint([driver]) is None


def test_without_the_package_rtmidi_serves_and_the_hint_says_how_to_do_better(rtmidi):
    drivers = find_drivers()
    assert [driver.name for driver in drivers] == ["Jack"]
    assert "pip install 'livejam[jack]'" in hint(drivers)


def test_a_variable_that_chooses_rtmidi_is_obeyed(rtmidi, monkeypatch):
    install_jack(monkeypatch)
    monkeypatch.setenv("MIDO_BACKEND", "mido.backends.rtmidi/UNIX_JACK")
    driver = find_driver()
    assert driver.name == "Jack"
    assert hint([driver]) is None


def test_alsa_comes_first_unless_jack_is_asked_for(rtmidi, monkeypatch):
    rtmidi.running.add(rtmidi.API_LINUX_ALSA)
    install_jack(monkeypatch)
    assert [driver.name for driver in find_drivers()] == ["system 2", "JACK"]
    assert find_driver().name == "system 2"
    assert find_driver(jack=True).name == "JACK"


def test_jack_that_is_asked_for_but_not_there_says_what_is_missing(rtmidi, monkeypatch):
    with pytest.raises(PortError, match=r"pip install 'livejam\[jack\]'"):
        find_driver(jack=True)
    install_jack(monkeypatch, running=False)
    with pytest.raises(PortError, match="no JACK server is running"):
        find_driver(jack=True)


def test_a_system_that_changes_is_noticed(rtmidi):
    driver = RtMidi(rtmidi, rtmidi.API_UNIX_JACK)
    assert not driver.changed()
    windows = RtMidi(FakeRtMidi({FakeRtMidi.API_WINDOWS_MM}), FakeRtMidi.API_WINDOWS_MM)
    assert not windows.changed()
    windows._rtmidi.ports.append("Harp")
    assert (windows.changed(), windows.changed()) == (True, False)


def test_clocks_are_let_through(rtmidi):
    find_driver().open_input("Synth", print)
    assert rtmidi.ignored == {"sysex": True, "timing": False, "active_sense": True}


def test_the_first_system_that_answers_is_taken(rtmidi):
    driver = find_driver()
    assert (driver.name, driver.virtual, driver.indexed) == ("Jack", True, False)
    assert (driver.inputs(), driver.outputs()) == (["Piano", "Synth"], ["Piano", "Synth"])


def test_what_a_system_prints_while_it_is_looked_for_is_not_shown(rtmidi, capfd):
    find_driver()
    assert capfd.readouterr().err == ""


def test_no_system_is_an_error_that_says_what_would_work(rtmidi):
    rtmidi.running = set()
    with pytest.raises(PortError, match=r"^no MIDI system is running on this machine: .*livejam demo needs n"):
        find_driver()


def test_a_variable_chooses_the_system(rtmidi, monkeypatch):
    rtmidi.running.add(rtmidi.API_LINUX_ALSA)
    assert find_driver().name == "system 2"
    monkeypatch.setenv("MIDO_BACKEND", "mido.backends.rtmidi/UNIX_JACK")
    assert find_driver().name == "Jack"


@pytest.mark.parametrize("name", ["NOPE", "WINDOWS_MM", "RTMIDI_DUMMY"])
def test_a_system_that_is_not_there_is_an_error_that_lists_those_that_are(rtmidi, monkeypatch, name):
    monkeypatch.setenv("MIDO_BACKEND", f"mido.backends.rtmidi/{name}")
    with pytest.raises(PortError, match=f"asks for '{name}'; this rtmidi has LINUX_ALSA, UNIX_JACK"):
        find_driver()


def test_without_rtmidi_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    with pytest.raises(PortError, match=r"MIDI can't be used here: .*libasound2"):
        find_driver()


def test_an_input_is_opened_by_its_name_and_hears(rtmidi):
    heard = []
    port = find_driver().open_input("Synth", heard.append)
    assert rtmidi.opened[-2:] == [("client", "livejam_in"), ("port", 1, "in")]
    port._port.callback(([0x90, 60, 80], 0.1), None)
    assert heard == [[0x90, 60, 80]]
    client = port._port
    port.close()
    assert client.callback is None
    assert rtmidi.opened[-1] == ("close",)


def test_an_output_is_opened_and_sends(rtmidi):
    port = find_driver().open_output("Piano")
    port.send((0x90, 60, 80), 7.5)
    port.close()
    assert rtmidi.opened[-4:] == [("client", "livejam_out"), ("port", 0, "out"), ("send", (0x90, 60, 80)), ("close",)]


def test_without_a_name_a_virtual_port_is_made(rtmidi):
    find_driver().open_output(None)
    assert rtmidi.opened[-1] == ("virtual", "out")
    on_a_mac = RtMidi(FakeRtMidi({FakeRtMidi.API_MACOSX_CORE}), FakeRtMidi.API_MACOSX_CORE)
    assert on_a_mac.virtual_names == ("livejam", "livejam")
    assert not RtMidi(rtmidi, rtmidi.API_WINDOWS_MM).virtual


def test_a_port_that_is_gone_is_named(rtmidi):
    port = find_driver().open_output("Piano")
    rtmidi.running.clear()
    with pytest.raises(PortError, match="can't send to 'Piano': the port is gone"):
        port.send((0x90, 60, 80), 7.5)


def test_a_port_that_refuses_to_open_says_what_may_be_wrong(rtmidi):
    driver = find_driver()
    rtmidi.running.clear()
    with pytest.raises(PortError, match="Jack refuses: no server; is the port in use by another program"):
        driver.open_input("Piano", print)


def test_a_port_that_has_just_gone_is_an_error_too(rtmidi):
    with pytest.raises(PortError, match="refuses: 'Harp' is not in list"):
        find_driver().open_input("Harp", print)
